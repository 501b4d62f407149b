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

    public var mode: Mode
    /// This process, from 0.
    public var rank: Int
    public var worldSize: Int

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
