import CLIP
import Foundation
import Imaging
import TestSupport
import Testing
import Torch

/// Small models and pictures.
enum Fixture {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/CLIPTests/Fixtures"

    /// A model directory with random weights and CLIP's whole vocabulary.
    static let model = folder + "/models/words"
    /// One of another architecture.
    static let otherModel = folder + "/models/quick"
    static let photo = picture("photo.jpg")
    static func picture(_ name: String) -> String { folder + "/pictures/" + name }

    /// A picture of one of Pillow's modes.
    static func transparent(_ name: String) -> String { folder + "/transparency/" + name }

    /// A tiny model, or one of its files, of a family that other projects publish.
    static func family(_ path: String) -> String { folder + "/families/" + path }

    static func pretrained() throws -> CLIPModel { try ModelCatalog.description(of: model).loaded() }

    /// The option that names it.
    static let named = ["--model", model]
    /// The options that answer with it, on one thread.
    static let options = ["--model", model, "--threads", "1"]

    /// A copy of the model whose files a test may change.
    static func copy(to path: String) throws -> ModelDirectory {
        try FileManager.default.copyItem(atPath: model, toPath: path)
        return ModelDirectory(path)
    }

    static func write(_ bytes: some Sequence<UInt8>, to path: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A plain picture in a file.
    static func writePicture(width: Int, height: Int, to path: String) throws -> String {
        let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        return try write(
            Picture(width: width, height: height, pixels: pixels).encoded(as: .png(compression: 6)), to: path)
    }

    /// A PNG that announces any size, followed by next to nothing.
    static func pngHeader(width: UInt32, height: UInt32) -> [UInt8] {
        func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(name.utf8) + data
            return big(UInt32(data.count)) + body + big(checksum(body))
        }
        let header = big(width) + big(height) + [8, 2, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
            + chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]) + chunk("IEND", [])
    }

    /// CRC-32 as PNG's specification, annex D, has it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        }
    }

    /// A launcher under which permission bits bind, which they do not for root.
    static func boundByPermissions(_ unreadable: String) throws -> [String] {
        if FileManager.default.contents(atPath: unreadable) == nil { return [] }
        let launcher = ["/usr/bin/setpriv", "/bin/setpriv"].first(where: FileManager.default.isExecutableFile)
        let path = try #require(launcher, "run the tests as another user than root, or install setpriv")
        return [path, "--bounding-set=-dac_override,-dac_read_search"]
    }
}

/// A float32 array of NumPy's format 1.0, read back.
struct NumPyArray {
    let shape: [Int]
    let values: [Float]

    init(_ path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try #require(bytes.prefix(8).elementsEqual([0x93] + Array("NUMPY".utf8) + [1, 0]))
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        let header = String(decoding: bytes[10..<start], as: UTF8.self)
        #expect(header.contains("'descr': '<f4'") && header.contains("'fortran_order': False"))
        let open = try #require(header.firstIndex(of: "("))
        let close = try #require(header.firstIndex(of: ")"))
        shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        let count = shape.reduce(1, *)
        try #require(bytes.count == start + count * 4)
        values = bytes[start...].withUnsafeBytes { raw in
            (0..<count).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
    }
}

/// Expects numbers within a tolerance, naming the worst.
func expectNear(
    _ found: [Double], _ expected: [Double], _ tolerance: Double, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    let differences = zip(found, expected).map { $0.isFinite && $1.isFinite ? abs($0 - $1) : .infinity }
    guard let worst = differences.indices.max(by: { differences[$0] < differences[$1] }) else { return }
    #expect(
        differences[worst] <= tolerance, "worst at \(worst): \(found[worst]) where \(expected[worst]) is expected",
        sourceLocation: sourceLocation)
}
