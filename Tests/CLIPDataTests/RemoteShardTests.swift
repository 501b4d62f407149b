import Foundation
import LoopbackServer
import TestSupport
import Testing
import Transfer

@testable import CLIPData

/// Shards on a server of the test's own, honest or not.
@Suite(.timeLimit(.minutes(20)), .serialized) struct RemoteShardTests {
    /// Impatient enough for tests.
    private static func options(attempts: Int = 4) -> DownloadOptions {
        var options = DownloadOptions()
        options.stallTimeout = 1
        options.attempts = attempts
        options.pause = { _ in }
        return options
    }

    private func shard(_ folder: TemporaryFolder, pairs: Int, bytes: Int = 3000) throws -> [UInt8] {
        let writer = try ShardWriter(path: folder.path("s.tar"))
        for index in 0..<pairs {
            let picture = Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) })
            try writer.append(key: "k\(index)", files: [("jpg", picture), ("txt", Data("caption \(index)".utf8))])
        }
        try writer.finish()
        return try [UInt8](Data(contentsOf: folder.url.appendingPathComponent("s.tar")))
    }

    /// All captions of a shard, with the impatient options.
    private func captions(_ url: URL, options: DownloadOptions = options()) throws -> [String] {
        try RemoteShards.$options.withValue(options) {
            let reader = try ShardReader(path: url.absoluteString)
            var captions: [String] = []
            while let sample = try reader.next() {
                captions.append(String(decoding: sample["txt"] ?? Data(), as: UTF8.self))
            }
            return captions + reader.warnings.map { "\($0.problem)" }
        }
    }

    private func failure(_ url: URL) -> String {
        do {
            return "\(try captions(url, options: Self.options(attempts: 2)))"
        } catch {
            return "\(error)"
        }
    }

    @Test func shardsAreStreamedAndResumed() throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 60)
        let server = try TestServer { asked, _ in Reply.file(bytes, to: asked) }
        defer { server.stop() }
        let local = try PairSource(folder.path("s.tar"))
        let remote = try PairSource("\(server.url("/a/s.tar"))?signature={1,1}")
        #expect(remote.shardPaths.count == 2)
        let single = try PairSource("\(server.url("/a/s.tar"))")
        #expect(try single.countPairs() == 60)
        for openShards in [1, 2] {
            var order = SampleOrder(seed: 2, bufferCount: 10)
            order.openShards = openShards
            let options = PairLoaderOptions(batchSize: 16)
            func load(_ source: PairSource, _ cursor: DataCursor) throws -> [PairBatch<[LoadedItem]>] {
                try allBatches(
                    PairLoader(
                        source: source, order: order, resumingAt: cursor, options: options, decode: LoadedItem.decode))
            }
            let expected = try load(local, DataCursor(epoch: 0))
            let streamed = try load(single, DataCursor(epoch: 0))
            #expect(streamed.map(\.content) == expected.map(\.content))
            let earlier = server.asked.count
            #expect(try load(single, streamed[1].cursor).map(\.content) == expected.dropFirst(2).map(\.content))
            // The shard is not read from its beginning again.
            #expect(server.asked.dropFirst(earlier).allSatisfy { ($0.rangeStart ?? 0) > 0 })
        }
    }

    @Test func brokenConnectionsGoOnWhereTheyBroke() throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 100)
        let server = try TestServer { asked, earlier in
            var reply = Reply.file(bytes, to: asked)
            if earlier < 3 { reply.dropsAfter = 70_000 }
            return reply
        }
        defer { server.stop() }
        #expect(try captions(server.url("/s.tar")) == (0..<100).map { "caption \($0)" })
        let starts = server.asked.map { $0.rangeStart ?? 0 }
        #expect(starts == starts.sorted() && Set(starts).count == 4, "\(starts)")
    }

    @Test func serversThatCannotContinueBeginAgain() throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 100)
        let server = try TestServer { _, earlier in
            Reply(body: bytes, dropsAfter: earlier < 2 ? 100_000 * (earlier + 1) : nil)
        }
        defer { server.stop() }
        #expect(try captions(server.url("/s.tar")) == (0..<100).map { "caption \($0)" })
    }

    @Test func failuresNameAddressAndStatus() throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 3)
        let server = try TestServer { asked, _ in
            switch asked.path {
            case "/404.tar": Reply(status: 404)
            case "/403.tar": Reply(status: 403)
            case "/500.tar": Reply(status: 500)
            case "/loop.tar": .redirect("/loop.tar")
            case "/slow.tar": Reply(headers: ["Content-Length": "100000"], body: Array(bytes.prefix(100)), stalls: true)
            case "/long.tar": Reply(headers: ["Content-Length": "\(bytes.count)"], body: Array(bytes.prefix(5000)))
            case "/moved.tar": .redirect("/s.tar")
            default: Reply.file(bytes, to: asked)
            }
        }
        defer { server.stop() }
        for (path, parts) in [
            ("/404.tar", ["404"]), ("/403.tar", ["403"]), ("/500.tar", ["500"]), ("/loop.tar", ["redirected"]),
            ("/slow.tar", ["nothing arrived"]), ("/long.tar", ["failed"]),
        ] {
            let url = try server.url(path)
            let message = failure(url)
            for part in parts + ["\(url)"] { #expect(message.contains(part), "\(message)") }
        }
        #expect(try captions(server.url("/moved.tar")) == (0..<3).map { "caption \($0)" })
        // A secret in the address is not told.
        #expect(!failure(try server.url("/404.tar?signature=secret")).contains("secret"))
    }

    /// A file that ends before its announced length is a truncated shard at the latest when the tries are used up.
    @Test func changedAndShortFilesAreNoticed() throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 60)
        let changing = try TestServer { asked, earlier in
            var reply = Reply.file(bytes, to: asked, tag: "\"v\(earlier)\"")
            reply.dropsAfter = 60_000
            return reply
        }
        defer { changing.stop() }
        #expect(failure(try changing.url("/s.tar")).contains("changed"))
        let short = try TestServer { _, _ in Reply(body: Array(bytes.prefix(50_000))) }
        defer { short.stop() }
        let read = try captions(short.url("/s.tar"))
        #expect(read.last == "truncated")
        #expect(read.count > 5)
        let page = try TestServer { _, _ in Reply(headers: ["Content-Type": "text/html"], body: Array("<html>".utf8)) }
        defer { page.stop() }
        #expect(failure(try page.url("/s.tar")).contains("not a readable tar"))
    }

    /// A reader that stops early does not leave the server with a thread that sends for ever.
    @Test func readingAheadIsBounded() throws {
        let chunk = [UInt8](repeating: 7, count: 64 << 20)
        let server = try TestServer { _, _ in Reply(body: chunk) }
        defer { server.stop() }
        let stream = try RemoteByteStream(server.url("/big"), options: Self.options(), bufferBytes: 1 << 20)
        let first = try #require(try stream.next())
        #expect(first.count <= 1 << 20)
        #expect(stream.totalBytes == 64 << 20)
    }

    /// Who cancels does not wait for a server that has fallen silent, here for the half minute that is usual.
    @Test(arguments: [1, 2]) func cancellingDoesNotWaitForTheServer(openShards: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = try shard(folder, pairs: 60)
        let server = try TestServer { _, _ in
            Reply(headers: ["Content-Length": "\(bytes.count)"], body: Array(bytes.prefix(50_000)), stalls: true)
        }
        defer { server.stop() }
        var order = SampleOrder(seed: 0, isShuffled: false)
        order.openShards = openShards
        let address = try server.url("/s.tar")
        let loader = try PairLoader(
            source: PairSource("\(address)::\(address)"), order: order, resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 4), decode: LoadedItem.decode)
        _ = try loader.next()
        loader.cancel()
        #expect(throws: CLIPDataError.cancelled) { try loader.next() }
        // Nobody came to ask again, as after a time-out.
        #expect(server.asked.count <= 2)
    }

    @Test func addressesAreRecognized() throws {
        let names = try FileList.names("https://a.org/x_{00..02}.tar::file:///tmp/a%20b.tar::http://[::1]:80/c.tar")
        #expect(
            names == [
                ["https://a.org/x_00.tar", "https://a.org/x_01.tar", "https://a.org/x_02.tar"], ["/tmp/a b.tar"],
                ["http://[::1]:80/c.tar"],
            ])
        for name in ["pipe:curl x", "ftp://a/x.tar", "https://", "file://other.org/x.tar", "gopher://x/{0..1}.tar"] {
            #expect(throws: CLIPDataError.self, "\(name)") { try FileList.names(name) }
        }
        #expect(PairSource.kind(of: "https://a.org/x.tar?signature=1.csv") == .shards)
    }
}
