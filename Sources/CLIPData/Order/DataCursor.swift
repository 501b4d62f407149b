import Foundation

/// A place within an epoch, with all that is needed to go on there: what follows is what would have followed.
///
/// Pairs that were held back to be mixed are remembered by shard and entry, and read again when the run goes on; other
/// shards that have been read are not opened. With the usual 5000 pairs held back a cursor takes about 20 KB.
public struct DataCursor: Codable, Sendable, Equatable {
    public let epoch: Int
    /// The place of the next pair in the epoch's sequence; see ``OrderedPair/position``.
    public let position: Int
    /// Usable pairs of the sequence so far.
    let pairs: Int
    /// Batches of the epoch so far.
    public let batches: Int
    /// What data and order the place belongs to; `nil` at an epoch's beginning, which every source has.
    let fingerprint: Int64?
    let shards: ShardPlace?

    /// Where shards stand.
    struct ShardPlace: Codable, Sendable, Equatable {
        /// The state of the generator that draws from the buffer.
        var generator: Int64
        /// The lane whose turn it is.
        var turn: Int
        var lanes: [LanePlace]
        /// The pairs held back, packed by ``EntryList``.
        var buffer: Data
    }

    /// The beginning of an epoch, counted from 0.
    public init(epoch: Int) { self.init(epoch: epoch, place: SourcePlace(), batches: 0, fingerprint: nil, shards: nil) }

    init(epoch: Int, place: SourcePlace, batches: Int, fingerprint: UInt64?, shards: ShardPlace?) {
        self.epoch = epoch
        self.batches = batches
        position = place.position
        pairs = place.pairs
        self.fingerprint = fingerprint.map(Int64.init(bitPattern:))
        self.shards = shards
    }

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

/// Where the reading of a lane's shard goes on.
struct LanePlace: Codable, Sendable, Equatable {
    /// The shard; see ``ShardSchedule``.
    var ordinal: Int
    /// How many of its entries (samples, usable or not) are done.
    var entry = 0
    /// Where in the archive the next begins, in bytes, if that is known and can be gone to.
    var offset: Int?
}

/// A sample in a shard.
struct EntryReference: Sendable, Equatable {
    var ordinal: Int
    var entry: Int
    var offset: Int?
}

/// Where a source stands, but for the pairs held back.
struct SourcePlace: Sendable, Equatable {
    var position = 0
    var pairs = 0
    var generator: UInt64 = 0
    var turn = 0
    var lanes: [LanePlace] = []
}

/// What steps of a stream changed, so that whoever takes their outcomes, later and on another thread, knows how things
/// stood after each.
struct StreamTrace: Sendable {
    enum Change: Sendable {
        case appended(EntryReference)
        /// This one was exchanged with the last, and the last removed.
        case drawn(Int)
    }

    var changes: [Change] = []
    var place = SourcePlace()
}

/// How things stand after the steps whose traces were applied.
struct CursorTracker: Sendable {
    private(set) var buffer: [EntryReference]
    private(set) var place: SourcePlace

    init(_ start: (buffer: [EntryReference], place: SourcePlace)) { (buffer, place) = start }

    mutating func apply(_ trace: StreamTrace) {
        for change in trace.changes {
            switch change {
            case .appended(let reference): buffer.append(reference)
            case .drawn(let index):
                buffer.swapAt(index, buffer.count - 1)
                buffer.removeLast()
            }
        }
        place = trace.place
    }

    /// The first shard that is still being read; 0 in lists.
    var lowestOrdinal: Int { place.lanes.map(\.ordinal).min() ?? 0 }

    func cursor(epoch: Int, batches: Int, fingerprint: UInt64) -> DataCursor {
        let shards = DataCursor.ShardPlace(
            generator: Int64(bitPattern: place.generator), turn: place.turn, lanes: place.lanes,
            buffer: EntryList.packed(buffer))
        return DataCursor(
            epoch: epoch, place: place, batches: batches, fingerprint: fingerprint,
            shards: place.lanes.isEmpty ? nil : shards)
    }
}
