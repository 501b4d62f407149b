import Files
import Foundation
import Testing

/// A clone without its large files: a few lines in place of each.
@Suite struct PointerTests {
    private static let lfs = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 605157884

        """

    @Test(
        arguments: [
            (lfs, .pointer(.gitLFS, bytes: 605_157_884)),
            (lfs.replacingOccurrences(of: "\n", with: "\r\n"), .pointer(.gitLFS, bytes: 605_157_884)),
            ("version https://hawser.github.com/spec/v1\noid sha256:0\nsize 5\n", .pointer(.gitLFS, bytes: 5)),
            ("version https://git-lfs.github.com/spec/v1\n", .pointer(.gitLFS, bytes: nil)),
            ("/annex/objects/SHA256E-s30--ab.bin\n", .pointer(.gitAnnex, bytes: nil)),
        ] as [(String, FileFault.Cause)])
    func everyReaderRefusesAPointer(_ text: String, _ cause: FileFault.Cause) throws {
        let scratch = try Scratch()
        let path = try scratch.file("weights.safetensors", text)
        #expect(fault { _ = try WholeFile.bytes(path, limit: 4096) } == FileFault(path, .reading, cause))
        #expect(fault { _ = try WholeFile.data(path, limit: 4096) } == FileFault(path, .reading, cause))
        let found = fault { _ = try MappedFile(path: path, leastLength: 8) }
        #expect(found == FileFault(path, .mapping, cause))
        #expect(found?.kind == .missingInput && found?.isPointer == true)
    }

    @Test func itSaysWhatIsNotThere() throws {
        let scratch = try Scratch()
        let path = try scratch.file("a", Self.lfs)
        let found = fault { _ = try WholeFile.bytes(path, limit: 4096) }
        #expect(found?.description.contains("Git LFS pointer, and the file of 605157884 bytes") == true)
    }

    /// A text that speaks of pointers, or a long one, stands for itself.
    @Test(arguments: [" " + lfs, "version https://git-lfs", lfs + String(repeating: "#", count: 1024), "/annex", ""])
    func otherFilesAreRead(_ text: String) throws {
        let scratch = try Scratch()
        #expect(try WholeFile.bytes(scratch.file("a", text), limit: 4096) == Array(text.utf8))
    }
}
