/// In which order an epoch gives its pairs. The same order, epoch and data always give the same sequence.
public struct SampleOrder: Sendable, Equatable {
    /// What the random order, and every pair's own seed, are derived from.
    public var seed: UInt64
    /// Whether to shuffle at all; without, pairs come as they lie in the source.
    public var isShuffled: Bool
    /// How many pairs from shards are held back to be mixed. Tables and folders are shuffled as a whole.
    public var bufferCount: Int
    /// The most memory the pairs held back may take, in bytes: with large pictures fewer are held.
    public var bufferBytes: Int
    /// How many shards are read at once, each on a thread of its own; a pair of each in turn. The order depends on this
    /// number, but not on how fast the shards come.
    public var openShards = 1
    /// Whether each shard to be read is drawn anew from all shards, by their weights, instead of every shard being read
    /// once. The epoch then has no end of its own: see ``PairLoaderOptions/batchesPerEpoch``.
    public var drawsShardsWithReplacement = false

    public init(seed: UInt64, isShuffled: Bool = true, bufferCount: Int = 5000, bufferBytes: Int = 1 << 30) {
        self.seed = seed
        self.isShuffled = isShuffled
        self.bufferCount = bufferCount
        self.bufferBytes = bufferBytes
    }

    /// The order of a process that reads shards or pairs of its own.
    func own(_ assignment: ShardAssignment) -> SampleOrder {
        guard assignment.isDealt else { return self }
        var order = self
        order.seed = SplitMix64.seed(seed, 7, UInt64(assignment.rank))
        return order
    }

    /// The generator for one purpose in one epoch.
    func generator(epoch: Int, purpose: UInt64) -> SplitMix64 {
        SplitMix64(seed: SplitMix64.seed(seed, UInt64(bitPattern: Int64(epoch)), purpose))
    }

    /// The seed of the pair at a position: for its augmentation and the choice of its caption.
    func pairSeed(epoch: Int, position: Int) -> UInt64 {
        SplitMix64.seed(seed, UInt64(bitPattern: Int64(epoch)), 3, UInt64(bitPattern: Int64(position)))
    }
}

/// A pair with its place in an epoch.
public struct OrderedPair: Sendable {
    /// The place in the epoch's sequence, from 0. Rows and pictures that were skipped have places too.
    public let position: Int
    /// A random number that depends on the order's seed, the epoch and the position alone, not on threads.
    public let seed: UInt64
    public let sample: PairSample
}
