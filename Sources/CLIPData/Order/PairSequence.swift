import Foundation

/// The pairs of an epoch in their final order, without their places.
protocol PairSequence: AnyObject {
    /// Whether what is skipped has a position of its own.
    var countsSkipped: Bool { get }
    /// The next pair; notes in the trace what it changed.
    func next(_ trace: inout StreamTrace) throws -> Result<PairSample, SkippedSample>?
}

/// A list, shuffled as a whole.
final class ShuffledList: PairSequence {
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
        indices = try order.indices(of: list.count, "pairs", epoch: epoch, assignment: assignment)
        index = isEndless ? start : min(start, indices.count)
    }

    func next(_ trace: inout StreamTrace) -> Result<PairSample, SkippedSample>? {
        guard !indices.isEmpty, isEndless || index < indices.count else { return nil }
        defer { index += 1 }
        return list.pair(at: indices[index % indices.count])
    }
}

/// Shards in random order, several read at once and a pair of each taken in turn, and their pairs mixed in a buffer:
/// each pair given out is drawn from the buffer at random, and the next one from the shards takes its place.
final class MixedShards: PairSequence {
    let countsSkipped = false
    private let schedule: ShardSchedule
    private let bufferCount: Int
    private let bufferBytes: Int
    private var generator: SplitMix64
    private var state: DataCursor.Shards
    /// The next step of each open shard; `nil` for a lane that has come to its end, which loses its turns.
    private var lanes: [(() throws -> ShardLane.Step?)?] = []
    private var buffer: [PairSample] = []
    private var heldBytes = 0
    /// The pairs that were held back where this goes on, until they have been read again.
    private var resumed: Data?
    private var isExhausted = false

    /// - Parameters:
    ///   - own: The order, as it concerns this process alone.
    ///   - cursor: Where to go on; the pairs held back there are read again before the first is given.
    init(_ schedule: ShardSchedule, own: SampleOrder, cursor: DataCursor) {
        self.schedule = schedule
        bufferCount = own.isShuffled ? max(1, own.bufferCount) : 1
        bufferBytes = own.bufferBytes
        generator =
            cursor.shards.map { SplitMix64(seed: UInt64(bitPattern: $0.generator)) }
            ?? own.generator(epoch: cursor.epoch, purpose: 2)
        state =
            cursor.shards
            ?? DataCursor.Shards(
                generator: 0, turn: 0, lanes: (0..<own.openShards).map { EntryPlace(ordinal: $0) })
        resumed = cursor.shards?.buffer
        state.buffer.removeAll()
    }

    func next(_ trace: inout StreamTrace) throws -> Result<PairSample, SkippedSample>? {
        if let resumed {
            try readAgain(EntryList.unpacked(resumed), &trace)
            self.resumed = nil
        }
        if lanes.isEmpty { openLanes() }
        defer {
            state.generator = Int64(bitPattern: generator.state)
            trace.cursor.shards = state
        }
        while !isExhausted, buffer.isEmpty || buffer.count < bufferCount && heldBytes < bufferBytes {
            guard let step = try nextOfShards() else {
                isExhausted = true
                break
            }
            switch step.result {
            case .success(let sample):
                buffer.append(sample)
                heldBytes += sample.heldBytes
                trace.changes.append(.held(step.entry))
            case .failure(let skipped): return .failure(skipped)
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

    private func nextOfShards() throws -> ShardLane.Step? {
        for _ in lanes.indices {
            let index = state.turn
            state.turn = (state.turn + 1) % lanes.count
            guard let step = try lanes[index]?() else {
                lanes[index] = nil
                continue
            }
            state.lanes[index] = step.next
            return step
        }
        return nil
    }

    private func openLanes() {
        lanes = state.lanes.map { place in
            let lane = ShardLane(schedule, at: place, stride: state.lanes.count)
            return state.lanes.count > 1 ? lane.ahead().next : lane.next
        }
    }

    /// Fills the buffer with the pairs that a cursor says were held back, in the cursor's order.
    ///
    /// - Throws: ``CLIPDataError/invalidCursor(reason:)`` where a shard does not hold what it held.
    private func readAgain(_ entries: [EntryPlace], _ trace: inout StreamTrace) throws {
        // Where in the list each shard's entries stand.
        var wanted: [Int: [Int: Int]] = [:]
        for (index, entry) in entries.enumerated() { wanted[entry.ordinal, default: [:]][entry.entry] = index }
        var held: [(pair: PairSample, entry: EntryPlace)?] = Array(repeating: nil, count: entries.count)
        for (_, indices) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let first = indices.keys.min(), let last = indices.keys.max(), let firstIndex = indices[first],
                var shard = try schedule.pairs(from: entries[firstIndex], selects: { indices[$0] != nil })
            else { throw CLIPDataError.invalidCursor(reason: "it names shards that are not in the data") }
            var found = 0
            while found < indices.count, let result = try shard.next(), shard.lastPlace.entry <= last {
                guard case .success(let pair) = result, let index = indices[shard.lastPlace.entry] else { continue }
                held[index] = (pair, shard.lastPlace)
                found += 1
            }
            guard found == indices.count else {
                throw CLIPDataError.invalidCursor(
                    reason: "\(shard.path) no longer holds the pairs it held; give the shards as they were")
            }
        }
        for (pair, entry) in held.compactMap({ $0 }) {
            buffer.append(pair)
            heldBytes += pair.heldBytes
            trace.changes.append(.held(entry))
        }
    }
}
