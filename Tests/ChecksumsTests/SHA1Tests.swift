import Foundation
import Testing

@testable import Checksums

@Suite struct SHA1Tests {
    /// What `sha1sum` and `git hash-object` say of these contents.
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ("hello\n", "f572d396fae9206628714fb2ce00f72e94f2258f", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ]) func namesOfContents(_ text: String, _ plain: String, _ git: String) throws {
        let path = NSTemporaryDirectory() + "blob-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(try SHA1.hexadecimal(ofFile: path) == plain)
        #expect(try SHA1.hexadecimal(ofFile: path, asGitBlob: true) == git)
    }

    @Test func aMissingFileIsNamed() {
        #expect { try SHA1.hexadecimal(ofFile: "/nowhere/at/all") } throws: { "\($0)".contains("/nowhere/at/all") }
    }
}
