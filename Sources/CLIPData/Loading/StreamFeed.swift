import Foundation

/// Hands a stream's batches to threads, and what became of them to whoever goes through the list. Used on one thread.
final class StreamFeed<Input: Sendable, Output: Sendable> {
    typealias Batch = PictureStream<Input, Output>.Batch

    private let stream: PictureStream<Input, Output>
    private let endsWithFailure: Bool
    /// Nil until it is known how many pictures there are, or that there are more than one batch.
    private var plan: StreamSizes.Plan?
    private var queue: StreamQueue<Input, Output>?

    /// - Parameter plan: nil where the list does not say how long it is.
    init(_ stream: PictureStream<Input, Output>, _ plan: StreamSizes.Plan?, endsWithFailure: Bool) {
        (self.stream, self.plan, self.endsWithFailure) = (stream, plan, endsWithFailure)
    }

    var batchSize: Int { plan?.batchSize ?? stream.sizes.batchSize }

    /// Has a batch made, once there is room, and hands over what is ready.
    func give(_ entries: [StreamEntry], _ body: (Batch) throws -> Void) throws {
        try Task.checkCancellation()
        let plan = plan ?? stream.sizes.plan(nil)
        self.plan = plan
        // Alone, this thread does all by itself.
        guard plan.workers > 1 else {
            return try body(stream.batch(entries, threads: plan.threads, endsWithFailure: endsWithFailure))
        }
        let queue = queue ?? StreamQueue(stream, plan, endsWithFailure: endsWithFailure)
        self.queue = queue
        while queue.isFull { try body(queue.take()) }
        queue.give(entries)
        while let ready = try queue.takeIfReady() { try body(ready) }
    }

    /// Has the last batch made, shared out to all threads, and waits for the rest.
    func finish(_ entries: [StreamEntry], _ body: (Batch) throws -> Void) throws {
        if !entries.isEmpty {
            let last = stream.sizes.plan(entries.count)
            if plan == nil { plan = last }
            for start in stride(from: 0, to: entries.count, by: last.batchSize) {
                try give(Array(entries[start..<min(entries.count, start + last.batchSize)]), body)
            }
        }
        while let queue, !queue.isEmpty { try body(queue.take()) }
    }

    /// Ends the threads, and waits until they have ended.
    func stop() { queue?.stop() }
}

/// What the threads of a stream share. A batch has a ticket; results are taken in the tickets' order.
private final class StreamQueue<Input: Sendable, Output: Sendable>: @unchecked Sendable {
    typealias Batch = PictureStream<Input, Output>.Batch

    private let stream: PictureStream<Input, Output>
    private let threads: Int
    private let endsWithFailure: Bool
    private let capacity: Int

    /// Guards what follows.
    private let condition = NSCondition()
    private var waiting: [(ticket: Int, entries: [StreamEntry])] = []
    private var results: [Int: Result<Batch, any Error>] = [:]
    private var given = 0
    private var taken = 0
    /// The first batch that failed: what comes after it is not needed any more.
    private var failed = Int.max
    private var isStopped = false
    private var running: Int

    init(_ stream: PictureStream<Input, Output>, _ plan: StreamSizes.Plan, endsWithFailure: Bool) {
        (self.stream, self.endsWithFailure, threads) = (stream, endsWithFailure, plan.threads)
        // One that is made, and one that waits, for each.
        capacity = 2 * plan.workers
        running = plan.workers
        for index in 0..<plan.workers {
            let thread = Thread { self.work() }
            thread.name = "picture-stream-\(index)"
            // Image libraries want more than the 512 KiB that macOS gives by default.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    private func locked<Value>(_ body: () throws -> Value) rethrows -> Value {
        condition.lock()
        defer { condition.unlock() }
        return try body()
    }

    var isFull: Bool { locked { given - taken >= capacity } }
    var isEmpty: Bool { locked { given == taken } }

    func give(_ entries: [StreamEntry]) {
        locked {
            waiting.append((given, entries))
            given += 1
            condition.broadcast()
        }
    }

    /// The next batch; waits for it.
    func take() throws -> Batch {
        try locked {
            while true {
                if let ready = try nextReady() { return ready }
                condition.wait()
            }
        }
    }

    func takeIfReady() throws -> Batch? { try locked { try nextReady() } }

    private func nextReady() throws -> Batch? {
        guard let result = results.removeValue(forKey: taken) else { return nil }
        taken += 1
        return try result.get()
    }

    func stop() {
        locked {
            isStopped = true
            condition.broadcast()
            while running > 0 { condition.wait() }
        }
    }

    private func work() {
        while let (ticket, entries) = next() {
            let result = Result {
                try stream.batch(entries, threads: threads, endsWithFailure: endsWithFailure) {
                    locked { isStopped || ticket > failed }
                }
            }
            locked {
                if case .failure = result { failed = min(failed, ticket) }
                results[ticket] = result
                condition.broadcast()
            }
        }
        locked {
            running -= 1
            condition.broadcast()
        }
    }

    private func next() -> (ticket: Int, entries: [StreamEntry])? {
        locked {
            while waiting.isEmpty, !isStopped { condition.wait() }
            return isStopped ? nil : waiting.removeFirst()
        }
    }
}
