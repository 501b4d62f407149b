import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A request that may be redirected.
struct HTTPRequest {
    var method = "GET"
    var url: URL
    /// Sent as long as no redirect leads to another host: they may hold secrets.
    var ownHeaders: [String: String] = [:]
    /// Sent to whichever host answers.
    var headers: [String: String] = [:]

    var hasToken: Bool { ownHeaders.keys.contains { $0.lowercased() == "authorization" } }
}

extension HTTPClient {
    static let maximumRedirects = 10

    /// Follows redirects until an answer is none, or `stops` says that one is enough.
    func send(
        _ request: HTTPRequest, options: DownloadOptions, stops: (HTTPAnswer) -> Bool = { _ in false },
        answered: (HTTPAnswer) throws(ModelHubError) -> Bool, received: (Data) throws(ModelHubError) -> Void
    ) throws(ModelHubError) -> HTTPAnswer {
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
                answered: { (answer) throws(ModelHubError) in
                    answer.isRedirect || stops(answer) ? false : try answered(answer)
                }, received: received)
            guard answer.isRedirect, !stops(answer) else { return answer }
            url = try Self.target(of: answer)
        }
        throw .tooManyRedirects(url: request.url.shown, limit: Self.maximumRedirects)
    }

    /// Where a redirect leads.
    static func target(of answer: HTTPAnswer) throws(ModelHubError) -> URL {
        guard let location = answer["Location"], let url = URL(string: location, relativeTo: answer.url)?.absoluteURL,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.host?.isEmpty == false
        else { throw .invalidAnswer(url: answer.url.shown, reason: "it redirects without saying where to") }
        if answer.url.scheme?.lowercased() == "https", scheme != "https" {
            throw .insecureRedirect(url: answer.url.shown, target: url.shown)
        }
        return url
    }
}
