import Foundation

/// Where the bytes of a file go, in their order.
protocol ByteSink: AnyObject {
    /// How many bytes of the file are there, or were not wanted.
    var length: Int { get }
    /// Whether the bytes that are there can be given up.
    var canRestart: Bool { get }
    /// Whether anybody wants more.
    var isWanted: Bool { get }
    /// Gives up the bytes that are there.
    func restart() throws(TransferError)
    func append(_ data: Data) throws(TransferError)
    /// Told the size of the whole file, once the server has said it.
    func expect(_ total: Int)
}

/// The bytes of a file on a server, brought to a sink over as many connections as it takes.
///
/// Each goes on with the first byte that is missing (`Range`, RFC 9110 section 14), as long as the server's tag says
/// that the file is the same (`If-Range`). Of a server that cannot do that all bytes come anew: the sink gives up those
/// it has, or they are passed over.
struct ResumingTransfer {
    private let request: HTTPRequest
    private let knownSize: Int?
    private let refusesWebPages: Bool
    private let client: HTTPClient
    private let options: DownloadOptions
    private var total: Int?
    /// The tag of the content that the bytes so far belong to.
    private var tag: String?
    private var wish: Double?
    /// Bytes of the present answer that came before.
    private var toPassOver = 0
    /// The server said that nothing follows the bytes that are there.
    private var isComplete = false

    /// - Parameters:
    ///   - size: In bytes, if it is known beforehand.
    ///   - refusesWebPages: Whether a web page cannot be the file, but only stand in its place.
    init(
        _ request: HTTPRequest, size: Int? = nil, refusesWebPages: Bool = false, client: HTTPClient,
        options: DownloadOptions
    ) {
        self.request = request
        self.refusesWebPages = refusesWebPages
        self.client = client
        self.options = options
        knownSize = size
        total = size
    }

    private var shown: String { request.url.shown }

    /// Tries until all bytes are there.
    ///
    /// - Parameter progress: Told how many bytes are there, and of how many, about once a mebibyte.
    /// - Throws: ``TransferError``, after as many tries as the options allow.
    mutating func run(
        into sink: some ByteSink, progress: (_ done: Int, _ total: Int?) -> Void = { _, _ in }
    ) throws(TransferError) {
        var retries = Retries(options)
        while true {
            let before = sink.length
            do throws(TransferError) {
                try attempt(sink, progress)
                return progress(sink.length, sink.length)
            } catch {
                guard sink.isWanted else { throw error }
                try retries.wait(after: error, gained: sink.length - before, wish: wish)
            }
        }
    }

    private mutating func attempt(_ sink: some ByteSink, _ progress: (Int, Int?) -> Void) throws(TransferError) {
        wish = nil
        isComplete = false
        // What is complete needs no further answer; an empty file still has to be asked for.
        if let total, sink.length == total, total > 0 { return }
        var request = request
        if sink.length > 0 {
            request.headers["Range"] = "bytes=\(sink.length)-"
            request.headers["If-Range"] = tag
        }
        var reported = sink.length
        progress(reported, total)
        var this = self
        defer { self = this }
        _ = try client.send(
            request, options: options,
            answered: { (answer) throws(TransferError) in try this.begin(answer, sink) },
            received: { (data) throws(TransferError) in
                try this.take(data, sink)
                // Telling every packet would cost more than it says.
                guard sink.length - reported >= 1 << 20 || sink.length < reported else { return }
                reported = sink.length
                progress(reported, this.total)
            })
        if !this.isComplete, let total = this.total, sink.length < total {
            throw .unreachable(url: shown, reason: "it ended after \(sink.length) of \(total) bytes")
        }
    }

    /// Looks at an answer's head; returns whether its body is wanted.
    private mutating func begin(_ answer: HTTPAnswer, _ sink: some ByteSink) throws(TransferError) -> Bool {
        wish = answer.retryAfter
        toPassOver = 0
        if answer.status == 416, sink.length > 0 {
            try beginBeyondEnd(answer, sink)
            return false
        }
        try answer.check(hasToken: request.hasToken)
        if refusesWebPages, answer.isWebPage {
            throw .notAFile(url: answer.url.shown, contentType: answer["Content-Type"] ?? "")
        }
        switch answer.status {
        case 206: try beginPart(answer, sink)
        case 200: try beginWhole(answer, sink)
        default: throw .invalidAnswer(url: answer.url.shown, reason: "it has the status \(answer.status)")
        }
        return true
    }

    /// The server has no bytes where more were asked for.
    private mutating func beginBeyondEnd(_ answer: HTTPAnswer, _ sink: some ByteSink) throws(TransferError) {
        // A file whose size was never told may have ended exactly where the connection broke.
        let size = answer["Content-Range"].flatMap { $0.split(separator: "/").last }.flatMap { Int($0) }
        isComplete = size == sink.length && total == nil
        guard !isComplete else { return }
        guard sink.canRestart else {
            throw .rangeMismatch(url: shown, asked: "bytes \(sink.length)-", answered: "no range")
        }
        try sink.restart()
        throw .unreachable(url: shown, reason: "the server does not continue the file")
    }

    private mutating func beginPart(_ answer: HTTPAnswer, _ sink: some ByteSink) throws(TransferError) {
        let asked = sink.length > 0 ? "bytes \(sink.length)-" : "the whole file"
        guard sink.length > 0, !answer.isEncoded, let range = ContentRange(answer["Content-Range"]),
            range.first == sink.length, range.total == nil || total == nil || range.total == total,
            range.last < total ?? .max,
            answer.contentLength ?? range.last - range.first + 1 == range.last - range.first + 1
        else {
            throw .rangeMismatch(url: answer.url.shown, asked: asked, answered: answer["Content-Range"] ?? "no range")
        }
        try expect(range.total, sink)
        tag = answer.strongTag ?? tag
    }

    /// Either nothing was there, or the server does not continue files, or its file has changed.
    private mutating func beginWhole(_ answer: HTTPAnswer, _ sink: some ByteSink) throws(TransferError) {
        if sink.canRestart {
            if sink.length > 0 { try sink.restart() }
            total = knownSize
            tag = nil
        } else {
            guard !answer.isEncoded else {
                throw .invalidAnswer(url: answer.url.shown, reason: "it is encoded although that was not asked for")
            }
            if let tag, let new = answer.strongTag, new != tag {
                throw .invalidAnswer(url: answer.url.shown, reason: "the file changed while it was being read")
            }
            toPassOver = sink.length
        }
        try expect(answer.contentLength, sink)
        tag = answer.strongTag ?? tag
    }

    /// Takes note of the size that the server says the whole file has.
    private mutating func expect(_ size: Int?, _ sink: some ByteSink) throws(TransferError) {
        guard let size else { return }
        if let total, size != total { throw .lengthMismatch(url: shown, expected: total, received: size) }
        guard size <= options.maximumBytes else { throw .tooLarge(url: shown, limit: options.maximumBytes) }
        total = size
        sink.expect(size)
    }

    private mutating func take(_ data: Data, _ sink: some ByteSink) throws(TransferError) {
        guard sink.isWanted else { throw .unreachable(url: shown, reason: "nobody wants it any more") }
        var data = data
        if toPassOver > 0 {
            let passed = min(toPassOver, data.count)
            toPassOver -= passed
            data = data.dropFirst(passed)
        }
        let length = sink.length + data.count
        if let total, length > total { throw .lengthMismatch(url: shown, expected: total, received: length) }
        guard length <= options.maximumBytes else { throw .tooLarge(url: shown, limit: options.maximumBytes) }
        if !data.isEmpty { try sink.append(data) }
    }
}
