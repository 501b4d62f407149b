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

    /// One shard at a time, each once an epoch; see the properties for the rest.
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

    /// The indices of a list's elements in an epoch's order: all of them, or this process's share.
    ///
    /// - Parameters:
    ///   - elements: What they are, for messages.
    ///   - remedy: What can be done where there are too few.
    /// - Throws: ``CLIPDataError/invalidOption(name:reason:)`` where there are fewer than processes that want one each.
    func indices(
        of count: Int, _ elements: String, epoch: Int, assignment: ShardAssignment, remedy: String = ""
    ) throws(CLIPDataError) -> [Int] {
        var indices = Array(0..<count)
        if isShuffled {
            var generator = generator(epoch: epoch, purpose: 1)
            generator.shuffle(&indices)
        }
        guard assignment.isDealt else { return indices }
        guard count >= assignment.worldSize else {
            throw .invalidOption(
                name: "shard assignment",
                reason: "\(count) \(elements) cannot be dealt to \(assignment.worldSize) processes\(remedy)")
        }
        return stride(from: assignment.rank, to: count, by: assignment.worldSize).map { indices[$0] }
    }

    /// The seed of the pair at a position: for its augmentation and the choice of its caption.
    func pairSeed(epoch: Int, position: Int) -> UInt64 {
        SplitMix64.seed(seed, UInt64(bitPattern: Int64(epoch)), 3, UInt64(bitPattern: Int64(position)))
    }
}

/// What one of several processes reads, when they train together.
public struct ShardAssignment: Sendable, Equatable, Codable {
    /// How an epoch is divided.
    public enum Mode: String, Sendable, Equatable, Codable, CaseIterable {
        /// Every process walks through the whole epoch in the same order and decodes its own part of each global batch:
        /// process `r` the places `r · b` to `(r + 1) · b`, where `b` is ``PairLoaderOptions/batchSize``. The steps are
        /// those of one process with the batch `b · worldSize`, at the price that each process reads all shards.
        ///
        /// Where a picture cannot be decoded, the nearest pair of the same process's part stands in for it, since
        /// nobody else learns of it; one process alone takes the pair that follows.
        case exact
        /// The shards (or a list's pairs) of each epoch's order are dealt out, so that each is read by one process.
        /// Processes then have different numbers of pairs: each begins its own part again where it runs out, until
        /// ``PairLoaderOptions/batchesPerEpoch`` batches are given, which every process has equally.
        case scale
    }

    /// How the processes share an epoch.
    public var mode: Mode
    /// This process, from 0.
    public var rank: Int
    /// How many processes there are.
    public var worldSize: Int

    /// Nothing is checked here: an impossible rank is refused where the assignment is used.
    public init(rank: Int, worldSize: Int, mode: Mode = .exact) {
        self.rank = rank
        self.worldSize = worldSize
        self.mode = mode
    }

    /// A process that reads alone.
    public static let alone = ShardAssignment(rank: 0, worldSize: 1)

    /// Whether each process has a sequence of its own.
    var isDealt: Bool { mode == .scale && worldSize > 1 }
    /// Whether this process decodes only some pairs of a common sequence.
    var isPartial: Bool { mode == .exact && worldSize > 1 }

    func check() throws(CLIPDataError) {
        guard worldSize >= 1, worldSize <= 1 << 20, rank >= 0, rank < worldSize else {
            throw .invalidOption(
                name: "shard assignment",
                reason: "rank \(rank) of \(worldSize) processes; ranks count from 0 to the number of processes less 1")
        }
    }
}
