import Files
import Foundation
import Testing

@testable import CLIPText

@Suite struct ErrorTests {
    @Test func missingFileNamesThePlacesSearched() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("no-such-folder-\(UUID())")
        #expect(throws: CLIPTextError.resourceMissing(name: "merges.txt", searched: [folder.path])) {
            try ResourceFolder.own.read("merges.txt", folders: [folder])
        }
        #expect(ResourceFolder.own.candidates().contains { $0.lastPathComponent == ResourceFolder.own.bundleName })
    }

    @Test func fileThatCannotBeReadIsNamed() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clip-text-\(UUID())")
        let file = folder.appendingPathComponent("merges.txt")
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect {
            try ResourceFolder.own.read("merges.txt", folders: [folder])
        } throws: { error in
            error as? CLIPTextError == .resource(FileFault(file.path, .opening, .folder))
        }
    }

    @Test(arguments: [-1, 0, 1])
    func contextHasToHoldTheFrame(length: Int) {
        #expect(throws: CLIPTextError.contextLengthTooSmall(length)) { try CLIPTokenizer(contextLength: length) }
    }

    @Test(arguments: [
        "[a]\n4g\n", "[a]\n41-40\n", "[a]\n41:\n", "[a]\n-41\n", "[a]\n41,42\n", "[a]\n110000\n", "[a]\n1:2:3\n",
    ])
    func damagedSectionsAreReported(text: String) {
        #expect {
            try DataSections(name: "x.txt", bytes: Array(text.utf8))
        } throws: { error in
            guard case CLIPTextError.resourceMalformed("x.txt", 2, _) = error else { return false }
            return true
        }
    }

    @Test func sectionsHoldTheirItems() throws {
        let data = try DataSections(name: "x.txt", bytes: Array("# note\n[a]\n41-43 50\n[b]\n61:62,63 70-71:1\n".utf8))
        #expect(try data.members("a") == [0x41, 0x42, 0x43, 0x50])
        #expect(try data.mapping("b") == [0x61: [0x62, 0x63], 0x70: [1], 0x71: [1]])
        #expect(throws: CLIPTextError.self) { try data.members("c") }
    }

    @Test func messagesSayWhatToDo() {
        let errors: [CLIPTextError] = [
            .resourceMissing(name: "merges.txt", searched: ["/a", "/b"]),
            .resource(FileFault("/a/merges.txt", .opening, .system(EACCES))),
            .resourceMalformed(name: "merges.txt", line: 7, reason: "expected two known tokens"),
            .contextLengthTooSmall(1),
        ]
        let words = ["/a, /b", "/a/merges.txt", "line 7", "length of 1"]
        for (error, word) in zip(errors, words) { #expect("\(error)".contains(word), "\(error)") }
    }
}
