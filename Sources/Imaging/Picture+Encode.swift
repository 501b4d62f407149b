import CVips
import Foundation

/// How a picture is written.
public enum PictureEncoding: Sendable, Equatable {
    /// Lossless; compression 0 (fast, large) to 9.
    case png(compression: Int)
    /// Quality 1...100, colors at full resolution (4:4:4).
    case jpeg(quality: Int)
    /// Quality 1...100.
    case webp(quality: Int)
    /// WebP that gives the same pixels back.
    case webpLossless

    /// The usual file name extension, without the dot.
    public var fileExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        case .webp, .webpLossless: "webp"
        }
    }
}

extension Picture {
    /// The picture as a whole file's bytes, with no metadata in it: the same picture gives the same bytes.
    ///
    /// - Throws: ``ImagingError/failed(operation:detail:)``, for instance for a WebP wider than 16,383 pixels.
    public func encoded(as encoding: PictureEncoding) throws -> Data {
        try Vips.start()
        return try pixels.withUnsafeBytes { source in
            let image = VipsPicture(cv_wrap(source.baseAddress, Int32(width), Int32(height)))
            guard let image else { throw Self.failure("encoding") }
            var count = 0
            let bytes: UnsafeMutableRawPointer? =
                switch encoding {
                case .png(let compression):
                    cv_encode_png(image.pointer, Int32(min(max(compression, 0), 9)), &count)
                case .jpeg(let quality):
                    cv_encode_jpeg(image.pointer, Int32(min(max(quality, 1), 100)), &count)
                case .webp(let quality):
                    cv_encode_webp(image.pointer, Int32(min(max(quality, 1), 100)), 0, &count)
                case .webpLossless:
                    cv_encode_webp(image.pointer, 75, 1, &count)
                }
            guard let bytes else { throw Self.failure("encoding as \(encoding.fileExtension)") }
            defer { g_free(bytes) }
            return Data(bytes: bytes, count: count)
        }
    }

    /// The picture with its shortest side reduced to `shortestSide` pixels (Lanczos-3), its shape kept. Never enlarges.
    ///
    /// For storing; a model's own resizing belongs to its preprocessing.
    ///
    /// - Throws: ``ImagingError/failed(operation:detail:)``.
    public func resizedForStorage(shortestSide: Int) throws -> Picture {
        let shortest = min(width, height)
        guard shortestSide > 0, shortest > shortestSide else { return self }
        try Vips.start()
        func scaled(_ side: Int) -> Int { max(1, (side * shortestSide + shortest / 2) / shortest) }
        let horizontal = Double(scaled(width)) / Double(width)
        let vertical = Double(scaled(height)) / Double(height)
        return try pixels.withUnsafeBytes { source in
            guard let image = VipsPicture(cv_wrap(source.baseAddress, Int32(width), Int32(height))),
                let small = VipsPicture(cv_resize(image.pointer, horizontal, vertical)),
                let samples = small.samples()
            else { throw Self.failure("resizing") }
            return try Picture(width: small.width, height: small.height, pixels: samples, name: name)
        }
    }

    static func failure(_ operation: String) -> ImagingError {
        .failed(operation: operation, detail: Vips.takeError())
    }
}
