import Foundation

/// The bytes of a file on a server, in their order, fetched by a thread of its own a little ahead of whoever reads.
///
/// A connection that breaks is made again and goes on with the first byte that is missing; see ``ResumingTransfer``.
/// Nothing is written to disk.
package final class RemoteByteStream: @unchecked Sendable {
    private let queue: ByteQueue

    /// - Parameters:
    ///   - offset: the first byte wanted.
    ///   - bufferBytes: how far the thread may be ahead.
    package init(_ url: URL, from offset: Int = 0, options: DownloadOptions, bufferBytes: Int = 4 << 20) {
        let queue = ByteQueue(capacity: bufferBytes)
        self.queue = queue
        let thread = Thread {
            // A client of its own: one whose reader waits holds up all transfers of its session.
            var transfer = ResumingTransfer(HTTPRequest(url: url), client: HTTPClient(), options: options)
            let sink = StreamSink(queue, url: url, offset: offset)
            queue.finish(Result { () throws(TransferError) in try transfer.run(into: sink) })
        }
        thread.name = "remote-bytes"
        thread.start()
    }

    deinit { queue.close() }

    /// The next bytes, or `nil` after the last; waits for them.
    /// - Throws: ``TransferError``, after as many tries as the options allow; then again at every later call.
    package func next() throws(TransferError) -> Data? { try queue.take() }

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
    private var end: Result<Void, TransferError>?
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

    func finish(_ result: Result<Void, TransferError>) {
        condition.lock()
        if !isClosed { end = end ?? result }
        condition.broadcast()
        condition.unlock()
    }

    func take() throws(TransferError) -> Data? {
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

/// Hands bytes over to the queue: they cannot be taken back.
private final class StreamSink: ByteSink {
    private let queue: ByteQueue
    private let url: URL
    private(set) var length: Int

    init(_ queue: ByteQueue, url: URL, offset: Int) {
        self.queue = queue
        self.url = url
        length = offset
    }

    var canRestart: Bool { false }
    var isWanted: Bool { queue.isWanted }

    func restart() throws(TransferError) {
        throw .invalidAnswer(url: url.shown, reason: "its beginning came again after it had been read")
    }

    func append(_ data: Data) throws(TransferError) {
        guard queue.put(data) else { throw .unreachable(url: url.shown, reason: "nobody wants it any more") }
        length += data.count
    }

    func expect(_ total: Int) { queue.totalBytes = total }
}
