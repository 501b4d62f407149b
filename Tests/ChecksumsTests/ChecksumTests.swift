import Foundation
import Testing

@testable import Checksums

@Suite struct ChecksumTests {
    /// The example of FIPS 180-4 for three letters, and the digest of nothing.
    @Test(arguments: [
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ]) func sha256OfKnownText(_ text: String, _ expected: String) {
        var digest = SHA256()
        digest.update(text.utf8)
        #expect(digest.hexadecimal() == expected)
    }

    @Test func sha256OfAFileEqualsThatOfItsBytes() throws {
        let path = NSTemporaryDirectory() + "checksum-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var digest = SHA256()
        digest.update(bytes)
        let expected = digest.hexadecimal()
        var seen = 0
        #expect(try SHA256.hexadecimal(ofFile: path, progress: { seen = $0 }) == expected)
        #expect(seen == bytes.count)
    }

    @Test func aMissingFileIsNamed() {
        #expect { try SHA256.hexadecimal(ofFile: "/nowhere/at/all") } throws: { "\($0)".contains("/nowhere/at/all") }
    }

    /// The reference value of xxHash's own sanity check for empty input with seed 0.
    @Test func contentHashOfNothing() {
        #expect(ContentHash().hexadecimal() == "99aa06d3014798d86001c324468d497f")
    }

    @Test func contentHashTellsWhereTextsEnd() {
        func hash(_ texts: [String]) -> String {
            var hash = ContentHash()
            for text in texts { hash.update(text) }
            return hash.hexadecimal()
        }
        #expect(hash(["ab", "c"]) != hash(["a", "bc"]))
        #expect(hash(["ab", "c"]) == hash(["ab", "c"]))
    }
}
