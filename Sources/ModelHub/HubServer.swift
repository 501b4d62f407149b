import Foundation
import Transfer

/// One file of a repository as the hub describes it.
struct HubFile {
    let name: String
    /// What the hub calls the content, and the cache its blob.
    let tag: String
    let size: Int?
    let remote: RemoteFile
}

/// What the hub says about one repository.
struct HubServer {
    /// The names of all files of a repository, as JSON; the largest repositories have some ten thousand files.
    private static let maximumListing = 32 << 20

    let configuration: HubConfiguration
    let repository: HubRepository
    let downloader: Downloader

    private struct Listing: Decodable {
        struct File: Decodable { let rfilename: String }
        let sha: String
        let siblings: [File]
    }

    /// The repository's files, and the commit that its revision stands for.
    /// - Throws: ``ModelHubError``, also if a name is not safe to use.
    func listing(attempts: Int) throws(ModelHubError) -> (commit: String, names: [String]) {
        let request = try request("GET", "api/models/\(repository.id)/revision/\(Self.escaped(repository.revision))")
        var body = Data()
        try withRetries(attempts) { () throws(TransferError) in
            body = Data()
            _ = try downloader.client.send(
                request, options: downloader.options,
                answered: { (answer) throws(TransferError) in
                    try answer.check(hasToken: request.hasToken)
                    if answer.isWebPage {
                        throw .notAFile(url: answer.url.shown, contentType: answer["Content-Type"] ?? "")
                    }
                    return true
                },
                received: { (data) throws(TransferError) in
                    body += data
                    guard body.count <= Self.maximumListing else {
                        throw .tooLarge(url: request.url.shown, limit: Self.maximumListing)
                    }
                })
        }
        guard let listing = try? JSONDecoder().decode(Listing.self, from: body) else {
            throw .transfer(.invalidAnswer(url: request.url.shown, reason: "it is no list of a repository's files"))
        }
        guard SafeName.isCommit(listing.sha) else {
            throw .transfer(
                .invalidAnswer(url: request.url.shown, reason: "\(listing.sha.quotedForTerminal) is no commit"))
        }
        for file in listing.siblings { try SafeName.checkFile(file.rfilename) }
        return (listing.sha, listing.siblings.map(\.rfilename))
    }

    /// Asks for the checksum and size of a file.
    func file(_ name: String, commit: String) throws(ModelHubError) -> HubFile {
        try SafeName.checkFile(name)
        let path = "\(repository.id)/resolve/\(commit)/" + Self.escapedPath(name)
        let request = try request("HEAD", path)
        let answer = try head(request)
        guard let tag = Self.blobName(answer["X-Linked-Etag"] ?? answer["ETag"]) else {
            throw .transfer(.invalidAnswer(url: request.url.shown, reason: "it has no usable ETag"))
        }
        if let said = answer["X-Repo-Commit"], said != commit {
            throw .transfer(
                .invalidAnswer(
                    url: request.url.shown, reason: "it is about the commit \(said.quotedForTerminal), not \(commit)"))
        }
        // A redirect's own length is that of its text.
        let size = answer["X-Linked-Size"].flatMap { Int($0) } ?? (answer.isRedirect ? nil : answer.contentLength)
        if let size, size < 0 {
            throw .transfer(.invalidAnswer(url: request.url.shown, reason: "its size is negative"))
        }
        let checksum = RemoteFile.Checksum(hexadecimal: tag)
        let remote = RemoteFile(request: try self.request("GET", path), checksum: checksum, size: size)
        return HubFile(name: name, tag: tag, size: size, remote: remote)
    }

    /// The head of a file's answer: that of the first redirect which tells about the content, for the hosts that
    /// redirects lead to have tags of their own.
    private func head(_ request: HTTPRequest) throws(ModelHubError) -> HTTPAnswer {
        var head: HTTPAnswer?
        try withRetries(downloader.options.attempts) { () throws(TransferError) in
            let answer = try downloader.client.send(
                request, options: downloader.options, stops: { $0["X-Linked-Etag"] != nil },
                answered: { _ in false }, received: { _ in })
            if !answer.isRedirect { try answer.check(hasToken: request.hasToken) }
            head = answer
        }
        guard let head else {
            throw .transfer(.unreachable(url: request.url.shown, reason: "the server gave no answer"))
        }
        return head
    }

    private func withRetries(_ attempts: Int, _ body: () throws(TransferError) -> Void) throws(ModelHubError) {
        var options = downloader.options
        options.attempts = attempts
        var retries = Retries(options)
        while true {
            do throws(TransferError) { return try body() } catch {
                try ModelHubError.wrapping { () throws(TransferError) in try retries.wait(after: error) }
            }
        }
    }

    private func request(_ method: String, _ path: String) throws(ModelHubError) -> HTTPRequest {
        guard let url = URL(string: "\(configuration.endpoint.absoluteString)/\(path)") else {
            throw .invalidName(kind: "file", name: path, reason: "it makes no address")
        }
        let secrets = configuration.token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        return HTTPRequest(method: method, url: url, ownHeaders: secrets)
    }

    /// `"abc"` or `W/"abc"` without its dress, if it can be a file's name.
    static func blobName(_ tag: String?) -> String? {
        guard var tag else { return nil }
        if tag.hasPrefix("W/") { tag.removeFirst(2) }
        let name = tag.split(separator: "\"").joined()
        return SafeName.isBlob(name) ? name : nil
    }

    /// Everything but unreserved characters as %XX (RFC 3986): the slash of a revision too.
    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            if isPlain || "-._~".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    static func escapedPath(_ path: String) -> String {
        path.split(separator: "/").map { escaped(String($0)) }.joined(separator: "/")
    }
}
