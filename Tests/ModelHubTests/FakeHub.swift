import Checksums
import Foundation
import LoopbackServer

@testable import ModelHub

/// A hub with one repository: it lists its files, and redirects the large ones to another host as the real one does.
struct FakeHub: Sendable {
    static let commit = "0123456789abcdef0123456789abcdef01234567"

    var id = "owner/name"
    var files: [String: [UInt8]]
    /// Files that are large: named by their SHA-256, and on another host.
    var large: Set<String> = []
    /// Where the large ones are.
    var store = ""
    /// Without it in the Authorization header nothing is answered.
    var token: String?
    /// Names listed although they are not there.
    var extraNames: [String] = []
    var sha = FakeHub.commit

    func reply(to asked: Asked) -> Reply {
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
func gitBlob(_ bytes: [UInt8]) -> String {
    let path = NSTemporaryDirectory() + "blob-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard (try? Data(bytes).write(to: URL(fileURLWithPath: path))) != nil else { return "" }
    return (try? SHA1.hexadecimal(ofFile: path, asGitBlob: true)) ?? ""
}

/// A configuration for a server and a folder of the test's own.
func configuration(_ server: TestServer, _ folder: String, token: String? = nil, offline: Bool = false) throws
    -> HubConfiguration
{
    var environment = [
        "HF_ENDPOINT": try server.url().absoluteString, "HF_HUB_CACHE": folder + "/hub", "HOME": folder,
        "HF_HUB_OFFLINE": offline ? "1" : "0",
    ]
    environment["HF_TOKEN"] = token
    var configuration = try HubConfiguration(environment: environment)
    configuration.openAIEndpoint = try server.url("/clip/models")
    return configuration
}

/// Runs `body` with a hub, the host of its large files, and an empty folder.
func withHub(
    _ hub: FakeHub,
    store: @escaping @Sendable (Asked, Int, [UInt8]) -> Reply = { asked, _, bytes in .file(bytes, to: asked) },
    body: (_ server: TestServer, _ store: TestServer, _ folder: String) throws -> Void
) throws {
    try withFolder { folder in
        try withServer({ asked, earlier in
            let name = asked.path.dropFirst().prefix { $0 != "?" }
            return hub.files[String(name)].map { store(asked, earlier, $0) } ?? Reply(status: 404)
        }) { storeServer in
            var hub = hub
            hub.store = try storeServer.url().absoluteString
            try withServer({ [hub] asked, _ in hub.reply(to: asked) }) { server in
                try body(server, storeServer, folder)
            }
        }
    }
}
