import Foundation

/// Counts the tries that failed, and waits between them.
struct Retries {
    /// A connection that brings this much each time may break as often as it likes: the end comes nearer.
    private static let worthwhile = 1 << 20
    /// The longest that a server's wish to be left alone is followed.
    private static let longestWish: Double = 120

    let options: DownloadOptions
    private var failures = 0

    init(_ options: DownloadOptions) { self.options = options }

    /// Waits if another try may help.
    /// - Throws: the error itself, if none does.
    mutating func wait(after error: ModelHubError, gained: Int = 0, wish: Double? = nil) throws(ModelHubError) {
        guard error.isTransient else { throw error }
        failures = gained >= Self.worthwhile ? 1 : failures + 1
        guard failures < options.attempts else { throw error }
        let delay = options.firstDelay * Double(1 << min(failures - 1, 20))
        options.pause(max(min(delay, options.maximumDelay), min(wish ?? 0, Self.longestWish)))
    }
}

/// One file on its way: tries until all its bytes are in the partial file.
struct Download {
    private let file: RemoteFile
    private let client: HTTPClient
    private let options: DownloadOptions
    let part: PartialFile
    private var total: Int?
    /// The tag of the content that the bytes so far belong to.
    private var tag: String?
    private var wish: Double?
    /// The last try asked for a part that the server does not have.
    private var isBeyondEnd = false

    private var shown: String { file.request.url.shown }

    init(_ file: RemoteFile, client: HTTPClient, options: DownloadOptions, path: String) throws(ModelHubError) {
        self.file = file
        self.client = client
        self.options = options
        total = file.size
        part = try PartialFile(path + ".incomplete")
        // Bytes from an earlier call are continued only if a checksum will tell whether they belong here.
        if file.checksum == nil || part.length > file.size ?? .max { try part.clear() }
    }

    /// - Throws: ``ModelHubError``, after as many tries as the options allow.
    mutating func run(_ progress: (Int, Int?) -> Void) throws(ModelHubError) {
        var retries = Retries(options)
        while true {
            let before = part.length
            do throws(ModelHubError) {
                try attempt(progress)
                guard isBeyondEnd else { return progress(part.length, part.length) }
                try part.clear()
                throw .unreachable(url: shown, reason: "the server does not continue the file")
            } catch {
                try retries.wait(after: error, gained: part.length - before, wish: wish)
            }
        }
    }

    /// The error to report if the bytes are not those announced.
    func wrongChecksum() throws(ModelHubError) -> ModelHubError? {
        guard let checksum = file.checksum else { return nil }
        let actual = try checksum.actual(part.path)
        guard actual != checksum.digits else { return nil }
        return .checksumMismatch(url: shown, expected: checksum.digits, actual: actual)
    }

    private mutating func attempt(_ progress: (Int, Int?) -> Void) throws(ModelHubError) {
        isBeyondEnd = false
        wish = nil
        // What is complete needs no further answer; an empty file still has to be asked for.
        if let total, part.length == total, total > 0 { return }
        var request = file.request
        if part.length > 0 {
            request.headers["Range"] = "bytes=\(part.length)-"
            request.headers["If-Range"] = tag
        }
        var reported = part.length
        progress(reported, total)
        var this = self
        defer { self = this }
        _ = try client.send(
            request, options: options,
            answered: { (answer) throws(ModelHubError) in try this.begin(answer) },
            received: { (data) throws(ModelHubError) in
                try this.take(data)
                // Telling every packet would cost more than it says.
                guard this.part.length - reported >= 1 << 20 || this.part.length < reported else { return }
                reported = this.part.length
                progress(reported, this.total)
            })
        if !this.isBeyondEnd, let total = this.total, part.length < total {
            throw .unreachable(url: shown, reason: "it ended after \(part.length) of \(total) bytes")
        }
    }

    /// Looks at an answer's head; returns whether its body is wanted.
    private mutating func begin(_ answer: HTTPAnswer) throws(ModelHubError) -> Bool {
        wish = answer.retryAfter
        if answer.status == 416, part.length > 0 {
            isBeyondEnd = true
            return false
        }
        try answer.check(hasToken: file.request.hasToken)
        if answer.isWebPage { throw .notAFile(url: answer.url.shown, contentType: answer["Content-Type"] ?? "") }
        switch answer.status {
        case 206: try beginPart(answer)
        case 200:
            // Either nothing was there, or the server does not continue files, or its file has changed.
            if part.length > 0 { try part.clear() }
            total = file.size
            try expect(answer.contentLength)
        default: throw .invalidAnswer(url: answer.url.shown, reason: "it has the status \(answer.status)")
        }
        tag = answer.strongTag
        return true
    }

    private mutating func beginPart(_ answer: HTTPAnswer) throws(ModelHubError) {
        let asked = part.length > 0 ? "bytes \(part.length)-" : "the whole file"
        guard part.length > 0, !answer.isEncoded, let range = ContentRange(answer["Content-Range"]),
            range.first == part.length, range.total == nil || total == nil || range.total == total,
            range.last < total ?? .max,
            answer.contentLength ?? range.last - range.first + 1 == range.last - range.first + 1
        else {
            throw .rangeMismatch(url: answer.url.shown, asked: asked, answered: answer["Content-Range"] ?? "no range")
        }
        try expect(range.total)
    }

    /// Takes note of the size that the server says the whole file has.
    private mutating func expect(_ size: Int?) throws(ModelHubError) {
        guard let size else { return }
        if let total, size != total { throw .lengthMismatch(url: shown, expected: total, received: size) }
        guard size <= options.maximumBytes else { throw .tooLarge(url: shown, limit: options.maximumBytes) }
        total = size
    }

    private mutating func take(_ data: Data) throws(ModelHubError) {
        let length = part.length + data.count
        if let total, length > total { throw .lengthMismatch(url: shown, expected: total, received: length) }
        guard length <= options.maximumBytes else { throw .tooLarge(url: shown, limit: options.maximumBytes) }
        try part.append(data)
    }
}
