import Files
import Foundation
import Testing

@testable import TorchArchive

@Suite struct HostileFileTests {
    private static let pickle = Pickle().op("}").text("w").tensor(count: 2, shape: [2], strides: [1]).op("s").stop()
    private static let data: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]

    /// A checkpoint whose storage's zip record lies as told.
    private func archive(_ scratch: Scratch, _ lies: ZipWriter.Lies) throws -> String {
        var zip = ZipWriter()
        zip.add("r/data.pkl", Self.pickle.bytes)
        zip.add("r/data/0", Self.data, lies: lies)
        return try scratch.file(zip.finish())
    }

    @Test func theHonestArchiveIsRead() throws {
        let scratch = try Scratch()
        #expect(try values("w", of: TorchArchiveFile(path: archive(scratch, .init()))) == [1, 2])
        // With bit 3 the local header may leave the length open.
        #expect(try values("w", of: TorchArchiveFile(path: archive(scratch, .init(localSize: 0, flags: 8)))) == [1, 2])
    }

    @Test func lyingRecordsAreRefused() throws {
        let scratch = try Scratch()
        let lies: [(ZipWriter.Lies, String)] = [
            (.init(localSize: 4), "another length"), (.init(localSize: 0), "another length"),
            (.init(localName: "r/data/1"), "differs"), (.init(localMethod: 8), "differs"),
            (.init(size: 4096), "ends too early"), (.init(size: .max - 1), "ends too early"),
            (.init(size: .max), "64-bit"), (.init(offset: 0), "overlaps"), (.init(offset: 5), "overlaps"),
            (.init(offset: 1 << 30), "does not lie in the file"), (.init(flags: 1), "encrypted"),
            (.init(method: 8), "compressed"), (.init(method: 8, size: 0xFFFF_FFF0), "ends too early"),
        ]
        for (lie, word) in lies {
            let error = try refusal(archive(scratch, lie))
            #expect(error.description.contains(word), "\(lie): \(error)")
        }
    }

    @Test func aCompressedPickleIsRefused() throws {
        let scratch = try Scratch()
        var zip = ZipWriter()
        zip.add("r/data.pkl", Self.pickle.bytes, lies: .init(method: 8))
        let path = try scratch.file(zip.finish())
        #expect(try refusal(path) == .unsupported(path: path, feature: "the compressed zip record \"r/data.pkl\""))
    }

    @Test func compressedRecordsThatAreNotReadDoNoHarm() throws {
        let scratch = try Scratch()
        var zip = ZipWriter()
        zip.add("r/data.pkl", Pickle().op("}").stop().bytes)
        zip.add("r/code/m.py", [1, 2, 3], lies: .init(method: 8))
        #expect(try TorchArchiveFile(path: scratch.file(zip.finish())).kind == .torchScript)
    }

    @Test func directoriesThatCannotBeAreRefused() throws {
        let scratch = try Scratch()
        var zip = ZipWriter()
        zip.add("r/data.pkl", Self.pickle.bytes)
        #expect(try refusal(scratch.file(zip.finish(count: 2))).description.contains("2 records cannot lie"))
        #expect(try refusal(scratch.file(zip.finish(count: 0))).description.contains("bytes follow"))
        #expect(try refusal(scratch.file(zip.finish(directorySize: 1 << 25))).description.contains("does not lie"))
        #expect(try refusal(scratch.file(zip.finish(directorySize: .max - 1))).description.contains("too large"))
        zip.add("r/data.pkl", Self.pickle.bytes)
        #expect(try refusal(scratch.file(zip.finish())).description.contains("occurs twice"))
        var two = ZipWriter()
        two.add("a/data.pkl", Self.pickle.bytes)
        two.add("b/data.pkl", Self.pickle.bytes)
        #expect(try refusal(scratch.file(two.finish())).description.contains("two data.pkl"))
        var other = ZipWriter()
        other.add("word/document.xml", [1])
        #expect(try refusal(scratch.file(other.finish())).description.contains("no data.pkl"))
    }

    @Test func otherFilesAreRefused() throws {
        let scratch = try Scratch()
        #expect(try refusal("/no/such/file.pt") == .file(FileFault("/no/such/file.pt", .opening, .system(ENOENT))))
        #expect(try refusal("/") == .file(FileFault("/", .opening, .folder)))
        for bytes in [[], [0x80], Array("PK".utf8), [UInt8](repeating: 0, count: 400)] {
            guard case .unknownFormat = try refusal(scratch.file(bytes)) else {
                Issue.record("\(bytes.count) bytes are not refused as unknown")
                continue
            }
        }
        var tar = [UInt8](repeating: 0x61, count: 512)
        tar.replaceSubrange(257..<262, with: Array("ustar".utf8))
        #expect(try refusal(scratch.file(tar)).description.contains("PyTorch 0.1"))
    }

    @Test func aNameWithControlCharactersIsQuoted() throws {
        let scratch = try Scratch()
        let pickle = Pickle().global("os\u{1B}[2J", "x").stop()
        let text = try refusal(scratch.archive(pickle)).description
        #expect(!text.contains("\u{1B}"))
    }

    // MARK: Every byte

    /// Opens the file and, where that succeeds, reads every element.
    private func survives(_ path: String) throws -> Bool {
        do {
            let file = try TorchArchiveFile(path: path)
            for name in file.names { _ = try values(name, of: file) }
            return true
        } catch is TorchArchiveError {
            return false
        }
    }

    @Test(arguments: ["legacy.pt", "nested.pt", "training.pt", "script.pt"])
    func aFileCutShortIsRefused(name: String) throws {
        let scratch = try Scratch()
        let whole = try bytes(ofFixture: name)
        let path = try scratch.file(whole)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        #expect(try survives(path))
        for length in stride(from: whole.count - 1, through: 0, by: name == "legacy.pt" ? -1 : -7) {
            try handle.truncate(atOffset: UInt64(length))
            #expect(try !survives(path), "\(length) of \(whole.count) bytes")
        }
    }

    @Test(arguments: ["legacy.pt", "nested.pt", "views.pt"], [0x01, 0x80, 0xFF] as [UInt8])
    func anyByteMayBeWrong(name: String, mask: UInt8) throws {
        let scratch = try Scratch()
        let whole = try bytes(ofFixture: name)
        let path = try scratch.file(whole)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        var survivors = 0
        for place in whole.indices {
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [whole[place] ^ mask])
            if try survives(path) { survivors += 1 }
            try handle.seek(toOffset: UInt64(place))
            try handle.write(contentsOf: [whole[place]])
        }
        // Values and padding may be anything; magic numbers, opcodes and lengths may not.
        #expect(survivors > 0 && survivors < whole.count)
    }
}
