/// A pair with its place in an epoch.
public struct OrderedPair: Sendable {
    /// The place in the epoch's sequence, from 0. Rows and pictures that were skipped have places too.
    public let position: Int
    /// A random number that depends on the order's seed, the epoch and the position alone, not on threads.
    public let seed: UInt64
    /// The pair itself, its picture still encoded.
    public let sample: PairSample
}

/// The pairs of one epoch, one after another, in the order that ``SampleOrder`` fixes.
///
/// To resume, begin at a later position: what follows is what would have followed. In tables and folders that is
/// immediate; shards are read through to that place, without decoding. What is skipped on the way is not told again.
/// A ``DataCursor``, as ``PairLoader`` gives them, goes on at once in shards too.
public final class PairStream {
    /// One step through the epoch.
    public enum Step: Sendable {
        /// The next pair that can be used, but for its picture, which nobody has looked at yet.
        case pair(OrderedPair)
        /// What stands in a pair's place and is none.
        case skipped(SkippedSample)
    }

    /// The order as it concerns this process.
    private let order: SampleOrder
    private let assignment: ShardAssignment
    /// Pairs of this process in a batch; only known where it takes its part of a common sequence.
    private let batchSize: Int?
    private let startPosition: Int
    /// Where the stream began.
    let start: DataCursor
    /// After how many shards without a pair it is plain that none will come, where the epoch has no end of its own.
    let patience: Int?
    /// Ends reading that waits for a server; called from any thread.
    let interruption = ReadInterruption()
    private let sequence: any PairSequence
    private var trace: StreamTrace
    private var isAtEnd = false

    /// - Parameters:
    ///   - source: Where the pairs come from.
    ///   - order: Their order.
    ///   - epoch: Which epoch, from 0; each has an order of its own.
    ///   - startPosition: The position of the first pair wanted.
    /// - Throws: ``CLIPDataError``.
    public convenience init(
        source: PairSource, order: SampleOrder, epoch: Int, startPosition: Int = 0
    ) throws(CLIPDataError) {
        try self.init(source: source, order: order, cursor: DataCursor(epoch: epoch), startPosition: startPosition)
    }

    init(
        source: PairSource, order: SampleOrder, cursor: DataCursor, assignment: ShardAssignment = .alone,
        batchSize: Int? = nil, isEndless: Bool = false, startPosition: Int = 0
    ) throws(CLIPDataError) {
        try assignment.check()
        let fingerprint = source.fingerprint(order, assignment)
        try cursor.check(fingerprint: fingerprint, isShards: source.kind == .shards)
        let own = order.own(assignment)
        self.order = own
        self.assignment = assignment
        self.batchSize = assignment.isPartial ? batchSize : nil
        self.startPosition = max(0, startPosition)
        start = cursor
        trace = StreamTrace(cursor: cursor)
        trace.cursor.fingerprint = Int64(bitPattern: fingerprint)
        switch source.contents {
        case .shards(let shards):
            guard (1...DataCursor.maximumLanes).contains(order.openShards) else {
                throw .invalidOption(
                    name: "openShards", reason: "\(order.openShards) is not between 1 and \(DataCursor.maximumLanes)")
            }
            guard cursor.shards.map({ $0.lanes.count == order.openShards }) ?? true else {
                throw .invalidCursor(reason: "it has another number of open shards")
            }
            guard !source.isWeighted || order.drawsShardsWithReplacement else {
                throw .invalidOption(
                    name: "weights", reason: "weights are heeded only where shards are drawn with replacement")
            }
            let schedule = try ShardSchedule(
                shards, order: order, epoch: cursor.epoch, assignment: assignment, isEndless: isEndless,
                maximumEntryBytes: source.maximumEntryBytes, interruption: interruption)
            patience = isEndless || order.drawsShardsWithReplacement ? schedule.patience : nil
            sequence = MixedShards(schedule, own: own, cursor: cursor)
        case .list(let list):
            guard !order.drawsShardsWithReplacement else {
                throw .invalidOption(
                    name: "drawing with replacement", reason: "only shards are drawn, not the pairs of a \(source.kind)"
                )
            }
            patience = nil
            trace.cursor.position = max(cursor.position, self.startPosition)
            sequence = try ShuffledList(
                list: list, order: order, epoch: cursor.epoch, start: trace.cursor.position, assignment: assignment,
                isEndless: isEndless)
        }
    }

    /// The next step, or `nil` at the epoch's end.
    ///
    /// - Throws: ``CLIPDataError`` when a shard cannot be read or is empty.
    public func next() throws -> Step? {
        while let (step, _) = try advance() {
            if let step { return step }
        }
        return nil
    }

    /// The next step of this process, with what it changed; `nil` at the epoch's end. No step: pairs that are other
    /// processes'.
    func advance() throws -> (step: Step?, trace: StreamTrace)? {
        trace.changes = []
        trace.endsBatch = false
        while let result = try sequence.next(&trace) {
            let position = trace.cursor.position
            let isBeforeStart = position < startPosition
            switch result {
            case .success(let sample):
                trace.cursor.position += 1
                guard !isBeforeStart else { continue }
                let isOwn = takesPart(trace.cursor.pairs)
                trace.cursor.pairs += 1
                guard isOwn || trace.endsBatch else { continue }
                let seed = order.pairSeed(epoch: start.epoch, position: position)
                let pair = OrderedPair(position: position, seed: seed, sample: sample)
                return (isOwn ? .pair(pair) : nil, trace)
            case .failure(let skipped):
                if sequence.countsSkipped { trace.cursor.position += 1 }
                // Of a common sequence, one process tells what is skipped.
                guard !isBeforeStart, !assignment.isPartial || assignment.rank == 0 else { continue }
                return (.skipped(skipped), trace)
            }
        }
        // Others' pairs at the end belong to the last batch too: a cursor after it is one after them.
        guard assignment.isPartial, !isAtEnd else { return nil }
        isAtEnd = true
        return (nil, trace)
    }

    /// Whether a pair, by its number, is this process's; notes whether it is the last of a global batch.
    private func takesPart(_ pair: Int) -> Bool {
        guard let batchSize else { return true }
        let global = batchSize * assignment.worldSize
        let slot = (pair - start.pairs) % global
        trace.endsBatch = slot == global - 1
        return slot / batchSize == assignment.rank
    }
}

extension PairSource {
    /// A number that differs where a cursor of one would not fit the other.
    func fingerprint(_ order: SampleOrder, _ assignment: ShardAssignment) -> UInt64 {
        var seed = SplitMix64.seed(
            order.seed, order.isShuffled ? 1 : 0, UInt64(bitPattern: Int64(order.bufferCount)),
            UInt64(bitPattern: Int64(order.bufferBytes)), UInt64(bitPattern: Int64(order.openShards)),
            order.drawsShardsWithReplacement ? 1 : 0)
        if assignment.isDealt {
            seed = SplitMix64.seed(seed, UInt64(assignment.worldSize), UInt64(assignment.rank))
        }
        func mix(_ text: Substring) { for byte in text.utf8 { seed = SplitMix64.seed(seed, UInt64(byte)) } }
        switch contents {
        case .shards(let shards):
            for shard in shards {
                // Data may move to another folder or server.
                let end = shard.location.firstIndex(of: "?") ?? shard.location.endIndex
                let path = RemoteShards.isRemote(shard.location) ? shard.location[..<end] : shard.location[...]
                mix(path.split(separator: "/").last ?? path)
                seed = SplitMix64.seed(seed, shard.weight.bitPattern)
            }
        case .list(let list): seed = SplitMix64.seed(seed, UInt64(list.count), 1)
        }
        return seed
    }
}
