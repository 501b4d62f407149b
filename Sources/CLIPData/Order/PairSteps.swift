/// Pairs in their final order.
protocol PairSteps: AnyObject {
    /// Whether what is skipped has a position of its own.
    var countsSkipped: Bool { get }
    /// The next pair; notes in the trace what it changed.
    func next(_ trace: inout StreamTrace) throws -> Result<PairSample, SkippedSampleError>?
    /// How things stand.
    func start() -> (buffer: [EntryReference], place: SourcePlace)
}

/// A list, shuffled as a whole.
final class ListSteps: PairSteps {
    let countsSkipped = true
    private let list: any PairList
    private let indices: [Int]
    private let isEndless: Bool
    private var index: Int

    init(
        list: any PairList, order: SampleOrder, epoch: Int, start: Int, assignment: ShardAssignment, isEndless: Bool
    ) throws(CLIPDataError) {
        self.list = list
        self.isEndless = isEndless
        var indices = Array(0..<list.count)
        if order.isShuffled {
            var generator = order.generator(epoch: epoch, purpose: 1)
            generator.shuffle(&indices)
        }
        if assignment.isDealt {
            guard list.count >= assignment.worldSize else {
                throw .invalidOption(
                    name: "shard assignment",
                    reason: "\(list.count) pairs cannot be dealt to \(assignment.worldSize) processes")
            }
            indices = Swift.stride(from: assignment.rank, to: indices.count, by: assignment.worldSize).map {
                indices[$0]
            }
        }
        self.indices = indices
        index = isEndless ? start : min(start, indices.count)
    }

    func start() -> (buffer: [EntryReference], place: SourcePlace) { ([], SourcePlace()) }

    func next(_ trace: inout StreamTrace) -> Result<PairSample, SkippedSampleError>? {
        guard !indices.isEmpty, isEndless || index < indices.count else { return nil }
        defer { index += 1 }
        return list.pair(at: indices[index % indices.count])
    }
}

/// Shards in random order, and their pairs mixed in a buffer: each pair given out is drawn from the buffer at random,
/// and the next one from the shards takes its place.
final class ShardSteps: PairSteps {
    let countsSkipped = false
    private let bufferCount: Int
    private let bufferBytes: Int
    private var generator: SplitMix64
    private var lanes: ShardLanes
    private var buffer: [PairSample] = []
    private let references: [EntryReference]
    private var heldBytes = 0
    private var isExhausted = false

    /// - Parameters:
    ///   - own: The order, as it concerns this process alone.
    ///   - cursor: Where to go on; the pairs held back there are read again now.
    init(
        _ schedule: ShardSchedule, own: SampleOrder, cursor: DataCursor, maximumEntryBytes: Int,
        interruption: ReadInterruption
    ) throws {
        bufferCount = own.isShuffled ? max(1, own.bufferCount) : 1
        bufferBytes = own.bufferBytes
        guard let place = cursor.shards else {
            generator = own.generator(epoch: cursor.epoch, purpose: 2)
            lanes = ShardLanes(
                schedule, at: (0..<own.openShards).map { LanePlace(ordinal: $0) }, turn: 0,
                maximumEntryBytes: maximumEntryBytes, interruption: interruption)
            references = []
            return
        }
        generator = SplitMix64(seed: UInt64(bitPattern: place.generator))
        (buffer, references) = try HeldPairs.read(
            EntryList.unpacked(place.buffer), schedule: schedule, maximumEntryBytes: maximumEntryBytes,
            interruption: interruption)
        heldBytes = buffer.reduce(0) { $0 + $1.heldBytes }
        lanes = ShardLanes(
            schedule, at: place.lanes, turn: place.turn, maximumEntryBytes: maximumEntryBytes,
            interruption: interruption)
    }

    func start() -> (buffer: [EntryReference], place: SourcePlace) {
        (references, SourcePlace(generator: generator.state, turn: lanes.turn, lanes: lanes.places))
    }

    func next(_ trace: inout StreamTrace) throws -> Result<PairSample, SkippedSampleError>? {
        defer {
            trace.place.generator = generator.state
            trace.place.turn = lanes.turn
            trace.place.lanes = lanes.places
        }
        while !isExhausted, buffer.isEmpty || buffer.count < bufferCount && heldBytes < bufferBytes {
            guard let step = try lanes.next() else {
                isExhausted = true
                break
            }
            switch step.result {
            case .success(let sample):
                buffer.append(sample)
                heldBytes += sample.heldBytes
                trace.changes.append(.appended(step.reference))
            case .failure(let error): return .failure(error)
            }
        }
        guard !buffer.isEmpty else { return nil }
        let drawn = generator.integer(below: buffer.count)
        buffer.swapAt(drawn, buffer.count - 1)
        trace.changes.append(.drawn(drawn))
        let sample = buffer.removeLast()
        heldBytes -= sample.heldBytes
        return .success(sample)
    }
}

/// Reads again the pairs that a cursor says were held back.
enum HeldPairs {
    /// - Returns: The pairs, in the order of `entries`, and the same references with each one's own place in its shard.
    /// - Throws: ``CLIPDataError/invalidCursor(reason:)`` where a shard does not hold what it held.
    static func read(
        _ entries: [EntryReference], schedule: ShardSchedule, maximumEntryBytes: Int, interruption: ReadInterruption
    ) throws -> (pairs: [PairSample], references: [EntryReference]) {
        // Where in the list each shard's entries stand.
        var wanted: [Int: [Int: Int]] = [:]
        for (index, entry) in entries.enumerated() { wanted[entry.ordinal, default: [:]][entry.entry] = index }
        var pairs: [PairSample?] = Array(repeating: nil, count: entries.count)
        var references = entries
        for (ordinal, places) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let shard = schedule.shard(at: ordinal), let first = places.keys.min(), let last = places.keys.max(),
                let offsetIndex = places[first]
            else { throw CLIPDataError.invalidCursor(reason: "it names shards that are not in the data") }
            var reader = try ShardPairs(
                path: shard.location, number: shard.number,
                from: .init(sample: first, offset: entries[offsetIndex].offset),
                maximumEntryBytes: maximumEntryBytes, interruption: interruption, selects: { places[$0] != nil })
            var found = 0
            while found < places.count, let step = try reader.next(), reader.lastPlace.sample <= last {
                let place = reader.lastPlace
                guard case .success(let pair) = step, let index = places[place.sample] else { continue }
                pairs[index] = pair
                references[index].offset = place.offset
                found += 1
            }
            guard found == places.count else {
                throw CLIPDataError.invalidCursor(
                    reason: "\(shard.location) no longer holds the pairs it held; give the shards as they were")
            }
        }
        return (pairs.compactMap { $0 }, references)
    }
}
