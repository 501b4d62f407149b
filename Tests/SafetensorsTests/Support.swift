import Foundation
import Testing

@testable import Safetensors

/// A folder that goes with the test.
final class Scratch {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "safetensors-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String = "file.safetensors") -> String { folder.appending(path: name).path }

    func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

    /// A file of this header and this many zero bytes of data; `length` overrides the true length of the header.
    func file(_ header: [UInt8], data: Int = 0, length: UInt64? = nil) throws -> String {
        let prefix = withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian, Array.init)
        let path = path("\(UUID().uuidString).safetensors")
        try Data(prefix + header + [UInt8](repeating: 0, count: data)).write(to: URL(filePath: path))
        return path
    }

    func file(_ header: String, data: Int = 0, length: UInt64? = nil) throws -> String {
        try file(Array(header.utf8), data: data, length: length)
    }
}

/// The description of the error that opening the file throws.
func refusal(_ path: String) throws -> String {
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    return try #require(error).description
}

/// What `Fixtures/make_fixtures.py` wrote, as told by its list.
struct Reference: Decodable {
    struct Tensor: Decodable {
        let name: String
        let dtype: String
        let shape: [Int]
        let bytes: [UInt8]
    }

    let metadata: [String: String]
    let tensors: [Tensor]

    static func url(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
    }

    static func load() throws -> Reference {
        try JSONDecoder().decode(Reference.self, from: Data(contentsOf: url("expected.json")))
    }
}
