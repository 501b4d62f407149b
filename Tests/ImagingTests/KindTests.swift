import Foundation
import Testing

@testable import Imaging

/// Every kind that a format knows: its colors are right, or it is refused by its name.
@Suite struct KindTests {
    struct Kind: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let width: Int?
        let height: Int?
        let offset: Int?
        let alpha: String?
        let tolerance: Int?
        let refusal: String?
        let bomb: Bool?

        var testDescription: String { alpha.map { "\(file) (\($0))" } ?? file }
    }

    static let folder = Fixture.folder.appendingPathComponent("kinds")

    static let all: [Kind] = {
        let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json"))
        return data.flatMap { try? JSONDecoder().decode([Kind].self, from: $0) } ?? []
    }()

    private static let expected = (try? [UInt8](Data(contentsOf: folder.appendingPathComponent("expected.bin")))) ?? []

    @Test func everyFormatIsThere() {
        for start in ["tiff", "png", "jpeg", "icc", "bmp", "pnm", "ico", "jp2", "gif", "webp", "avif", "heic", "raw"] {
            #expect(Self.all.contains { $0.file.hasPrefix(start + "-") }, "no kind starts with \(start)")
        }
    }

    @Test(arguments: all.filter { $0.offset != nil }) func itsColorsAreRight(_ kind: Kind) throws {
        let options = DecodeOptions(alpha: kind.alpha == "drop" ? .dropLikePillow : .flattenOnWhite)
        let picture = try Picture.read(path: Self.folder.appendingPathComponent(kind.file).path, options: options)
        try #require(picture.width == kind.width && picture.height == kind.height)
        let expected = Self.expected[(try #require(kind.offset))...].prefix(picture.pixels.count)
        try #require(expected.count == picture.pixels.count)
        var worst = (index: 0, difference: 0)
        for (index, (found, right)) in zip(picture.pixels, expected).enumerated() {
            let difference = abs(Int(found) - Int(right))
            if difference > worst.difference { worst = (index, difference) }
        }
        let pixel = worst.index / 3
        #expect(
            worst.difference <= kind.tolerance ?? 0,
            "\(worst.difference) levels off at x \(pixel % picture.width), y \(pixel / picture.width), band \(worst.index % 3)"
        )
    }

    @Test(arguments: all.filter { $0.refusal != nil }) func itIsRefusedByItsName(_ kind: Kind) throws {
        let path = Self.folder.appendingPathComponent(kind.file).path
        let error = #expect(throws: ImagingError.self) { try Picture.read(path: path) }
        guard case .unsupported(let name, let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name == path && detail.contains(kind.refusal ?? "?"), "\(detail)")
        #expect(error?.kind == .badData)
    }

    /// Tiny files that announce 60,000 × 60,000 pixels are refused by what their header says.
    @Test(arguments: all.filter { $0.bomb == true }) func bombsAreRefusedAtOnce(_ kind: Kind) throws {
        let path = Self.folder.appendingPathComponent(kind.file).path
        let error = #expect(throws: ImagingError.self) { try Picture.read(path: path) }
        guard case .tooMuchMemory(path, let width, let height, let bytes, DecodeOptions.defaultMemoryLimit) = error
        else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(width >= 16383 && height >= 16383 && bytes > DecodeOptions.defaultMemoryLimit)
    }

    /// Cut anywhere, or with bytes changed: a picture or a typed error, and no crash.
    @Test(arguments: Set(all.map(\.file)).sorted()) func damageIsNoCrash(_ file: String) throws {
        let whole = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(file)))
        var state: UInt64 = 11
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<10 {
            var bytes = whole
            if round % 2 == 0 { bytes.removeLast(random(bytes.count)) }
            for _ in 0..<round where !bytes.isEmpty { bytes[random(bytes.count)] = UInt8(random(256)) }
            do {
                let picture = try Picture.decode(bytes, name: file, options: .init(memoryLimit: 1 << 22))
                #expect(picture.pixels.count == picture.width * picture.height * 3)
            } catch {
                #expect(error is ImagingError, "\(file): \(error)")
            }
        }
    }
}
