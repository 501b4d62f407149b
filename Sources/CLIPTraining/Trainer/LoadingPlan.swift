import CLIPData

/// How a run reads its pairs.
public struct LoadingPlan: Sendable, Equatable {
    /// Threads that decode.
    public var threads = 2
    /// Shards that are read at once; see `SampleOrder.openShards`.
    public var openShards = 1
    /// See `SampleOrder.drawsShardsWithReplacement`.
    public var drawsShardsWithReplacement = false
    /// How several processes share the pairs.
    public var assignment = ShardAssignment.Mode.exact
    /// See `PairLoaderOptions.batchesPerEpoch`.
    public var batchesPerEpoch: Int?
    /// Finished batches that wait for the towers.
    public var batchesAhead = 2

    public init() {}

    /// The most memory that decoded pictures may take while they wait for their batch; and batches above it are made one
    /// at a time.
    private static let queueBytes = 256 << 20

    /// The order of a run's pairs.
    public func order(seed: UInt64) -> SampleOrder {
        var order = SampleOrder(seed: seed)
        order.openShards = openShards
        order.drawsShardsWithReplacement = drawsShardsWithReplacement
        return order
    }

    /// The batches of an epoch from a place in it, decoded and put together on other threads. A last batch that is not
    /// full is left out.
    ///
    /// - Parameters:
    ///   - source: the pairs.
    ///   - cursor: where to go on; `DataCursor(epoch:)` for a whole epoch.
    ///   - batchSize: pairs in a step, of all processes together.
    ///   - seed: what the order and the views are drawn from.
    ///   - rank: this process's, from 0.
    ///   - worldSize: how many processes there are.
    ///   - decoder: makes pictures and tokens of pairs.
    ///   - onSkip: told of each pair that is left out, on another thread.
    /// - Throws: `CLIPDataError`; ``TrainingError/invalidOption(name:problem:)`` for a batch that the processes cannot
    ///   share equally.
    public func batches(
        of source: PairSource, at cursor: DataCursor, batchSize: Int, seed: UInt64, rank: Int = 0, worldSize: Int = 1,
        decoder: PairDecoder, onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws -> ReadAhead<PairBatch<TrainingBatch>> {
        guard worldSize > 0, batchSize % worldSize == 0 else {
            throw TrainingError.invalidOption(
                name: "batch size", problem: "\(batchSize) pairs cannot be shared equally by \(worldSize) processes")
        }
        var options = PairLoaderOptions(batchSize: batchSize / worldSize, dropsLast: true, threads: threads)
        options.batchesPerEpoch = batchesPerEpoch
        let pictureBytes = 3 * decoder.preprocessor.configuration.size * decoder.preprocessor.configuration.size
        options.queueCapacity = max(2 * threads, min(options.queueCapacity, Self.queueBytes / pictureBytes))
        let isLarge = options.batchSize > Self.queueBytes / pictureBytes
        let loader = try PairLoader(
            source: source, order: order(seed: seed), resumingAt: cursor,
            assignment: ShardAssignment(rank: rank, worldSize: worldSize, mode: assignment), options: options,
            onSkip: onSkip
        ) { sample, seed in try decoder.decode(sample, seed: seed) }
        return loader.ahead(isLarge ? 1 : batchesAhead) { pairs in try decoder.batch(pairs) }
    }
}
