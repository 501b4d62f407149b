import Foundation

/// How pairs are loaded.
public struct PairLoaderOptions: Sendable, Equatable {
    /// Pairs in a batch.
    public var batchSize: Int
    /// Whether a last batch with fewer pairs is left out.
    public var dropsLast: Bool
    /// How many threads decode.
    public var threads: Int
    /// The most decoded pairs that wait for their batch: this bounds the memory.
    public var queueCapacity: Int

    /// - Parameter queueCapacity: By default two batches, and at least two pairs for each thread.
    public init(batchSize: Int, dropsLast: Bool = false, threads: Int = 2, queueCapacity: Int? = nil) {
        self.batchSize = batchSize
        self.dropsLast = dropsLast
        self.threads = threads
        self.queueCapacity = queueCapacity ?? max(Self.doubled(batchSize), Self.doubled(threads))
    }

    private static func doubled(_ value: Int) -> Int { value.multipliedReportingOverflow(by: 2).partialValue }
}

/// Decoded pairs that are used together.
public struct PairBatch<Decoded: Sendable>: Sendable {
    /// The decoded pairs, in the epoch's order.
    public let items: [Decoded]
    /// Each pair's place in the epoch.
    public let positions: [Int]
    /// Where to begin in order to go on after this batch.
    public let nextPosition: Int
}

/// Decodes the pairs of one epoch on several threads and hands them out in batches.
///
/// Batches depend on source, order, epoch and batch size only; the number of threads changes nothing. At most
/// ``PairLoaderOptions/queueCapacity`` decoded pairs exist at a time. The threads end with the epoch, with
/// ``cancel()``, or when the loader is released.
public final class PairLoader<Decoded: Sendable>: @unchecked Sendable {
    /// Turns a pair into what the training needs; called on several threads at once.
    public typealias Decode = @Sendable (_ sample: PairSample, _ seed: UInt64) throws -> Decoded

    private let queue: LoaderQueue<Decoded>
    private let options: PairLoaderOptions
    private let specification: String
    private let isWholeEpoch: Bool
    private let onSkip: @Sendable (SkippedSample) -> Void
    /// Guards what follows; only one thread at a time takes batches.
    private let lock = NSLock()
    private var delivered = 0
    private var skipped = 0
    private var end: Result<Void, any Error>?

    /// Starts to load.
    ///
    /// - Parameters:
    ///   - source: Where the pairs come from.
    ///   - order: Their order.
    ///   - epoch: Which epoch, from 0.
    ///   - startPosition: The position of the first pair wanted; ``PairBatch/nextPosition`` of the last batch used,
    ///     to resume.
    ///   - options: Batch size, threads, memory.
    ///   - onSkip: Told of each pair left out, in order, on the thread that calls ``next()``.
    ///   - decode: Decodes a pair with its seed. A pair for which it throws is skipped.
    /// - Throws: ``CLIPDataError/invalidOption(name:reason:)``.
    public init(
        source: PairSource, order: SampleOrder, epoch: Int, startPosition: Int = 0, options: PairLoaderOptions,
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }, decode: @escaping Decode
    ) throws(CLIPDataError) {
        let ranges = [
            ("batchSize", options.batchSize, 1, 1 << 24), ("threads", options.threads, 1, 1024),
            ("queueCapacity", options.queueCapacity, 1, 1 << 25), ("startPosition", startPosition, 0, Int.max),
            ("bufferCount", order.bufferCount, 1, Int.max), ("bufferBytes", order.bufferBytes, 1, Int.max),
        ]
        for (name, value, least, most) in ranges where value < least || value > most {
            throw .invalidOption(name: name, reason: "\(value) is not between \(least) and \(most)")
        }
        self.options = options
        self.onSkip = onSkip
        specification = source.specification
        isWholeEpoch = startPosition == 0
        let stream = PairStream(source: source, order: order, epoch: epoch, startPosition: startPosition)
        queue = LoaderQueue(stream: stream, capacity: options.queueCapacity, decode: decode)
        queue.start(threads: options.threads)
    }

    deinit { queue.stop() }

    /// The next batch, or `nil` after the last. Waits until it is decoded.
    ///
    /// - Throws: ``CLIPDataError`` when a shard cannot be read, when the whole epoch has not one usable pair, or when
    ///   the loader is cancelled. An error is thrown again by every later call.
    public func next() throws -> PairBatch<Decoded>? {
        lock.lock()
        defer { lock.unlock() }
        if let end {
            try end.get()
            return nil
        }
        var items: [Decoded] = []
        var positions: [Int] = []
        while items.count < options.batchSize, end == nil {
            switch queue.take() {
            case .decoded(let item, let position):
                items.append(item)
                positions.append(position)
            case .skipped(let sample):
                skipped += 1
                onSkip(sample)
            case .failed(let error):
                end = .failure(error)
                throw error
            case .finished:
                end = .success(())
            }
        }
        delivered += items.count
        if end != nil, delivered == 0, isWholeEpoch {
            let error = CLIPDataError.noPairs(source: specification, skipped: skipped)
            end = .failure(error)
            throw error
        }
        if items.isEmpty || items.count < options.batchSize && options.dropsLast { return nil }
        return PairBatch(items: items, positions: positions, nextPosition: (positions.last ?? 0) + 1)
    }

    /// How many pairs have been skipped so far.
    public var skippedCount: Int {
        lock.lock()
        defer { lock.unlock() }
        return skipped
    }

    /// Ends the loading, also of a ``next()`` that waits on another thread, and returns when all threads have ended.
    ///
    /// A pair that is being decoded is decoded to its end first.
    public func cancel() {
        queue.stop()
        queue.waitUntilStopped()
    }
}
