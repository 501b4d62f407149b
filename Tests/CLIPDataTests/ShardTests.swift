import CLIPData
import Foundation
import Testing

@Suite struct ShardTests {
    @Test func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.tar")
        let long = String(repeating: "x", count: 180)
        let names = ["000", "sub/001", "Katze-Ä-猫", long, "a.b/c"]
        let writer = try ShardWriter(path: path)
        for (index, key) in names.enumerated() {
            try writer.append(
                key: key,
                files: [
                    ("jpg", Data(repeating: UInt8(index), count: 700 * index)),
                    ("txt", Data("caption \(index)".utf8)),
                ])
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.finish()
        #expect(try folder.contents() == ["a.tar"])
        let reader = try ShardReader(path: path)
        var keys: [String] = []
        while let sample = try reader.next() {
            let index = keys.count
            keys.append(sample.key)
            #expect(sample.files.map(\.fileExtension) == ["jpg", "txt"])
            #expect(sample["jpg"] == Data(repeating: UInt8(index), count: 700 * index))
            #expect(sample["txt"] == Data("caption \(index)".utf8))
        }
        #expect(keys == names)
        #expect(reader.warnings.isEmpty)
    }
}
