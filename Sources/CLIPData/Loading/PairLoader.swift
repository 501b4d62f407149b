import Foundation

/// How pairs are loaded.
public struct PairLoaderOptions: Sendable, Equatable {
    /// Pairs in a batch of this process.
    public var batchSize: Int
    /// Whether a last batch with fewer pairs is left out.
    public var dropsLast: Bool
    /// How many threads decode.
    public var threads: Int
    /// The most decoded pairs that wait for their batch: this bounds the memory.
    public var queueCapacity: Int
    /// After how many batches an epoch ends. Where shards are drawn with replacement, or dealt to several processes
    /// (``ShardAssignment/Mode/scale``), nothing else ends it, and this has to be given.
    public var batchesPerEpoch: Int?

    /// - Parameters:
    ///   - batchSize: pairs in a batch.
    ///   - dropsLast: whether a last batch that is not full is left out.
    ///   - threads: threads that decode.
    ///   - queueCapacity: by default two batches, and at least two pairs for each thread.
    public init(batchSize: Int, dropsLast: Bool = false, threads: Int = 2, queueCapacity: Int? = nil) {
        self.batchSize = batchSize
        self.dropsLast = dropsLast
        self.threads = threads
        self.queueCapacity = queueCapacity ?? max(Self.doubled(batchSize), Self.doubled(threads))
    }

    private static func doubled(_ value: Int) -> Int { value.multipliedReportingOverflow(by: 2).partialValue }
}

/// Decoded pairs that are used together: a list of them as ``PairLoader`` gives it, or what was made of the list.
public struct PairBatch<Content: Sendable>: Sendable {
    /// The decoded pairs, in the epoch's order.
    public let content: Content
    /// Each pair's place in the epoch.
    public let positions: [Int]
    let tracker: CursorTracker

    /// Where to begin in order to go on after this batch.
    public var nextPosition: Int { tracker.position }

    /// Where to go on after this batch, for ``PairLoader/init(source:order:resumingAt:assignment:options:onSkip:decode:)``.
    public var cursor: DataCursor { tracker.cursor }

    /// The batch with other content.
    func with<Other>(_ content: Other) -> PairBatch<Other> {
        PairBatch<Other>(content: content, positions: positions, tracker: tracker)
    }
}

/// Decodes the pairs of one epoch on several threads and hands them out in batches.
///
/// Batches depend on source, order, epoch, assignment and batch size only; the number of threads changes nothing. At
/// most ``PairLoaderOptions/queueCapacity`` decoded pairs exist at a time. The threads end with the epoch, with
/// ``cancel()``, or when the loader is released.
public final class PairLoader<Decoded: Sendable>: @unchecked Sendable {
    /// Turns a pair into what the training needs; called on several threads at once.
    public typealias Decode = @Sendable (_ sample: PairSample, _ seed: UInt64) throws -> Decoded

    private let queue: LoaderQueue<Decoded>
    private let options: PairLoaderOptions
    private let specification: String
    private let isWholeEpoch: Bool
    /// Whether batches are places of a common sequence, where a pair that cannot be decoded leaves a gap.
    private let hasFixedPlaces: Bool
    private let patience: Int?
    private let onSkip: @Sendable (SkippedSample) -> Void
    /// Guards what follows; only one thread at a time takes batches.
    private let lock = NSLock()
    private var tracker: CursorTracker
    private var skips = SkipSummary()
    /// The shard of the last pair that could be used, where the epoch has no end.
    private var lastUsed = 0
    private var end: Result<Void, any Error>?

    /// Starts to load an epoch from its beginning, or from a position in it; see ``PairStream`` for what that costs.
    ///
    /// - Parameters:
    ///   - source: where pairs come from.
    ///   - order: the order of the pairs.
    ///   - epoch: which epoch, from 0.
    ///   - startPosition: the position of the first pair wanted; ``PairBatch/nextPosition`` of the last batch used.
    ///   - options: batches and threads.
    ///   - onSkip: told of every pair that is left out, on another thread.
    ///   - decode: makes of a pair what is wanted, on several threads.
    /// - Throws: ``CLIPDataError``.
    public convenience init(
        source: PairSource, order: SampleOrder, epoch: Int, startPosition: Int = 0, options: PairLoaderOptions,
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }, decode: @escaping Decode
    ) throws(CLIPDataError) {
        guard startPosition >= 0 else {
            throw .invalidOption(name: "startPosition", reason: "\(startPosition) is not a place in an epoch")
        }
        try self.init(
            source: source, order: order, cursor: DataCursor(epoch: epoch), assignment: .alone,
            startPosition: startPosition, options: options, onSkip: onSkip, decode: decode)
    }

    /// Starts to load at a place in an epoch, and gives exactly what would have followed there.
    ///
    /// Of the shards, those that are open there and those whose pairs were held back are read again, no others.
    ///
    /// - Parameters:
    ///   - source: Where the pairs come from.
    ///   - order: Their order.
    ///   - cursor: ``PairBatch/cursor`` of the last batch used, or ``DataCursor/init(epoch:)`` for a whole epoch.
    ///   - assignment: What this process reads. Cursors of dealt shards are each process's own; others are the same in
    ///     all processes, and good for any number of them.
    ///   - options: Batch size, threads, memory.
    ///   - onSkip: Told of each pair left out, in order, on the thread that calls ``next()``. Of several processes with
    ///     one sequence, the first tells what is no pair, and each what it could not decode.
    ///   - decode: Decodes a pair with its seed. A pair for which it throws is skipped.
    /// - Throws: ``CLIPDataError``: options that cannot be, a cursor of other data, too few shards for the processes.
    public convenience init(
        source: PairSource, order: SampleOrder, resumingAt cursor: DataCursor, assignment: ShardAssignment = .alone,
        options: PairLoaderOptions, onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in },
        decode: @escaping Decode
    ) throws(CLIPDataError) {
        try self.init(
            source: source, order: order, cursor: cursor, assignment: assignment, startPosition: 0, options: options,
            onSkip: onSkip, decode: decode)
    }

    private init(
        source: PairSource, order: SampleOrder, cursor: DataCursor, assignment: ShardAssignment, startPosition: Int,
        options: PairLoaderOptions, onSkip: @escaping @Sendable (SkippedSample) -> Void, decode: @escaping Decode
    ) throws(CLIPDataError) {
        let ranges = [
            ("batchSize", options.batchSize, 1, 1 << 24), ("threads", options.threads, 1, 1024),
            ("queueCapacity", options.queueCapacity, 1, 1 << 25), ("bufferCount", order.bufferCount, 1, Int.max),
            ("bufferBytes", order.bufferBytes, 1, Int.max),
            ("batchesPerEpoch", options.batchesPerEpoch ?? 1, 1, Int.max / 4),
        ]
        for (name, value, least, most) in ranges where value < least || value > most {
            throw .invalidOption(name: name, reason: "\(value) is not between \(least) and \(most)")
        }
        let isEndless = assignment.isDealt || order.drawsShardsWithReplacement
        if isEndless, options.batchesPerEpoch == nil {
            throw .invalidOption(
                name: "batchesPerEpoch",
                reason: "shards that are drawn with replacement or dealt to processes make epochs without an end; say "
                    + "how many batches one has")
        }
        let stream = try PairStream(
            source: source, order: order, cursor: cursor, assignment: assignment, batchSize: options.batchSize,
            isEndless: assignment.isDealt, startPosition: startPosition)
        self.options = options
        self.onSkip = onSkip
        specification = source.specification
        tracker = CursorTracker(cursor)
        isWholeEpoch = cursor.isStart && startPosition == 0
        hasFixedPlaces = assignment.isPartial
        patience = stream.patience
        queue = LoaderQueue(stream: stream, capacity: options.queueCapacity, decode: decode)
        queue.start(threads: options.threads)
    }

    deinit { queue.stop() }

    /// The next batch, or `nil` after the last. Waits until it is decoded.
    ///
    /// - Throws: ``CLIPDataError`` when a shard cannot be read, when the whole epoch has not one usable pair, or when
    ///   the loader is cancelled. An error is thrown again by every later call.
    public func next() throws -> PairBatch<[Decoded]>? {
        lock.lock()
        defer { lock.unlock() }
        if let end {
            try end.get()
            return nil
        }
        do {
            return try nextBatch()
        } catch {
            end = .failure(error)
            throw error
        }
    }

    private func nextBatch() throws -> PairBatch<[Decoded]>? {
        if tracker.batches >= options.batchesPerEpoch ?? .max {
            end = .success(())
            queue.stop()
            return nil
        }
        var batch = GatheredBatch<Decoded>()
        var isWhole = false
        while !isWhole, end == nil {
            let (outcome, trace) = queue.take()
            if let trace { tracker.apply(trace) }
            switch outcome {
            case .decoded(let item, let position):
                batch.add(item, at: position)
                lastUsed = tracker.lowestOrdinal
            case .skipped(let sample, let wasPair):
                skips.add(sample)
                onSkip(sample)
                if wasPair, hasFixedPlaces { batch.addGap() }
            case .passed: break
            case .failed(let error): throw error
            case .finished: end = .success(())
            }
            if let patience, tracker.lowestOrdinal - lastUsed > patience { throw nothing }
            isWhole = hasFixedPlaces ? trace?.endsBatch ?? false : batch.items.count == options.batchSize
        }
        if end != nil, batch.items.isEmpty, isWholeEpoch, tracker.batches == 0 { throw nothing }
        if !isWhole, options.dropsLast || batch.items.isEmpty { return nil }
        guard let filled = batch.filled() else { throw nothing }
        tracker.countBatch()
        return PairBatch(content: filled.items, positions: filled.positions, tracker: tracker)
    }

    private var nothing: CLIPDataError { .noPairs(source: specification, skips: skips) }

    /// How many pairs have been skipped so far, by reason.
    public var skipSummary: SkipSummary { lock.withLock { skips } }

    /// Ends the loading, also of a ``next()`` that waits on another thread, and returns when all threads have ended.
    ///
    /// A pair that is being decoded is decoded to its end first.
    public func cancel() {
        queue.stop()
        queue.waitUntilStopped()
    }

    /// The batches from here on, put together by a thread of its own a little ahead of their use, so that stacking and
    /// scaling pictures takes place while the one before is trained on. Nobody else may take batches from the loader.
    ///
    /// - Parameters:
    ///   - count: Batches that may wait or be in the making, at least 1.
    ///   - assemble: Makes one batch of decoded pairs. What it throws is thrown by ``ReadAhead/next()``.
    public func ahead<Assembled>(
        _ count: Int = 2, assemble: @escaping @Sendable (_ pairs: [Decoded]) throws -> Assembled
    ) -> ReadAhead<PairBatch<Assembled>> {
        ReadAhead(
            name: "batch-assembly", count: count, stopSource: { self.queue.stop() }, cancelSource: { self.cancel() },
            make: { try self.next().map { batch in batch.with(try assemble(batch.content)) } })
    }
}

/// A batch on its way, with the places of pairs that could not be decoded.
private struct GatheredBatch<Decoded> {
    private(set) var items: [Decoded] = []
    private var positions: [Int] = []
    /// Before which items there are gaps.
    private var gaps: [Int] = []

    mutating func add(_ item: Decoded, at position: Int) {
        items.append(item)
        positions.append(position)
    }

    mutating func addGap() { gaps.append(items.count) }

    /// With the item before each gap in it, or the one after the gaps at the beginning; `nil` where there are none.
    func filled() -> (items: [Decoded], positions: [Int])? {
        guard !items.isEmpty else { return nil }
        guard !gaps.isEmpty else { return (items, positions) }
        let places = (Array(items.indices) + gaps.map { max(0, $0 - 1) }).sorted()
        return (places.map { items[$0] }, places.map { positions[$0] })
    }
}
