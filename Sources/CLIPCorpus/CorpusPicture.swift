import Files
import Foundation
import Imaging

/// A candidate's picture, read, judged and stored.
struct CorpusPicture: Sendable {
    let width: Int
    let height: Int
    /// The stored file.
    let data: Data
    let hash: PerceptualHash
    /// Mean colors over 16 x 16 cells, `[16, 16, 3]`: tells apart what the colorblind hash does not.
    let thumbnail: [UInt8]
    /// FNV-1a over the size and the pixels before they are reduced.
    let fingerprint: UInt64

    /// Reads and judges; the error is the reason to drop the picture.
    static func load(
        _ origin: CorpusCandidate.Origin, size: Int, encoding: PictureEncoding
    ) -> Result<CorpusPicture, DropError> {
        do {
            var picture = try read(origin)
            let trimmed = try picture.trimmedOfWhite()
            if shapeComplaint(trimmed) == nil { picture = trimmed }
            if let reason = shapeComplaint(picture) { return .failure(DropError(reason: reason)) }
            // Compared at one size whatever size is stored, so that every build keeps and splits the same pictures.
            let small = try picture.resizedForStorage(shortestSide: 64)
            if isBlank(small) { return .failure(DropError(reason: .blank)) }
            let stored = try picture.resizedForStorage(shortestSide: size)
            return .success(
                CorpusPicture(
                    width: stored.width, height: stored.height, data: try stored.encoded(as: encoding),
                    hash: PerceptualHash(small),
                    thumbnail: small.averaged(columns: 16, rows: 16).map { UInt8(min(max($0, 0), 255)) },
                    fingerprint: fingerprint(picture)))
        } catch {
            return .failure(DropError(reason: .unreadable))
        }
    }

    struct DropError: Error { let reason: CorpusDropReason }

    private static func read(_ origin: CorpusCandidate.Origin) throws -> Picture {
        switch origin {
        case .file(let path, let drawing):
            do {
                // Twenty megapixels with transparency: seven bytes each.
                return try Picture.read(path: path, options: DecodeOptions(memoryLimit: 20_000_000 * 7))
            } catch ImagingError.tooMuchMemory {
                guard let drawing else { throw DropError(reason: .unreadable) }
                return try read(.drawing(drawing))
            }
        case .drawing(let path):
            let bytes = (try? WholeFile.data(path, limit: 1 << 28)) ?? Data()
            // Drawn large, so that enough is left after trimming.
            return try Picture.renderSVG(bytes, name: path, shortestSide: 512)
        case .bytes(let data):
            return try Picture.decode(data, name: "packed", options: DecodeOptions(memoryLimit: 20_000_000 * 7))
        case .drawingBytes(let data): return try Picture.renderSVG(data, name: "packed", shortestSide: 512)
        case .glyph(let text, let fontFile):
            let picture = try Picture.rendering(text: text, font: "Noto Color Emoji 96", fontFile: fontFile)
            // Every bitmap of the font has one shape; another means that the sequence fell apart into several.
            guard Double(picture.width) < 1.5 * Double(picture.height) else {
                throw DropError(reason: .unreadable)
            }
            return picture
        }
    }

    /// Why a picture of this size is of no use, or nil.
    static func shapeComplaint(_ picture: Picture) -> CorpusDropReason? {
        let (shortest, longest) = (min(picture.width, picture.height), max(picture.width, picture.height))
        if longest < 24 || shortest < 8 { return .tooSmall }
        return longest > 4 * shortest ? .extremeShape : nil
    }

    /// Whether hardly anything stands out from the rest.
    static func isBlank(_ picture: Picture) -> Bool {
        let cells = picture.averaged(columns: 24, rows: 24)
        let spreads = (0..<3).map { channel -> Double in
            let values = stride(from: channel, to: cells.count, by: 3).map { cells[$0] }
            return (values.max() ?? 0) - (values.min() ?? 0)
        }
        return (spreads.max() ?? 0) < 16
    }

    static func fingerprint(_ picture: Picture) -> UInt64 {
        var hash = StableHash()
        hash.add(UInt64(picture.width))
        hash.add(UInt64(picture.height))
        picture.pixels.withUnsafeBufferPointer { for byte in $0 { hash.add(byte) } }
        return hash.value
    }
}

/// FNV-1a, 64 bits: the same number in every run and on every machine, unlike Swift's own hashing.
struct StableHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0100_0000_01B3 }

    mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    static func of(_ text: String) -> UInt64 {
        var hash = StableHash()
        for byte in text.utf8 { hash.add(byte) }
        return hash.value
    }
}
