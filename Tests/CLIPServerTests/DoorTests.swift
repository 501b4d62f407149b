import AsyncHTTPClient
import CLIPSearch
import Foundation
import LoopbackServer
import NIOCore
import Testing

@testable import CLIPServer

/// Who is answered, how long, and what a stranger cannot do.
@Suite struct DoorTests {
    @Test func keysAreAskedFor() async throws {
        var configuration = ServerConfiguration()
        configuration.keys = ["first", "second"]
        try await withServer(configuration, ownKey: "own") { server in
            for path in ["/", "/health", "/ping"] { #expect(try await server.get(path).status == 200, "\(path)") }
            for path in ["/v1/models", "/metrics", "/openapi.json", "/indices-list"] {
                let answer = try await server.get(path)
                #expect(answer.status == 401 && answer.headers.first(name: "WWW-Authenticate") == "Bearer", "\(path)")
            }
            for key in ["first", "second", "own"] {
                #expect(try await server.get("/v1/models", headers: [("Authorization", "Bearer \(key)")]).status == 200)
            }
            for header in ["Bearer third", "Bearer", "Basic first", "Bearer firs", "first"] {
                #expect(try await server.get("/v1/models", headers: [("Authorization", header)]).status == 401)
            }
        }
    }

    @Test func otherNamesAndPagesAreTurnedAway() async throws {
        var configuration = ServerConfiguration()
        configuration.names = ["photos.example"]
        configuration.origins = ["https://good.example"]
        try await withServer(configuration) { server in
            #expect(try await server.get("/health", headers: [("Host", "evil.example")]).code == "name_not_allowed")
            #expect(try await server.get("/health", headers: [("Host", "photos.example:80")]).status == 200)
            #expect(try await server.get("/health", headers: [("Host", "localhost")]).status == 200)
            let evil = try await server.post(
                "/v1/embeddings", ["input": "a"], headers: [("Origin", "https://evil.example")])
            #expect(evil.code == "origin_not_allowed" && evil.headers.first(name: "Access-Control-Allow-Origin") == nil)
            let good = try await server.post(
                "/v1/embeddings", ["input": "a"], headers: [("Origin", "https://good.example")])
            #expect(good.status == 200)
            #expect(good.headers.first(name: "Access-Control-Allow-Origin") == "https://good.example")
            let refused = try await server.post("/v1/embeddings", [:], headers: [("Origin", "https://good.example")])
            #expect(refused.status == 400)
            #expect(refused.headers.first(name: "Access-Control-Allow-Origin") == "https://good.example")
            let asked = try await server.send(
                .OPTIONS, "/v1/embeddings", headers: [("Origin", "https://good.example")])
            #expect(asked.status == 204 && asked.headers.first(name: "Access-Control-Allow-Headers") != nil)
            // The server's own page.
            #expect(try await server.get("/v1/models", headers: [("Origin", server.address)]).status == 200)
        }
    }

    @Test func thePageIsClosedToOthers() async throws {
        try await withServer { server in
            let page = try await server.get("/")
            let policy = try #require(page.headers.first(name: "Content-Security-Policy"))
            #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"))
            #expect(!policy.contains("unsafe"))
            #expect(page.headers.first(name: "X-Content-Type-Options") == "nosniff")
            #expect(!page.text.contains("http://") && !page.text.contains("https://"))
            #expect(!page.text.contains("style=\"") && !page.text.contains(" onclick"))
            // What it refers to is there.
            for match in page.text.matches(of: /(?:src|href)="\/?(page\/[^"]+)"/) {
                #expect(try await server.get("/\(match.1)").status == 200, "\(match.1)")
            }
            for path in ["/page/../openapi.json", "/page/..%2Fopenapi.json", "/page/%2Fetc%2Fpasswd", "/page/none.js"] {
                #expect(try await server.get(path).status == 404, "\(path)")
            }
        }
    }

    @Test func aRequestEndsWithItsTime() async throws {
        var configuration = ServerConfiguration()
        configuration.requestSeconds = 2
        try await withServer(configuration) { server in
            var request = HTTPClientRequest(url: server.address + "/v1/embeddings")
            request.method = .POST
            // A body that never ends.
            let (stream, feed) = AsyncStream<ByteBuffer>.makeStream()
            feed.yield(ByteBuffer(string: "{\"input\": \""))
            request.body = .stream(stream, length: .unknown)
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(600))
            #expect(response.status.code == 504)
            feed.finish()
            #expect(try await server.get("/health").status == 200)
        }
    }

    /// Whoever leaves is not computed for.
    @Test func aClientThatLeavesIsForgotten() async throws {
        let (starts, start) = AsyncStream<Void>.makeStream()
        let gate = DispatchSemaphore(value: 0)
        let held: @Sendable (Data, String) throws -> IndexUpdate.Input = { _, _ in
            start.yield()
            gate.wait()
            throw ServerError.bad("held")
        }
        try await withServer(prepare: held) { server in
            let body = try JSONSerialization.data(withJSONObject: ["input": Drawings.dataAddress(1)])
            let leaving = Task { try await server.send(.POST, "/v1/embeddings", body) }
            var iterator = starts.makeAsyncIterator()
            _ = await iterator.next()
            leaving.cancel()
            await #expect(throws: (any Error).self) { try await leaving.value }
            // The request is over although its picture is still being read.
            while try await !server.get("/metrics").text.contains("status=\"499\"") {
                try await Task.sleep(for: .milliseconds(5))
            }
            gate.signal()
            #expect(try await server.get("/health").status == 200)
        }
    }

    @Test func aConnectionThatWasRefusedIsClosed() async throws {
        try await withServer { server in
            let connection = try RawConnection(server.address)
            connection.send("POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n{")
            let (text, isClosed) = await connection.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 413") && isClosed, "\(text.prefix(100))")
        }
    }

    @Test func brokenBodiesAreTheClientsFault() async throws {
        try await withServer { server in
            let head = "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\n"
            for rest in ["Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Content-Length: 9223372036854775808\r\n\r\n{"] {
                let connection = try RawConnection(server.address)
                connection.send(head + rest)
                let text = await connection.readToEnd().text
                #expect(text.hasPrefix("HTTP/1.1 4"), "\(rest): \(text.prefix(100))")
            }
            #expect(try await !server.get("/metrics").text.contains("status=\"500\""))
        }
    }

    @Test func soManyRequestsAreAnsweredAtATime() async throws {
        var configuration = ServerConfiguration()
        configuration.requests = 2
        let gate = DispatchSemaphore(value: 0)
        let (starts, start) = AsyncStream<Void>.makeStream()
        let held: @Sendable (Data, String) throws -> IndexUpdate.Input = { _, _ in
            start.yield()
            gate.wait()
            throw ServerError.bad("held")
        }
        try await withServer(configuration, prepare: held) { server in
            let body = try JSONSerialization.data(withJSONObject: ["input": Drawings.dataAddress(1)])
            let tasks = (0..<2).map { _ in Task { try await server.send(.POST, "/v1/embeddings", body) } }
            var iterator = starts.makeAsyncIterator()
            for _ in 0..<2 { _ = await iterator.next() }
            let third = try await server.post("/v1/embeddings", ["input": "a"])
            #expect(third.status == 429 && third.headers.first(name: "Retry-After") == "1")
            #expect(try await server.get("/health").status == 200)
            for _ in 0..<2 { gate.signal() }
            for task in tasks { #expect(try await task.value.status == 400) }
            #expect(try await server.post("/v1/embeddings", ["input": "a"]).status == 200)
        }
    }

    @Test func whoWaitsToBeAskedForABodyIsAsked() async throws {
        try await withServer { server in
            let connection = try RawConnection(server.address)
            let body = "{\"input\": \"a cat\"}"
            connection.send(
                "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "Expect: 100-continue\r\nConnection: close\r\n\r\n")
            let asked = await connection.read().text ?? ""
            #expect(asked.hasPrefix("HTTP/1.1 100 Continue\r\n"), "\(asked.prefix(100))")
            connection.send(body)
            let answer = await connection.readToEnd().text
            #expect(answer.contains("HTTP/1.1 200 OK") && answer.contains("\"embedding\""), "\(answer.prefix(100))")
        }
    }

    @Test func bodiesOfAllAreBounded() async throws {
        var configuration = ServerConfiguration()
        configuration.allBodyBytes = 4000
        configuration.bodyBytes = 100_000
        try await withServer(configuration) { server in
            let large = try await server.post("/v1/embeddings", ["input": String(repeating: "a", count: 5000)])
            #expect(large.status == 429 && large.headers.first(name: "Retry-After") != nil)
            for _ in 0..<20 {
                #expect(
                    try await server.post("/v1/embeddings", ["input": String(repeating: "a", count: 3000)]).status
                        == 200)
            }
        }
    }

    @Test func everyRouteIsDescribed() async throws {
        let server = try SearchServer(try await RunningFixture.clip)
        let document = try #require(
            try JSONSerialization.jsonObject(with: PageRoutes.resource("openapi.json")) as? [String: Any])
        #expect((document["openapi"] as? String)?.hasPrefix("3.1") == true)
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let described = Set(
            paths.flatMap { path, methods in
                methods.keys.filter { ["get", "post"].contains($0) }.map { "\($0.uppercased()) \(path)" }
            })
        let routes = try Set(
            server.routes().filter { !$0.hasPrefix("HEAD") }.map { route in
                route.replacing("/**", with: "/{name}")
            })
        #expect(routes.subtracting(described).isEmpty, "not described: \(routes.subtracting(described).sorted())")
        #expect(described.subtracting(routes).isEmpty, "not there: \(described.subtracting(routes).sorted())")
    }

    // MARK: Fetching

    private func fetcher(_ isAllowed: @escaping @Sendable ([UInt8]) -> Bool, bytes: Int = 1000) -> PictureFetcher {
        PictureFetcher(
            mostBytes: bytes, seconds: 600, isAllowed: isAllowed, resolving: WorkPool("test", width: 2, mostWaiting: 8))
    }

    @Test func picturesAreFetchedWithinBounds() async throws {
        let server = try TestServer { asked, _ in
            switch asked.path {
            case "/a.png": Reply(body: [1, 2, 3])
            case "/moved": .redirect("/a.png")
            case "/round": .redirect("/round")
            case "/inside": .redirect("http://127.0.0.2/secret")
            case "/large": Reply(body: [UInt8](repeating: 7, count: 1001))
            case "/unmeasured": Reply(body: [UInt8](repeating: 7, count: 5000), isUnmeasured: true)
            default: Reply(status: 404)
            }
        }
        defer { server.stop() }
        // Only this one address, so that a redirection to another of this machine's is refused.
        let fetcher = fetcher { $0 == [127, 0, 0, 1] }
        func fetch(_ path: String) async throws -> Data { try await fetcher.fetch(server.url(path).absoluteString) }
        #expect(try await fetch("/a.png") == Data([1, 2, 3]))
        #expect(try await fetch("/moved") == Data([1, 2, 3]))
        for path in ["/round", "/inside", "/none", "/large", "/unmeasured"] {
            await #expect(throws: ServerError.self, "\(path)") { try await fetch(path) }
        }
        #expect(server.asked.allSatisfy { $0.headers["host"]?.hasPrefix("127.0.0.1") == true })
    }

    @Test func thisMachineIsNotFetchedFrom() async throws {
        let server = try TestServer { _, _ in Reply(body: [1]) }
        defer { server.stop() }
        let fetcher = fetcher(AddressRules.isPublic)
        let port = try #require(server.url().port)
        for address in [
            "http://127.0.0.1:\(port)/", "http://localhost:\(port)/", "http://[::1]:\(port)/",
            "http://2130706433:\(port)/",
            "http://0.0.0.0:\(port)/", "http://[::ffff:127.0.0.1]:\(port)/", "ftp://127.0.0.1/", "file:///etc/passwd",
            "http://user:secret@127.0.0.1/", "http://", "nonsense",
        ] {
            let error = await #expect(throws: ServerError.self, "\(address)") { try await fetcher.fetch(address) }
            #expect(error?.status == 400)
        }
        #expect(server.asked.isEmpty)
    }
}
