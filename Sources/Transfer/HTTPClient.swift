import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A request that may be redirected.
package struct HTTPRequest {
    package var method: String
    package var url: URL
    /// Sent as long as no redirect leads to another host: they may hold secrets.
    package var ownHeaders: [String: String]
    /// Sent to whichever host answers.
    package var headers: [String: String] = [:]

    package init(method: String = "GET", url: URL, ownHeaders: [String: String] = [:]) {
        self.method = method
        self.url = url
        self.ownHeaders = ownHeaders
    }

    package var hasToken: Bool { ownHeaders.keys.contains { $0.lowercased() == "authorization" } }
}

/// Blocking HTTP over `URLSession`, without its following of redirects, its cache and its cookies. Calls may come from
/// any thread.
///
/// Why not async-http-client: on Linux `URLSession` is libcurl, which keeps connections, speaks HTTP/2 and heeds
/// `http_proxy`, `https_proxy` and `no_proxy`; async-http-client knows only proxies that it is told of, and none of a
/// Mac's settings. Its read timeout would replace the one line of the stall watch. The redirects below would stay, for
/// an answer on the way may be the one that is wanted, secrets stay with their host, and https does not become http; the
/// mailbox would stay, for libarchive and the disk take bytes when they are ready. What would go is the operation queue
/// that runs in place, and what would come is SwiftNIO with a TLS library: minutes of every first build.
package final class HTTPClient: Sendable {
    private let router = TransferRouter()
    private let session: URLSession

    package init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        // Stalls are watched for here, byte by byte; the session's own limits must not come first.
        configuration.timeoutIntervalForRequest = 24 * 3600
        configuration.timeoutIntervalForResource = 7 * 24 * 3600
        let queue = ImmediateQueue()
        queue.maxConcurrentOperationCount = 1
        session = URLSession(configuration: configuration, delegate: router, delegateQueue: queue)
    }

    deinit { session.invalidateAndCancel() }

    /// Sends one request and takes its answer, whatever its status.
    ///
    /// - Parameters:
    ///   - stallTimeout: how many seconds may pass without anything coming.
    ///   - isCancelled: asked several times a second whether to end with ``TransferError/cancelled``.
    ///   - answered: called with the answer's head, on this thread; returns whether the body is wanted.
    ///   - received: called with each part of the body, on this thread.
    /// - Returns: the answer's head.
    private func exchange(
        _ request: URLRequest, stallTimeout: Double, isCancelled: () -> Bool,
        answered: (HTTPAnswer) throws(TransferError) -> Bool, received: (Data) throws(TransferError) -> Void
    ) throws(TransferError) -> HTTPAnswer {
        guard let url = request.url else { throw .unreachable(url: "", reason: "it has no address") }
        let task = session.dataTask(with: request)
        let mailbox = TransferMailbox(task)
        router.add(mailbox)
        defer {
            router.remove(mailbox)
            mailbox.abandon()
            task.cancel()
        }
        task.resume()
        var answer: HTTPAnswer?
        while true {
            guard let event = try mailbox.next(timeout: stallTimeout, isCancelled: isCancelled) else {
                throw .stalled(url: url.shown, seconds: stallTimeout)
            }
            switch event {
            case .answer(let response):
                guard answer == nil else { continue }
                let head = HTTPAnswer(response, url: url)
                answer = head
                guard try answered(head) else { return head }
            case .body(let data): try received(data)
            case .end(let problem):
                if let problem { throw .unreachable(url: url.shown, reason: problem) }
                guard let answer else { throw .unreachable(url: url.shown, reason: "the server gave no answer") }
                return answer
            }
        }
    }
}

extension HTTPClient {
    static let maximumRedirects = 10

    /// Follows redirects until an answer is none, or `stops` says that one is enough.
    package func send(
        _ request: HTTPRequest, options: DownloadOptions, stops: (HTTPAnswer) -> Bool = { _ in false },
        answered: (HTTPAnswer) throws(TransferError) -> Bool, received: (Data) throws(TransferError) -> Void
    ) throws(TransferError) -> HTTPAnswer {
        var url = request.url
        for _ in 0...Self.maximumRedirects {
            let isHome = url.hasSameOrigin(as: request.url)
            var message = URLRequest(url: url)
            message.httpMethod = request.method
            message.setValue("swift-clip", forHTTPHeaderField: "User-Agent")
            // Compressed bytes would have another length and checksum than those announced.
            message.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
            for (name, value) in request.headers { message.setValue(value, forHTTPHeaderField: name) }
            if isHome { for (name, value) in request.ownHeaders { message.setValue(value, forHTTPHeaderField: name) } }
            let answer = try exchange(
                message, stallTimeout: options.stallTimeout, isCancelled: options.isCancelled,
                answered: { (answer) throws(TransferError) in
                    answer.isRedirect || stops(answer) ? false : try answered(answer)
                }, received: received)
            guard answer.isRedirect, !stops(answer) else { return answer }
            url = try Self.target(of: answer)
        }
        throw .tooManyRedirects(url: request.url.shown, limit: Self.maximumRedirects)
    }

    /// Where a redirect leads.
    static func target(of answer: HTTPAnswer) throws(TransferError) -> URL {
        guard let location = answer["Location"], let url = URL(string: location, relativeTo: answer.url)?.absoluteURL,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.host?.isEmpty == false
        else { throw .invalidAnswer(url: answer.url.shown, reason: "it redirects without saying where to") }
        if answer.url.scheme?.lowercased() == "https", scheme != "https" {
            throw .insecureRedirect(url: answer.url.shown, target: url.shown)
        }
        return url
    }
}
