/// Which shard comes when. The shards that a process reads in an epoch are numbered in the order of their turn; such a
/// number is called an ordinal here. What an ordinal stands for depends on nothing that was read before, so that a
/// resumed run finds its place at once.
struct ShardSchedule: Sendable {
    private enum Plan: Sendable {
        /// Indices of shards in their order; over again where the epoch has no end of its own.
        case once([Int], isEndless: Bool)
        /// Draws with replacement: the weights summed up, and what the draws are derived from.
        case drawn(cumulative: [Double], seed: UInt64)
    }

    private let shards: [Shard]
    private let plan: Plan
    private let maximumEntryBytes: Int
    private let interruption: ReadInterruption

    /// - Throws: ``CLIPDataError`` when there are fewer shards than processes that want one each.
    init(
        _ shards: [Shard], order: SampleOrder, epoch: Int, assignment: ShardAssignment, isEndless: Bool,
        maximumEntryBytes: Int = ShardReader.defaultMaximumEntryBytes,
        interruption: ReadInterruption = ReadInterruption()
    ) throws(CLIPDataError) {
        self.shards = shards
        self.maximumEntryBytes = maximumEntryBytes
        self.interruption = interruption
        if order.drawsShardsWithReplacement {
            var total = 0.0
            let cumulative = shards.map { shard in
                total += shard.weight
                return total
            }
            let own = assignment.isDealt ? UInt64(assignment.rank) + 1 : 0
            plan = .drawn(
                cumulative: cumulative,
                seed: SplitMix64.seed(order.seed, UInt64(bitPattern: Int64(epoch)), 5, own))
            return
        }
        let indices = try order.indices(
            of: shards.count, "shards", epoch: epoch, assignment: assignment,
            remedy: "; write more and smaller shards, draw shards with replacement, or assign them exactly")
        plan = .once(indices, isEndless: isEndless)
    }

    /// The pairs of a place's shard from that place, or `nil` after the last shard.
    ///
    /// - Parameter selects: Which samples are read, by their number; the others come out as without a picture.
    func pairs(
        from place: EntryPlace, selects: @escaping (_ sample: Int) -> Bool = { _ in true }
    ) throws -> ShardPairs? {
        try shard(at: place.ordinal).map { shard in
            try ShardPairs(
                path: shard.location, number: shard.number, from: place, maximumEntryBytes: maximumEntryBytes,
                interruption: interruption, selects: selects)
        }
    }

    /// The shard with an ordinal, or `nil` after the last.
    func shard(at ordinal: Int) -> Shard? {
        switch plan {
        case .once(let indices, let isEndless):
            guard ordinal >= 0, isEndless || ordinal < indices.count else { return nil }
            return shards[indices[ordinal % indices.count]]
        case .drawn(let cumulative, let seed):
            guard ordinal >= 0, let total = cumulative.last else { return nil }
            var generator = SplitMix64(seed: SplitMix64.seed(seed, UInt64(ordinal)))
            let drawn = generator.unit() * total
            // The first shard whose sum is above what was drawn: one of weight 0 has no such place.
            var low = 0
            var high = cumulative.count - 1
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] > drawn { high = middle } else { low = middle + 1 }
            }
            return shards[low]
        }
    }

    /// After how many ordinals without a single usable pair it is plain that none will come.
    var patience: Int { 2 * shards.count + 1000 }
}
