/// The pairs of one epoch, one after another, in the order that ``SampleOrder`` fixes.
///
/// To resume, begin at a later position: what follows is what would have followed. In tables and folders that is
/// immediate; shards are read through to that place, without decoding. What is skipped on the way is not told again.
public final class PairStream {
    /// One step through the epoch.
    public enum Step: Sendable {
        case pair(OrderedPair)
        case skipped(SkippedSample)
    }

    private let order: SampleOrder
    private let epoch: Int
    private let startPosition: Int
    private var position = 0
    private var steps: any PairSteps

    /// - Parameters:
    ///   - source: Where the pairs come from.
    ///   - order: Their order.
    ///   - epoch: Which epoch, from 0; each has an order of its own.
    ///   - startPosition: The position of the first pair wanted.
    public init(source: PairSource, order: SampleOrder, epoch: Int, startPosition: Int = 0) {
        self.order = order
        self.epoch = epoch
        self.startPosition = max(0, startPosition)
        switch source.contents {
        case .shards(let paths):
            steps = ShardSteps(paths: paths, order: order, epoch: epoch, maximumEntryBytes: source.maximumEntryBytes)
        case .list(let list):
            steps = ListSteps(list: list, order: order, epoch: epoch, start: self.startPosition)
            position = self.startPosition
        }
    }

    /// The next step, or `nil` at the epoch's end.
    ///
    /// - Throws: ``CLIPDataError`` when a shard cannot be read or is empty.
    public func next() throws -> Step? {
        while let step = try steps.next() {
            switch step {
            case .success(let sample):
                defer { position += 1 }
                guard position >= startPosition else { continue }
                let seed = order.pairSeed(epoch: epoch, position: position)
                return .pair(OrderedPair(position: position, seed: seed, sample: sample))
            case .failure(let error):
                let isBeforeStart = position < startPosition
                if steps.countsSkipped { position += 1 }
                if !isBeforeStart { return .skipped(error.skipped) }
            }
        }
        return nil
    }
}

/// Pairs in their final order.
protocol PairSteps {
    /// Whether what is skipped has a position of its own.
    var countsSkipped: Bool { get }
    mutating func next() throws -> Result<PairSample, SkippedSampleError>?
}

/// A list, shuffled as a whole.
private struct ListSteps: PairSteps {
    let countsSkipped = true
    private let list: any PairList
    private var indices: [Int]
    private var index: Int

    init(list: any PairList, order: SampleOrder, epoch: Int, start: Int) {
        self.list = list
        indices = Array(0..<list.count)
        index = min(start, list.count)
        if order.isShuffled {
            var generator = order.generator(epoch: epoch, purpose: 1)
            generator.shuffle(&indices)
        }
    }

    mutating func next() -> Result<PairSample, SkippedSampleError>? {
        guard index < indices.count else { return nil }
        defer { index += 1 }
        return list.pair(at: indices[index])
    }
}

/// Shards in random order, and their pairs mixed in a buffer: each pair given out is drawn from the buffer at random,
/// and the next one from the shards takes its place.
private struct ShardSteps: PairSteps {
    let countsSkipped = false
    private let paths: [String]
    private let maximumEntryBytes: Int
    private let bufferCount: Int
    private let bufferBytes: Int
    private var generator: SplitMix64
    private var nextPath = 0
    private var shard: ShardPairs?
    private var buffer: [PairSample] = []
    private var heldBytes = 0
    private var isExhausted = false

    init(paths: [String], order: SampleOrder, epoch: Int, maximumEntryBytes: Int) {
        var shuffled = paths
        if order.isShuffled {
            var generator = order.generator(epoch: epoch, purpose: 1)
            generator.shuffle(&shuffled)
        }
        self.paths = shuffled
        self.maximumEntryBytes = maximumEntryBytes
        bufferCount = order.isShuffled ? max(1, order.bufferCount) : 1
        bufferBytes = order.bufferBytes
        generator = order.generator(epoch: epoch, purpose: 2)
    }

    mutating func next() throws -> Result<PairSample, SkippedSampleError>? {
        while !isExhausted, buffer.isEmpty || buffer.count < bufferCount && heldBytes < bufferBytes {
            switch try nextRead() {
            case .success(let sample):
                buffer.append(sample)
                heldBytes += sample.heldBytes
            case .failure(let error): return .failure(error)
            case nil: isExhausted = true
            }
        }
        guard !buffer.isEmpty else { return nil }
        buffer.swapAt(generator.integer(below: buffer.count), buffer.count - 1)
        let sample = buffer.removeLast()
        heldBytes -= sample.heldBytes
        return .success(sample)
    }

    /// The next pair in the shards' own order.
    private mutating func nextRead() throws -> Result<PairSample, SkippedSampleError>? {
        while true {
            if let step = try shard?.next() { return step }
            guard nextPath < paths.count else {
                shard = nil
                return nil
            }
            shard = try ShardPairs(path: paths[nextPath], maximumEntryBytes: maximumEntryBytes)
            nextPath += 1
        }
    }
}
