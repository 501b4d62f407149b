import Foundation
import LoopbackServer
import Testing

@testable import Transfer

@Suite struct DownloaderTests {
    private static let sample = sampleBytes(3_000_000)
    private let bytes = Self.sample

    /// Every byte, the progress of it, and nothing else beside the file.
    @Test func aWholeFile() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                let path = folder + "/models/a.bin"
                var seen: [Int] = []
                var totals: Set<Int?> = []
                try Downloader(options: Pauses().options()).fetch(
                    server.url("/a.bin"), to: path, sha256: sha256(bytes), size: bytes.count
                ) { done, total in
                    seen.append(done)
                    totals.insert(total)
                }
                #expect(difference(path, bytes) == nil)
                #expect(seen == seen.sorted() && seen.first == 0 && seen.last == bytes.count)
                #expect(totals == [bytes.count])
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/models") == ["a.bin"])
                #expect(server.asked.first?.headers["accept-encoding"] == "identity")
            }
        }
    }

    @Test func aFileThatIsThereIsNotFetched() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                let path = folder + "/a.bin"
                try write(bytes, path)
                try Downloader().fetch(server.url("/a"), to: path, sha256: sha256(bytes))
                try Downloader().fetch(server.url("/a"), to: path, size: bytes.count)
                #expect(server.asked.isEmpty)
                try write([1, 2, 3], path)
                try Downloader().fetch(server.url("/a"), to: path, sha256: sha256(bytes))
                #expect(server.asked.count == 1)
                #expect(difference(path, bytes) == nil)
            }
        }
    }

    @Test func anEmptyFile() throws {
        try withFolder { folder in
            try withServer({ asked, _ in Reply() }) { server in
                try Downloader().fetch(server.url("/a"), to: folder + "/a", sha256: sha256([]), size: 0)
                #expect(contents(folder + "/a") == [])
            }
        }
    }

    /// Three breaks, each continued where it happened, under the tag of the first answer.
    @Test func brokenConnectionsAreContinued() throws {
        try withFolder { folder in
            let pauses = Pauses()
            try withServer({ [bytes] asked, earlier in
                var reply = Reply.file(bytes, to: asked)
                if earlier < 3 { reply.dropsAfter = 400_000 }
                return reply
            }) { server in
                try Downloader(options: pauses.options()).fetch(
                    server.url("/a"), to: folder + "/a", sha256: sha256(bytes))
                #expect(difference(folder + "/a", bytes) == nil)
                #expect(server.asked.map(\.rangeStart) == [nil, 400_000, 800_000, 1_200_000])
                #expect(server.asked.map { $0.headers["if-range"] } == [nil, "\"v1\"", "\"v1\"", "\"v1\""])
                #expect(pauses.seconds == [1, 2, 4])
            }
        }
    }

    /// A file that changes between two tries comes anew, never half and half.
    @Test func aChangedFileStartsAnew() throws {
        try withFolder { folder in
            let changed = sampleBytes(2_000_000, seed: 9)
            try withServer({ [bytes] asked, earlier in
                guard earlier == 0 else { return .file(changed, to: asked, tag: "\"v2\"") }
                var reply = Reply.file(bytes, to: asked)
                reply.dropsAfter = 500_000
                return reply
            }) { server in
                try Downloader(options: Pauses().options()).fetch(server.url("/a"), to: folder + "/a")
                #expect(difference(folder + "/a", changed) == nil)
                #expect(server.asked.count == 2)
            }
        }
    }

    @Test func serversThatRefuseRangesSendAll() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, earlier in
                Reply(body: bytes, dropsAfter: earlier == 0 ? 700_000 : nil)
            }) { server in
                try Downloader(options: Pauses().options()).fetch(
                    server.url("/a"), to: folder + "/a", sha256: sha256(bytes))
                #expect(difference(folder + "/a", bytes) == nil)
                #expect(server.asked.count == 2)
            }
        }
    }

    /// What an earlier call left is continued where a checksum can tell, and given up where it is wrong.
    @Test func earlierPartsAreContinuedOrReplaced() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                let path = folder + "/a"
                try write(Array(bytes[..<1_000_000]), path + ".incomplete")
                try Downloader().fetch(server.url("/a"), to: path, sha256: sha256(bytes))
                #expect(server.asked.map(\.rangeStart) == [1_000_000])
                try write([UInt8](repeating: 7, count: 1_000_000), folder + "/b.incomplete")
                try Downloader().fetch(server.url("/b"), to: folder + "/b", sha256: sha256(bytes))
                #expect(server.asked.map(\.rangeStart) == [1_000_000, 1_000_000, nil])
                try write([UInt8](repeating: 7, count: 1_000_000), folder + "/c.incomplete")
                try Downloader().fetch(server.url("/c"), to: folder + "/c", size: bytes.count)
                #expect(server.asked.count == 4 && server.asked.last?.rangeStart == nil)
                for name in ["a", "b", "c"] { #expect(difference("\(folder)/\(name)", bytes) == nil) }
            }
        }
    }

    /// A part that is longer than the file (416), then all of it.
    @Test func aPartBeyondTheEndStartsAnew() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                try write(sampleBytes(3_000_001), folder + "/a.incomplete")
                try Downloader(options: Pauses().options()).fetch(
                    server.url("/a"), to: folder + "/a", sha256: sha256(bytes))
                #expect(server.asked.map(\.rangeStart) == [3_000_001, nil])
                #expect(difference(folder + "/a", bytes) == nil)
            }
        }
    }

    /// A part that an earlier call brought to its end but did not name: one question (416), and no byte again.
    @Test func aWholePartNeedsOnlyItsName() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                try write(bytes, folder + "/a.incomplete")
                try Downloader(options: Pauses().options()).fetch(
                    server.url("/a"), to: folder + "/a", sha256: sha256(bytes))
                #expect(server.asked.map(\.rangeStart) == [3_000_000])
                #expect(difference(folder + "/a", bytes) == nil)
            }
        }
    }

    @Test func busyServersAreAskedAgainWhenTheyWish() throws {
        try withFolder { folder in
            let pauses = Pauses()
            try withServer({ [bytes] asked, earlier in
                switch earlier {
                case 0: Reply(status: 503)
                case 1: Reply(status: 429, headers: ["Retry-After": "17"])
                default: .file(bytes, to: asked)
                }
            }) { server in
                try Downloader(options: pauses.options()).fetch(server.url("/a"), to: folder + "/a")
                #expect(difference(folder + "/a", bytes) == nil)
                #expect(pauses.seconds == [1, 17])
            }
        }
    }

    /// Eight threads, each with a downloader of its own, as processes would have; one asks the server.
    @Test func oneOfManyDownloads() throws {
        try withFolder { folder in
            try withServer({ [bytes] asked, _ in .file(bytes, to: asked) }) { server in
                let url = try server.url("/a")
                let sum = sha256(bytes)
                let failures = Pauses()
                let note = failures.options().pause
                DispatchQueue.concurrentPerform(iterations: 8) { _ in
                    do { try Downloader().fetch(url, to: folder + "/a", sha256: sum) } catch { note(1) }
                }
                #expect(failures.seconds.isEmpty)
                #expect(server.asked.count == 1)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
            }
        }
    }
}
