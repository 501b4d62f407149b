import Foundation

/// A place within an epoch, with all that is needed to go on there: what follows is what would have followed.
///
/// Pairs that were held back to be mixed are remembered by shard and entry, and read again when the run goes on; other
/// shards that have been read are not opened. With the usual 5000 pairs held back a cursor takes about 20 KB.
public struct DataCursor: Codable, Sendable, Equatable {
    /// Which epoch, from 0.
    public let epoch: Int
    /// The place of the next pair in the epoch's sequence; see ``OrderedPair/position``.
    public internal(set) var position = 0
    /// Usable pairs of the sequence so far.
    var pairs = 0
    /// Batches of the epoch so far.
    public internal(set) var batches = 0
    /// What data and order the place belongs to; `nil` at an epoch's beginning, which every source has.
    var fingerprint: Int64?
    /// `nil` for a list of pairs, and at an epoch's beginning.
    var shards: Shards?

    /// Where shards stand.
    struct Shards: Codable, Sendable, Equatable {
        /// The state of the generator that draws from the buffer.
        var generator: Int64
        /// The lane whose turn it is.
        var turn: Int
        /// Where the reading of each lane's shard goes on.
        var lanes: [EntryPlace]
        /// The pairs held back, packed by ``EntryList``; empty while ``CursorTracker`` keeps them as a list.
        var buffer = Data()
    }

    /// The beginning of an epoch, counted from 0.
    public init(epoch: Int) { self.epoch = epoch }

    /// Whether nothing of the epoch has been used.
    public var isStart: Bool { fingerprint == nil }

    static let maximumLanes = 1024

    /// - Throws: ``CLIPDataError/invalidCursor(reason:)`` for a place that cannot be, or is one of other data.
    func check(fingerprint expected: UInt64, isShards: Bool) throws(CLIPDataError) {
        let limit = Int.max / 4
        guard epoch >= 0, epoch <= limit, position >= 0, position <= limit, pairs >= 0, pairs <= position, batches >= 0,
            batches <= limit
        else { throw .invalidCursor(reason: "it names no place in any epoch") }
        guard let fingerprint else {
            guard position == 0, batches == 0, shards == nil else {
                throw .invalidCursor(reason: "it does not say which data it belongs to")
            }
            return
        }
        guard UInt64(bitPattern: fingerprint) == expected else {
            throw .invalidCursor(
                reason: "it belongs to other data, or to another order of them; give the same sources, weights, seed, "
                    + "buffer and number of processes as the run began with")
        }
        guard (shards != nil) == isShards else {
            throw .invalidCursor(reason: "it does not say where the shards stand")
        }
        guard let shards else { return }
        guard (1...Self.maximumLanes).contains(shards.lanes.count), shards.lanes.indices.contains(shards.turn),
            shards.lanes.allSatisfy({ lane in
                lane.ordinal >= 0 && lane.ordinal <= limit && lane.entry >= 0 && lane.entry <= limit
                    && lane.offset.map { $0 >= 0 } ?? true
            })
        else { throw .invalidCursor(reason: "it names shards that cannot be") }
    }
}

/// What steps of a stream changed, so that whoever takes their outcomes, later and on another thread, knows how things
/// stood after each.
struct StreamTrace: Sendable {
    enum Change: Sendable {
        /// A pair was held back.
        case held(EntryPlace)
        /// The pair at this index was exchanged with the last, and the last given out.
        case drawn(Int)
    }

    var changes: [Change] = []
    /// Where the stream stands, but for the pairs held back.
    var cursor: DataCursor
    /// Whether a global batch is whole with this step.
    var endsBatch = false
}

/// A cursor that follows a stream, step by step. The pairs held back are packed only when the cursor is asked for.
struct CursorTracker: Sendable {
    private var place: DataCursor
    private var held: [EntryPlace] = []

    init(_ start: DataCursor) { place = start }

    mutating func apply(_ trace: StreamTrace) {
        for change in trace.changes {
            switch change {
            case .held(let entry): held.append(entry)
            case .drawn(let index):
                held.swapAt(index, held.count - 1)
                held.removeLast()
            }
        }
        let batches = place.batches
        place = trace.cursor
        place.batches = batches
    }

    mutating func countBatch() { place.batches += 1 }

    var batches: Int { place.batches }
    var position: Int { place.position }

    /// The first shard that is still being read; 0 in lists.
    var lowestOrdinal: Int { place.shards?.lanes.map(\.ordinal).min() ?? 0 }

    var cursor: DataCursor {
        var cursor = place
        cursor.shards?.buffer = EntryList.packed(held)
        return cursor
    }
}
