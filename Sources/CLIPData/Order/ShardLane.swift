import Foundation

/// One of the shards that are read at once, and those that follow it: a lane reads every n-th shard of the schedule.
final class ShardLane {
    /// What a lane gives.
    struct Step: Sendable {
        let result: Result<PairSample, SkippedSampleError>
        /// The sample it was made of.
        let reference: EntryReference
        /// Where the lane goes on after it.
        let next: LanePlace
    }

    private let schedule: ShardSchedule
    private let stride: Int
    private let maximumEntryBytes: Int
    private let interruption: ReadInterruption
    private var place: LanePlace
    private var shard: ShardPairs?

    init(
        _ schedule: ShardSchedule, at place: LanePlace, stride: Int, maximumEntryBytes: Int,
        interruption: ReadInterruption
    ) {
        self.interruption = interruption
        self.schedule = schedule
        self.place = place
        self.stride = stride
        self.maximumEntryBytes = maximumEntryBytes
    }

    /// The next step, or `nil` after the last shard.
    func next() throws -> Step? {
        while true {
            if shard == nil {
                guard let next = schedule.shard(at: place.ordinal) else { return nil }
                shard = try ShardPairs(
                    path: next.location, number: next.number, from: .init(sample: place.entry, offset: place.offset),
                    maximumEntryBytes: maximumEntryBytes, interruption: interruption)
            }
            if let result = try shard?.next(), let last = shard?.lastPlace {
                let reference = EntryReference(ordinal: place.ordinal, entry: last.sample, offset: last.offset)
                if let next = shard?.nextPlace {
                    place = LanePlace(ordinal: place.ordinal, entry: next.sample, offset: next.offset)
                } else {
                    finishShard()
                }
                return Step(result: result, reference: reference, next: place)
            }
            finishShard()
        }
    }

    private func finishShard() {
        shard = nil
        place = LanePlace(ordinal: place.ordinal + stride)
    }
}

/// A lane that a thread of its own reads a little ahead.
final class LaneAhead {
    private let queue: Queue

    init(_ lane: ShardLane) {
        let queue = Queue(lane)
        self.queue = queue
        let thread = Thread { queue.fill() }
        thread.name = "shard-lane"
        thread.start()
    }

    deinit { queue.stop() }

    func next() throws -> ShardLane.Step? { try queue.take() }

    /// What the thread and its reader share.
    private final class Queue: @unchecked Sendable {
        /// At most so many steps, or so many bytes of pictures, lie ready.
        private static let capacity = 64
        private static let byteCapacity = 16 << 20

        /// Touched by the thread alone.
        private let lane: ShardLane
        private let condition = NSCondition()
        private var steps: [ShardLane.Step] = []
        private var bytes = 0
        private var end: Result<Void, any Error>?
        private var isStopped = false

        init(_ lane: ShardLane) { self.lane = lane }

        func fill() {
            while true {
                let step = Result { try lane.next() }
                condition.lock()
                defer { condition.unlock() }
                switch step {
                case .success(let step?):
                    while steps.count >= Self.capacity || bytes >= Self.byteCapacity, !isStopped { condition.wait() }
                    if !isStopped {
                        steps.append(step)
                        bytes += Self.size(step)
                    }
                case .success(nil): end = .success(())
                case .failure(let error): end = .failure(error)
                }
                condition.broadcast()
                if isStopped || end != nil { return }
            }
        }

        func take() throws -> ShardLane.Step? {
            condition.lock()
            defer { condition.unlock() }
            while steps.isEmpty, end == nil { condition.wait() }
            guard !steps.isEmpty else {
                try end?.get()
                return nil
            }
            let step = steps.removeFirst()
            bytes -= Self.size(step)
            condition.broadcast()
            return step
        }

        func stop() {
            condition.lock()
            isStopped = true
            steps = []
            condition.broadcast()
            condition.unlock()
        }

        private static func size(_ step: ShardLane.Step) -> Int {
            if case .success(let sample) = step.result { sample.heldBytes } else { 0 }
        }
    }
}

/// Several lanes, a step of each in turn. A lane that has come to its end loses its turns.
struct ShardLanes {
    private enum Lane {
        case direct(ShardLane)
        case ahead(LaneAhead)

        func next() throws -> ShardLane.Step? {
            switch self {
            case .direct(let lane): try lane.next()
            case .ahead(let lane): try lane.next()
            }
        }
    }

    private var lanes: [Lane?]
    private(set) var places: [LanePlace]
    private(set) var turn: Int

    /// - Parameter places: Where each lane begins or goes on.
    init(
        _ schedule: ShardSchedule, at places: [LanePlace], turn: Int, maximumEntryBytes: Int,
        interruption: ReadInterruption
    ) {
        self.places = places
        self.turn = turn
        lanes = places.map { place in
            let lane = ShardLane(
                schedule, at: place, stride: places.count, maximumEntryBytes: maximumEntryBytes,
                interruption: interruption)
            return places.count > 1 ? .ahead(LaneAhead(lane)) : .direct(lane)
        }
    }

    mutating func next() throws -> ShardLane.Step? {
        for _ in lanes.indices {
            let index = turn
            turn = (turn + 1) % lanes.count
            guard let step = try lanes[index]?.next() else {
                lanes[index] = nil
                continue
            }
            places[index] = step.next
            return step
        }
        return nil
    }
}
