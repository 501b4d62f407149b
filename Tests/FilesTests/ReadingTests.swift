import Files
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct ReadingTests {
    @Test func aFileIsReadWholeWithinItsBound() throws {
        let scratch = try Scratch()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 31 >> 3) }
        let path = scratch.path("file")
        try WholeFile.write(bytes, to: path)
        #expect(try WholeFile.bytes(path, limit: bytes.count) == bytes)
        #expect(try WholeFile.data(path, limit: bytes.count) == Data(bytes))
        let found = fault { _ = try WholeFile.bytes(path, limit: bytes.count - 1) }
        #expect(found == FileFault(path, .reading, .tooLarge(bytes: bytes.count, limit: bytes.count - 1)))
        #expect(found?.reason == "300000 bytes are more than the limit of 299999")
        #expect(try WholeFile.bytes(scratch.file("empty", ""), limit: 0).isEmpty)
    }

    @Test func whatIsNoRegularFileIsRefusedWithoutWaiting() throws {
        let scratch = try Scratch()
        try #require(mkfifo(scratch.path("pipe"), 0o600) == 0)
        let expected: [(String, FileFault.Cause)] = [
            (scratch.path("pipe"), .notRegular), ("/dev/zero", .notRegular), (scratch.folder, .folder),
            (scratch.path("none"), .system(ENOENT)), ("", .badName), ("a\0b", .badName),
        ]
        for (path, cause) in expected {
            #expect(fault { _ = try WholeFile.bytes(path, limit: 10) } == FileFault(path, .opening, cause))
            #expect(fault { _ = try WholeFile.data(path, limit: 10) } == FileFault(path, .opening, cause))
            #expect(fault { _ = try MappedFile(path: path, leastLength: 1) } == FileFault(path, .opening, cause))
        }
    }

    @Test func aPipeIsReadToItsEndWhereThatIsAllowed() throws {
        let scratch = try Scratch()
        let path = scratch.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        let text = String(repeating: "line\n", count: 50_000)
        for limit in [text.utf8.count, text.utf8.count - 1] {
            Thread.detachNewThread {
                // Whoever reads may go before all is written.
                signal(SIGPIPE, SIG_IGN)
                try? WholeFile.write(text, to: path)
            }
            if limit == text.utf8.count {
                #expect(try WholeFile.data(path, limit: limit, allowingPipes: true) == Data(text.utf8))
            } else {
                let found = fault { _ = try WholeFile.data(path, limit: limit, allowingPipes: true) }
                #expect(found == FileFault(path, .reading, .tooLarge(bytes: nil, limit: limit)))
            }
        }
        #expect(try WholeFile.bytes("/dev/null", limit: 0, allowingPipes: true).isEmpty)
        #expect(fault { _ = try WholeFile.bytes("/dev/zero", limit: 100, allowingPipes: true) } != nil)
        #expect(fault { _ = try WholeFile.bytes(scratch.folder, limit: 10, allowingPipes: true) }?.cause == .folder)
    }

    #if os(Linux)
    @Test func filesThatDoNotSayTheirSizeAreRead() throws {
        #expect(try !WholeFile.bytes("/proc/self/stat", limit: 1 << 16).isEmpty)
        #expect(
            fault { _ = try WholeFile.bytes("/proc/self/stat", limit: 3) }?.cause == .tooLarge(bytes: nil, limit: 3))
    }
    #endif

    @Test func piecesMakeTheWhole() throws {
        let scratch = try Scratch()
        let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
        try WholeFile.write(bytes, to: scratch.path("file"))
        let file = try FileReader(scratch.path("file"))
        #expect(file.size == bytes.count)
        var found: [UInt8] = []
        try file.seek(to: 10)
        try file.forEachPiece { found += $0 }
        #expect(found == Array(bytes[10...]))
        #expect(try file.bytes(at: 2_499_990, count: 10) == Array(bytes[2_499_990...]))
        #expect(try file.bytes(at: 2_499_990, count: 20) == Array(bytes[2_499_990...]))
    }

    @Test func aMappingHoldsTheFilesBytesAndNeverChangesThem() throws {
        let scratch = try Scratch()
        let path = try scratch.file("file", "mapped")
        let mapping = try MappedFile(path: path, leastLength: 6)
        let bytes = MappedBytes(owner: mapping, range: 1..<3)
        #expect(Array(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count)) == Array("ap".utf8))
        bytes.baseAddress.storeBytes(of: 0, as: UInt8.self)
        #expect(try scratch.text("file") == "mapped")
        let found = fault { _ = try MappedFile(path: path, leastLength: 7) }
        #expect(found == FileFault(path, .mapping, .tooShort(bytes: 6)))
    }

    @Test func everyFaultSaysWhatWasWrongInOneLine() {
        let causes: [FileFault.Cause] = [
            .system(ENOENT), .system(EACCES), .system(ENOSPC), .system(EDQUOT), .system(EFBIG), .system(EIO), .folder,
            .notAFolder, .notRegular, .tooLarge(bytes: 5, limit: 4), .tooLarge(bytes: nil, limit: 4),
            .tooShort(bytes: 3),
            .badName,
        ]
        for cause in causes {
            for operation in [FileFault.Operation.opening, .writing] {
                let fault = FileFault("folder/file", operation, cause)
                #expect(fault.description.hasPrefix("folder/file: "))
                #expect(!fault.description.contains("\n") && !fault.reason.isEmpty)
                #expect(fault.isFull == [ENOSPC, EDQUOT, EFBIG].contains(fault.code))
            }
        }
        #expect(FileFault("p", .opening, .system(EMFILE)).description.hasPrefix("p: opening failed: "))
        #expect(FileFault("p", .opening, .system(EACCES)).isDenied)
        #expect(FileFault.system("p", .opening, EISDIR).cause == .folder)
    }
}
