import Checksums
import Foundation

/// A hub with one repository: it lists its files, and redirects the large ones to another host as the real one does.
package struct FakeHub: Sendable {
    package static let commit = "0123456789abcdef0123456789abcdef01234567"

    package var id = "owner/name"
    package var files: [String: [UInt8]]
    /// Files that are large: named by their SHA-256, and on another host.
    package var large: Set<String> = []
    /// Where the large ones are.
    package var store = ""
    /// Without it in the Authorization header nothing is answered.
    package var token: String?
    /// Names listed although they are not there.
    package var extraNames: [String] = []
    package var sha = FakeHub.commit

    package init(files: [String: [UInt8]], large: Set<String> = [], token: String? = nil) {
        self.files = files
        self.large = large
        self.token = token
    }

    package func reply(to asked: Asked) -> Reply {
        if let token, asked.headers["authorization"] != "Bearer \(token)" { return Reply(status: 401) }
        if asked.path.hasPrefix("/api/models/\(id)/revision/") {
            let siblings = (files.keys.sorted() + extraNames).map { ["rfilename": $0] }
            let object: [String: Any] = ["sha": sha, "siblings": siblings, "gated": false]
            guard let body = try? JSONSerialization.data(withJSONObject: object) else { return Reply(status: 500) }
            return Reply(headers: ["Content-Type": "application/json"], body: Array(body))
        }
        let prefix = "/\(id)/resolve/\(FakeHub.commit)/"
        guard asked.path.hasPrefix(prefix),
            let name = String(asked.path.dropFirst(prefix.count)).removingPercentEncoding, let bytes = files[name]
        else { return Reply(status: 404) }
        var headers = ["X-Repo-Commit": FakeHub.commit, "X-Linked-Size": "\(bytes.count)"]
        guard !large.contains(name) else {
            headers["X-Linked-Etag"] = "\"\(sha256(bytes))\""
            return .redirect("\(store)/\(name)?signature=secret", headers)
        }
        var reply = Reply.file(bytes, to: asked, tag: "\"\(gitBlob(bytes))\"")
        reply.headers.merge(headers) { $1 }
        if asked.method == "HEAD" { reply.headers["Content-Length"] = "\(bytes.count)" }
        return reply
    }
}

/// Git's name for a content, by way of a file.
package func gitBlob(_ bytes: [UInt8]) -> String {
    let path = NSTemporaryDirectory() + "blob-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard (try? Data(bytes).write(to: URL(fileURLWithPath: path))) != nil else { return "" }
    return (try? SHA1.hexadecimal(ofFile: path, asGitBlob: true)) ?? ""
}
