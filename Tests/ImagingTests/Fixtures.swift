import Foundation
import Testing

@testable import Imaging

/// The pictures that Fixtures/make.py wrote, each with the bytes Pillow decodes it to.
struct Fixture: Decodable, Sendable, CustomTestStringConvertible {
    let file: String
    let width: Int
    let height: Int
    let offset: Int
    let alpha: String

    var testDescription: String { "\(file) (\(alpha))" }

    var options: DecodeOptions {
        DecodeOptions(alpha: alpha == "drop" ? .dropLikePillow : .flattenOnWhite)
    }

    static let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")

    static let all: [Fixture] = {
        let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json"))
        return data.flatMap { try? JSONDecoder().decode([Fixture].self, from: $0) } ?? []
    }()

    static let expected = (try? [UInt8](Data(contentsOf: folder.appendingPathComponent("expected.bin")))) ?? []

    static func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

    static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
    }

    var pixels: ArraySlice<UInt8> { Self.expected[offset..<(offset + width * height * 3)] }
}

/// A temporary folder, removed with the value's owner.
final class Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = url.appendingPathComponent(name)
        try Data(bytes).write(to: path)
        return path.path
    }
}

/// A picture with slow and fast changes in it.
func scene(_ width: Int, _ height: Int) throws -> Picture {
    let pixels = (0..<(width * height)).flatMap { index -> [UInt8] in
        let (x, y) = (index % width, index / width)
        let inside = (x - width / 2) * (x - width / 2) + (y - height / 3) * (y - height / 3) < width * height / 16
        return inside ? [220, 30, 60] : [UInt8(x * 255 / width), UInt8(y * 255 / height), 128]
    }
    return try Picture(width: width, height: height, pixels: pixels)
}
