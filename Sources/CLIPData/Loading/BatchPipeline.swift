import Foundation

/// Batches that are put together on a thread of their own, a little ahead of their use, so that stacking and scaling
/// pictures takes place while the one before is trained on.
///
/// At most `ahead` batches wait, the one in the making among them; the loader behind has its own bound. The thread
/// ends with the epoch, with ``cancel()``, or when the pipeline is released.
public final class BatchPipeline<Assembled: Sendable>: @unchecked Sendable {
    public struct Batch: Sendable {
        public let content: Assembled
        /// Each pair's place in the epoch.
        public let positions: [Int]
        fileprivate let place: CursorPlace

        /// Where to go on after this batch.
        public var cursor: DataCursor { place.cursor }
    }

    private let queue: BatchQueue<Batch>
    private let stopLoader: @Sendable () -> Void
    private let cancelLoader: @Sendable () -> Void

    /// - Parameters:
    ///   - loader: Nobody else may take batches from it.
    ///   - ahead: Batches that may wait or be in the making, at least 1.
    ///   - assemble: Makes one batch of decoded pairs. What it throws is thrown by ``next()``.
    public init<Decoded: Sendable>(
        _ loader: PairLoader<Decoded>, ahead: Int = 2,
        assemble: @escaping @Sendable (_ items: [Decoded]) throws -> Assembled
    ) {
        let queue = BatchQueue<Batch>(capacity: max(1, ahead))
        self.queue = queue
        stopLoader = { loader.stop() }
        cancelLoader = { loader.cancel() }
        let thread = Thread {
            queue.fill {
                try loader.next().map { batch in
                    Batch(content: try assemble(batch.items), positions: batch.positions, place: batch.place)
                }
            }
        }
        thread.name = "batch-assembly"
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit {
        queue.stop()
        stopLoader()
    }

    /// The next batch, or `nil` after the last; waits until it is there.
    ///
    /// - Throws: What the loader or the assembling threw, again at every later call.
    public func next() throws -> Batch? { try queue.take() }

    /// How many seconds ``next()`` has waited in all.
    public var secondsWaited: Double { queue.secondsWaited }

    /// Ends the loading, also of a ``next()`` that waits on another thread, and returns when the decoding has ended.
    public func cancel() {
        queue.stop()
        cancelLoader()
    }
}

/// A bounded queue that one thread fills and others empty.
private final class BatchQueue<Element: Sendable>: @unchecked Sendable {
    private let capacity: Int
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var end: Result<Void, any Error>?
    private var isStopped = false
    private var waited = 0.0

    init(capacity: Int) { self.capacity = capacity }

    var secondsWaited: Double { condition.withLock { waited } }

    func fill(_ make: () throws -> Element?) {
        while waitForRoom() {
            let made = Result { try make() }
            condition.lock()
            defer { condition.unlock() }
            switch made {
            case .success(let element?): if !isStopped { elements.append(element) }
            case .success(nil): end = end ?? .success(())
            case .failure(let error): end = end ?? .failure(error)
            }
            condition.broadcast()
        }
    }

    private func waitForRoom() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while elements.count >= capacity, !isStopped { condition.wait() }
        return !isStopped && end == nil
    }

    func take() throws -> Element? {
        condition.lock()
        defer { condition.unlock() }
        if elements.isEmpty, end == nil {
            let start = ProcessInfo.processInfo.systemUptime
            while elements.isEmpty, end == nil { condition.wait() }
            waited += ProcessInfo.processInfo.systemUptime - start
        }
        guard elements.isEmpty else {
            condition.broadcast()
            return elements.removeFirst()
        }
        try end?.get()
        return nil
    }

    func stop() {
        condition.lock()
        isStopped = true
        elements = []
        end = .failure(CLIPDataError.cancelled)
        condition.broadcast()
        condition.unlock()
    }
}
