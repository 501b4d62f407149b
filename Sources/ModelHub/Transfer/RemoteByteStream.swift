import Foundation

/// The bytes of a file on a server, in their order, fetched by a thread of its own a little ahead of whoever reads.
///
/// A connection that breaks is made again and goes on with the first byte that is missing (`Range`, RFC 9110 section
/// 14); of a server that cannot do that, what came already is passed over. Redirects are followed as far as
/// ``HTTPClient`` allows. Nothing is written to disk.
package final class RemoteByteStream: @unchecked Sendable {
    private let queue: ByteQueue

    /// - Parameters:
    ///   - offset: the first byte wanted.
    ///   - bufferBytes: how far the thread may be ahead.
    package init(_ url: URL, from offset: Int = 0, options: DownloadOptions, bufferBytes: Int = 4 << 20) {
        let queue = ByteQueue(capacity: bufferBytes)
        self.queue = queue
        let thread = Thread {
            var transfer = StreamTransfer(url: url, done: offset, options: options, queue: queue)
            transfer.run()
        }
        thread.name = "remote-bytes"
        thread.start()
    }

    deinit { queue.close() }

    /// The next bytes, or `nil` after the last; waits for them.
    /// - Throws: ``ModelHubError``, after as many tries as the options allow; then again at every later call.
    package func next() throws(ModelHubError) -> Data? { try queue.take() }

    /// Ends the transfer; whoever waits for bytes, or asks later, gets an error.
    package func close() { queue.close() }

    /// The size of the whole file, once the server has told it.
    package var totalBytes: Int? { queue.totalBytes }
}

/// What one thread fetched and another has not read yet.
private final class ByteQueue: @unchecked Sendable {
    private let capacity: Int
    private let condition = NSCondition()
    private var parts: [Data] = []
    private var waiting = 0
    private var end: Result<Void, ModelHubError>?
    private var isClosed = false
    private var total: Int?

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var totalBytes: Int? {
        get { condition.withLock { total } }
        set { condition.withLock { total = newValue } }
    }

    /// Adds bytes once there is room. Returns whether anybody still wants them.
    func put(_ data: Data) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while waiting >= capacity, !isClosed { condition.wait() }
        guard !isClosed else { return false }
        parts.append(data)
        waiting += data.count
        condition.broadcast()
        return true
    }

    func finish(_ result: Result<Void, ModelHubError>) {
        condition.lock()
        end = end ?? result
        condition.broadcast()
        condition.unlock()
    }

    func take() throws(ModelHubError) -> Data? {
        condition.lock()
        defer { condition.unlock() }
        while parts.isEmpty, end == nil, !isClosed { condition.wait() }
        if !parts.isEmpty {
            let data = parts.removeFirst()
            waiting -= data.count
            condition.broadcast()
            return data
        }
        if case .failure(let error) = end { throw error }
        if isClosed, end == nil { throw .unreachable(url: "the transfer", reason: "it was interrupted here") }
        return nil
    }

    var isWanted: Bool { condition.withLock { !isClosed } }

    func close() {
        condition.lock()
        isClosed = true
        parts = []
        condition.broadcast()
        condition.unlock()
    }
}

/// Fetches until all bytes have come, or nobody wants them any more.
private struct StreamTransfer {
    let url: URL
    /// How many bytes of the file have been handed over, or were not wanted.
    var done: Int
    let options: DownloadOptions
    let queue: ByteQueue
    /// A client of its own: one whose reader waits holds up all transfers of its session.
    private let client = HTTPClient()
    private var total: Int?
    private var tag: String?
    private var wish: Double?
    /// Bytes of the present answer that came before.
    private var toPassOver = 0
    private var isAtEnd = false

    init(url: URL, done: Int, options: DownloadOptions, queue: ByteQueue) {
        self.url = url
        self.done = done
        self.options = options
        self.queue = queue
    }

    mutating func run() {
        var retries = Retries(options)
        while true {
            let before = done
            do throws(ModelHubError) {
                try attempt()
                return queue.finish(.success(()))
            } catch {
                guard queue.isWanted else { return }
                do throws(ModelHubError) {
                    try retries.wait(after: error, gained: done - before, wish: wish)
                } catch {
                    return queue.finish(.failure(error))
                }
            }
        }
    }

    private mutating func attempt() throws(ModelHubError) {
        wish = nil
        isAtEnd = false
        if let total, done == total { return }
        var request = HTTPRequest(url: url)
        if done > 0 {
            request.headers["Range"] = "bytes=\(done)-"
            request.headers["If-Range"] = tag
        }
        var this = self
        defer { self = this }
        _ = try client.send(
            request, options: options,
            answered: { (answer) throws(ModelHubError) in try this.begin(answer) },
            received: { (data) throws(ModelHubError) in try this.take(data) })
        if let total = this.total, this.done < total, !this.isAtEnd {
            throw .unreachable(url: url.shown, reason: "it ended after \(this.done) of \(total) bytes")
        }
    }

    /// Looks at an answer's head; returns whether its body is wanted.
    private mutating func begin(_ answer: HTTPAnswer) throws(ModelHubError) -> Bool {
        wish = answer.retryAfter
        if answer.status == 416, done > 0 {
            // A file whose size was never told may have ended exactly where the connection broke.
            let size = answer["Content-Range"].flatMap { $0.split(separator: "/").last }.flatMap { Int($0) }
            isAtEnd = size == done && total == nil
            guard isAtEnd else { throw .rangeMismatch(url: url.shown, asked: "bytes \(done)-", answered: "no range") }
            return false
        }
        try answer.check(hasToken: false)
        toPassOver = 0
        switch answer.status {
        case 206:
            guard done > 0, !answer.isEncoded, let range = ContentRange(answer["Content-Range"]), range.first == done
            else {
                throw .rangeMismatch(
                    url: answer.url.shown, asked: "bytes \(done)-", answered: answer["Content-Range"] ?? "no range")
            }
            try expect(range.total)
        case 200:
            guard !answer.isEncoded else {
                throw .invalidAnswer(url: answer.url.shown, reason: "it is encoded although that was not asked for")
            }
            if let tag, let new = answer.strongTag, new != tag {
                throw .invalidAnswer(url: answer.url.shown, reason: "the file changed while it was being read")
            }
            try expect(answer.contentLength)
            toPassOver = done
        default: throw .invalidAnswer(url: answer.url.shown, reason: "it has the status \(answer.status)")
        }
        tag = answer.strongTag ?? tag
        return true
    }

    private mutating func expect(_ size: Int?) throws(ModelHubError) {
        guard let size else { return }
        if let total, size != total { throw .lengthMismatch(url: url.shown, expected: total, received: size) }
        guard size <= options.maximumBytes else { throw .tooLarge(url: url.shown, limit: options.maximumBytes) }
        total = size
        queue.totalBytes = size
    }

    private mutating func take(_ data: Data) throws(ModelHubError) {
        var data = data
        if toPassOver > 0 {
            let passed = min(toPassOver, data.count)
            toPassOver -= passed
            data = data.dropFirst(passed)
        }
        guard !data.isEmpty else {
            guard queue.isWanted else { throw .unreachable(url: url.shown, reason: "nobody wants it any more") }
            return
        }
        let length = done + data.count
        if let total, length > total { throw .lengthMismatch(url: url.shown, expected: total, received: length) }
        guard length <= options.maximumBytes else { throw .tooLarge(url: url.shown, limit: options.maximumBytes) }
        guard queue.put(data) else { throw .unreachable(url: url.shown, reason: "nobody wants it any more") }
        done = length
    }
}
