import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The head of a server's answer.
package struct HTTPAnswer: Sendable {
    package let url: URL
    package let status: Int
    /// By lower-case names.
    private let headers: [String: String]

    init(_ response: HTTPURLResponse, url: URL) {
        self.url = url
        status = response.statusCode
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)".trimmingCharacters(in: .whitespaces)
        }
        self.headers = headers
    }

    package subscript(_ name: String) -> String? { headers[name.lowercased()] }

    package var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

    /// The number of bytes to come, if the server says it and they come as they are.
    package var contentLength: Int? {
        guard !isEncoded, let text = self["Content-Length"], let length = Int(text), length >= 0 else { return nil }
        return length
    }

    /// Whether the bytes were compressed for the way although the request forbade it.
    var isEncoded: Bool {
        guard let encoding = self["Content-Encoding"]?.lowercased() else { return false }
        return !encoding.isEmpty && encoding != "identity"
    }

    package var isWebPage: Bool {
        guard let type = self["Content-Type"]?.lowercased() else { return false }
        return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml")
    }

    /// How many seconds to wait before another try, if the server says so.
    var retryAfter: Double? {
        guard let text = self["Retry-After"], let seconds = Int(text), seconds >= 0 else { return nil }
        return Double(min(seconds, 3600))
    }

    /// Names the content for `If-Range`; weak tags do not promise the same bytes.
    var strongTag: String? {
        guard let tag = self["ETag"], tag.hasPrefix("\""), tag.utf8.allSatisfy({ (32...126).contains($0) }) else {
            return nil
        }
        return tag
    }

    /// - Throws: what a status that is no success means.
    package func check(hasToken: Bool) throws(TransferError) {
        switch status {
        case 200...299: return
        case 401, 403: throw .unauthorized(url: url.shown, status: status, hasToken: hasToken)
        case 404, 410: throw .notFound(url: url.shown)
        default: throw .httpStatus(url: url.shown, status: status)
        }
    }
}

/// `Content-Range: bytes 100-199/200` (RFC 9110, section 14.4).
struct ContentRange: Equatable {
    let first: Int
    let last: Int
    /// The size of the whole, or `nil` for `*`.
    let total: Int?

    init?(_ text: String?) {
        guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, last >= first,
            last < Int.max
        else { return nil }
        if parts[1] == "*" {
            total = nil
        } else {
            guard let size = Int(parts[1]), size > last else { return nil }
            total = size
        }
        self.first = first
        self.last = last
    }
}

extension URL {
    /// The address without query, fragment and user, for messages: hubs put signatures into queries.
    package var shown: String {
        guard var parts = URLComponents(url: self, resolvingAgainstBaseURL: true) else { return host ?? "?" }
        parts.query = nil
        parts.fragment = nil
        parts.user = nil
        parts.password = nil
        return parts.string ?? host ?? "?"
    }

    /// Whether secrets meant for one may be sent to the other.
    func hasSameOrigin(as other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
        return scheme?.lowercased() == other.scheme?.lowercased() && host?.lowercased() == other.host?.lowercased()
            && port(self) == port(other)
    }
}
