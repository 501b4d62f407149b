/// The pairs of one epoch, one after another, in the order that ``SampleOrder`` fixes.
///
/// To resume, begin at a later position: what follows is what would have followed. In tables and folders that is
/// immediate; shards are read through to that place, without decoding. What is skipped on the way is not told again.
/// A ``DataCursor``, as ``PairLoader`` gives them, goes on at once in shards too.
public final class PairStream {
    /// One step through the epoch.
    public enum Step: Sendable {
        case pair(OrderedPair)
        case skipped(SkippedSample)
    }

    /// A step as the loader wants it.
    struct Advance {
        /// `nil`: pairs that are other processes'.
        var step: Step?
        var trace: StreamTrace
        /// Whether a global batch is whole with it.
        var endsBatch = false
    }

    private let source: PairSource
    /// The order as it concerns this process.
    private let order: SampleOrder
    private let cursor: DataCursor
    private let assignment: ShardAssignment
    /// Pairs of this process in a batch; only known where it takes its part of a common sequence.
    private let batchSize: Int?
    private let startPosition: Int
    private let isEndless: Bool
    private let schedule: ShardSchedule?
    /// Ends reading that waits for a server; called from any thread.
    let interruption = ReadInterruption()
    private var trace = StreamTrace()
    private var steps: (any PairSteps)?
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
        try cursor.check(
            fingerprint: Self.fingerprint(source, order: order, assignment: assignment),
            isShards: source.kind == .shards)
        self.source = source
        self.order = order.own(assignment)
        self.cursor = cursor
        self.assignment = assignment
        self.batchSize = assignment.isPartial ? batchSize : nil
        self.isEndless = isEndless || order.drawsShardsWithReplacement
        self.startPosition = max(0, startPosition)
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
            schedule = try ShardSchedule(
                shards, order: order, epoch: cursor.epoch, assignment: assignment, isEndless: isEndless)
        case .list(let list):
            guard !order.drawsShardsWithReplacement else {
                throw .invalidOption(
                    name: "drawing with replacement", reason: "only shards are drawn, not the pairs of a \(source.kind)"
                )
            }
            schedule = nil
            let position = max(cursor.position, self.startPosition)
            trace.place.position = position
            steps = try ListSteps(
                list: list, order: order, epoch: cursor.epoch, start: position, assignment: assignment,
                isEndless: isEndless)
        }
        trace.place.position = max(trace.place.position, cursor.position)
        trace.place.pairs = cursor.pairs
    }

    /// How things stand at the beginning. Reads again what was held back there.
    func start() throws -> CursorTracker {
        var (buffer, place) = try opened().start()
        place.position = trace.place.position
        place.pairs = trace.place.pairs
        return CursorTracker((buffer, place))
    }

    /// After how many shards without a pair it is plain that none will come, where the epoch has no end of its own.
    var patience: Int? { isEndless ? schedule?.patience : nil }

    /// The next step, or `nil` at the epoch's end.
    ///
    /// - Throws: ``CLIPDataError`` when a shard cannot be read or is empty.
    public func next() throws -> Step? {
        while let advance = try advance() {
            if let step = advance.step { return step }
        }
        return nil
    }

    /// The next step of this process, or the end of a global batch; `nil` at the epoch's end.
    func advance() throws -> Advance? {
        let steps = try opened()
        trace.changes = []
        while let step = try steps.next(&trace) {
            let position = trace.place.position
            let isBeforeStart = position < startPosition
            switch step {
            case .success(let sample):
                trace.place.position += 1
                guard !isBeforeStart else { continue }
                let pairs = trace.place.pairs
                trace.place.pairs += 1
                let (isOwn, endsBatch) = part(of: pairs)
                guard isOwn || endsBatch else { continue }
                let seed = order.pairSeed(epoch: cursor.epoch, position: position)
                let pair = OrderedPair(position: position, seed: seed, sample: sample)
                return Advance(step: isOwn ? .pair(pair) : nil, trace: trace, endsBatch: endsBatch)
            case .failure(let error):
                if steps.countsSkipped { trace.place.position += 1 }
                // Of a common sequence, one process tells what is skipped.
                guard !isBeforeStart, !assignment.isPartial || assignment.rank == 0 else { continue }
                return Advance(step: .skipped(error.skipped), trace: trace)
            }
        }
        // Others' pairs at the end belong to the last batch too: a cursor after it is one after them.
        guard assignment.isPartial, !isAtEnd else { return nil }
        isAtEnd = true
        return Advance(step: nil, trace: trace)
    }

    private func opened() throws -> any PairSteps {
        if let steps { return steps }
        guard let schedule else { throw CLIPDataError.invalidCursor(reason: "it belongs to shards") }
        let made = try ShardSteps(
            schedule, own: order, cursor: cursor, maximumEntryBytes: source.maximumEntryBytes,
            interruption: interruption)
        steps = made
        return made
    }

    /// Whether a pair, by its number, is this process's, and whether it is the last of a global batch.
    private func part(of pair: Int) -> (isOwn: Bool, endsBatch: Bool) {
        guard let batchSize else { return (true, false) }
        let global = batchSize * assignment.worldSize
        let slot = (pair - cursor.pairs) % global
        return (slot / batchSize == assignment.rank, slot == global - 1)
    }

    /// A number that differs where a cursor of one would not fit the other.
    static func fingerprint(_ source: PairSource, order: SampleOrder, assignment: ShardAssignment) -> UInt64 {
        var seed = SplitMix64.seed(
            order.seed, order.isShuffled ? 1 : 0, UInt64(bitPattern: Int64(order.bufferCount)),
            UInt64(bitPattern: Int64(order.bufferBytes)), UInt64(bitPattern: Int64(order.openShards)),
            order.drawsShardsWithReplacement ? 1 : 0)
        if assignment.isDealt {
            seed = SplitMix64.seed(seed, UInt64(assignment.worldSize), UInt64(assignment.rank))
        }
        func mix(_ text: Substring) { for byte in text.utf8 { seed = SplitMix64.seed(seed, UInt64(byte)) } }
        switch source.contents {
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
