/// One of the shards that are read at once, and those that follow it: a lane reads every n-th shard of the schedule.
final class ShardLane {
    /// What a lane gives.
    struct Step: Sendable {
        let result: Result<PairSample, SkippedSample>
        /// The sample it was made of.
        let entry: EntryPlace
        /// Where the lane goes on after it.
        let next: EntryPlace
    }

    private let schedule: ShardSchedule
    private let stride: Int
    private var place: EntryPlace
    private var shard: ShardPairs?

    init(_ schedule: ShardSchedule, at place: EntryPlace, stride: Int) {
        self.schedule = schedule
        self.place = place
        self.stride = stride
    }

    /// The next step, or `nil` after the last shard.
    func next() throws -> Step? {
        while true {
            if shard == nil { shard = try schedule.pairs(from: place) }
            guard shard != nil else { return nil }
            let result = try shard?.next()
            let entry = shard?.lastPlace
            if result != nil, let next = shard?.nextPlace {
                place = next
            } else {
                shard = nil
                place = EntryPlace(ordinal: place.ordinal + stride)
            }
            if let result, let entry { return Step(result: result, entry: entry, next: place) }
        }
    }

    /// The steps of a lane, made on a thread of its own: at most 64, or 16 MiB of pictures, lie ready.
    func ahead() -> ReadAhead<Step> {
        ReadAhead(
            name: "shard-lane", count: 64, bytes: 16 << 20,
            size: { step in if case .success(let sample) = step.result { sample.heldBytes } else { 0 } }, make: next)
    }
}
