import Foundation
import Hummingbird
import Logging
import NIOCore

/// What a request carries along.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Outermost: every request is counted, timed, logged, and answered, whatever is thrown.
struct Answering: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let known = ServerError(error)
            if known.status >= 500, !(error is ServerError) {
                context.logger.error("\(request.method) \(request.uri.path): \(error)")
            }
            response = known.response
            // What is left of the body is not read: the connection ends with the answer.
            if request.headers[.contentLength] != "0", request.method == .post, known.status != 404 {
                response.headers[.connection] = "close"
            }
        }
        if request.method == .head {
            response.body = .init(contentLength: response.body.contentLength) { try await $0.finish(nil) }
        }
        if request.headers[.connection]?.lowercased() == "close" { response.headers[.connection] = "close" }
        let seconds = (ContinuousClock.now - start).seconds
        metrics.request(context.endpointPath ?? "none", status: response.status.code, seconds: seconds)
        context.logger.info(
            "\(request.method) \(request.uri.path) \(response.status.code) \(Int(seconds * 1000)) ms")
        return response
    }
}

/// Keeps strangers out: who may ask, by which name, from which page.
struct Door: RouterMiddleware {
    let configuration: ServerConfiguration
    /// A key that this machine's own commands know.
    let ownKey: String?

    /// What is needed to see the page, which then asks for the key, and to see whether the server lives.
    private static func isOpen(_ path: String) -> Bool {
        ["/", "/health", "/ping"].contains(path) || path.hasPrefix("/page/")
    }

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        try checkName(request)
        let origin = request.headers[.origin]
        let isAllowed = origin.map { configuration.origins.contains($0) } ?? false
        if let origin, !isAllowed, !isOwn(origin, request) {
            throw ServerError(403, "origin_not_allowed", "Pages of \(origin.prefix(200)) may not ask this server.")
        }
        if request.method == .options {
            var response = Response(status: .noContent)
            if isAllowed { allow(&response, origin ?? "") }
            return response
        }
        if !configuration.keys.isEmpty, !Self.isOpen(request.uri.path) { try checkKey(request) }
        do {
            var response = try await next(request, context)
            if isAllowed { allow(&response, origin ?? "") }
            return response
        } catch {
            // A page of another origin may read why it is refused.
            guard isAllowed else { throw error }
            var response = ServerError(error).response
            allow(&response, origin ?? "")
            return response
        }
    }

    private func allow(_ response: inout Response, _ origin: String) {
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowHeaders] = "authorization, content-type"
        response.headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
        response.headers[.vary] = "Origin"
    }

    /// A page of this very server.
    private func isOwn(_ origin: String, _ request: Request) -> Bool {
        guard let authority = request.head.authority else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }

    private func checkName(_ request: Request) throws {
        guard let names = configuration.names else { return }
        let authority = request.head.authority ?? ""
        let isBracketed = authority.hasPrefix("[")
        let host =
            isBracketed
            ? String(authority.dropFirst().prefix { $0 != "]" })
            : String(authority.prefix { $0 != ":" })
        guard ["localhost", "127.0.0.1", "::1", configuration.host].contains(host) || names.contains(host) else {
            throw ServerError(
                403, "name_not_allowed",
                "This server is not called \(host.prefix(100)); whoever starts it can allow the name.")
        }
    }

    private func checkKey(_ request: Request) throws {
        let given = request.headers[.authorization].flatMap { text -> String? in
            let parts = text.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        guard let given else {
            throw ServerError(401, "no_key", "A key is needed: Authorization: Bearer KEY.")
        }
        // All are compared, so that the time tells nothing.
        let matches = (configuration.keys + [ownKey].compactMap { $0 }).map { Self.isEqual($0, given) }
        guard matches.contains(true) else { throw ServerError(401, "wrong_key", "This key is not known here.") }
    }

    /// Takes the same time wherever the two differ.
    static func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var difference = left.count ^ right.count
        for place in right.indices {
            difference |= Int(right[place] ^ (left.isEmpty ? 0xFF : left[place % left.count]))
        }
        return difference == 0
    }
}

/// Bounds: so many requests at a time, and each ends with its limit of time, with its client, and with the server.
struct Bounds: RouterMiddleware {
    let configuration: ServerConfiguration
    let state: ServerState

    /// What whoever watches asks, and is answered however much there is to do.
    private static let watched = ["/health", "/ping", "/metrics"]

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        if Self.watched.contains(request.uri.path) { return try await next(request, context) }
        guard !state.isStopping else { throw ServerError.stopping }
        // Before the body is read: what is not going to be answered costs nothing.
        guard state.enter(most: configuration.requests) else { throw ServerError.busy(seconds: 1) }
        defer { state.leave() }
        let (watch, gone) = AsyncStream<Void>.makeStream()
        let handler = try? await context.channel.pipeline.handler(type: ClientWatch.self).get()
        handler?.onGone = { gone.finish() }
        defer {
            handler?.onGone = nil
            gone.finish()
        }
        let hasWatch = handler != nil
        // The group's tasks are over before this returns.
        return try await withoutActuallyEscaping(next) { next in
            let answer = Answer { try await next(request, context) }
            return try await withThrowingTaskGroup(of: Response.self) { group in
                group.addTask { try await answer.call() }
                group.addTask { [seconds = configuration.requestSeconds] in
                    try await Task.sleep(for: .seconds(seconds))
                    throw ServerError(504, "timeout", "The request took longer than \(seconds.formatted()) s.")
                }
                if hasWatch {
                    group.addTask {
                        for await _ in watch {}
                        throw CancellationError()
                    }
                }
                defer { group.cancelAll() }
                guard let response = try await group.next() else { throw ServerError.stopping }
                return response
            }
        }
    }

    private struct Answer: @unchecked Sendable {
        let call: () async throws -> Response
    }
}

/// How many requests there are, and whether the server is being stopped.
final class ServerState: @unchecked Sendable {
    private let lock = NSLock()
    private var stopping = false  // guarded by `lock`
    private var requests = 0  // guarded by `lock`

    var isStopping: Bool { lock.withLock { stopping } }
    func stop() { lock.withLock { stopping = true } }

    /// Requests that are being read or answered.
    var count: Int { lock.withLock { requests } }

    /// Counts a request, unless there are so many already.
    func enter(most: Int) -> Bool {
        lock.withLock {
            guard requests < most else { return false }
            requests += 1
            return true
        }
    }

    func leave() { lock.withLock { requests -= 1 } }
}
