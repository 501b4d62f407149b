import Foundation
import Testing

@testable import Checksums

@Suite struct GitBlobTests {
    /// What `git hash-object` says of these contents.
    @Test(arguments: [
        ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ]) func namesOfContents(_ text: String, _ expected: String) throws {
        let path = NSTemporaryDirectory() + "blob-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(try GitBlob.hexadecimal(ofFile: path) == expected)
    }

    @Test func aMissingFileIsNamed() {
        #expect { try GitBlob.hexadecimal(ofFile: "/nowhere/at/all") } throws: { "\($0)".contains("/nowhere/at/all") }
    }
}
