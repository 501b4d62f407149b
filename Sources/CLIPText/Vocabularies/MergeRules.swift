/// The merges of a byte-pair encoding whose ids come from a file: which two tokens become which, and how early.
struct MergeRules: Sendable {
    /// Pairs `left << 32 | right`, by open addressing; ``empty`` for an empty place.
    private var pairs: [UInt64]
    /// `rank << 32 | token` for each place of `pairs`.
    private var results: [UInt64]
    private let mask: Int
    private(set) var count = 0

    private static let empty = UInt64.max
    /// Drawn anew in each process, so that no file can be made whose pairs all share one place.
    private static let multiplier = UInt64.random(in: .min ... .max) | 1

    init(capacity: Int) {
        var bits = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        pairs = [UInt64](repeating: Self.empty, count: 1 << bits)
        results = [UInt64](repeating: 0, count: 1 << bits)
        mask = 1 << bits - 1
    }

    /// Adds the next merge. Of two merges of one pair the later counts, as in the reference's table.
    mutating func append(left: Int32, right: Int32, result: Int32) {
        let pair = Self.pair(left, right)
        var place = Self.hash(pair) & mask
        while pairs[place] != Self.empty, pairs[place] != pair { place = (place + 1) & mask }
        pairs[place] = pair
        results[place] = UInt64(count) << 32 | UInt64(UInt32(bitPattern: result))
        count += 1
    }

    private func merged(_ left: Int32, _ right: Int32) -> UInt64? {
        let pair = Self.pair(left, right)
        var place = Self.hash(pair) & mask
        while pairs[place] != Self.empty {
            if pairs[place] == pair { return results[place] }
            place = (place + 1) & mask
        }
        return nil
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private static func hash(_ pair: UInt64) -> Int {
        let mixed = (pair ^ pair >> 29) &* multiplier
        return Int(truncatingIfNeeded: mixed >> 32)
    }

    /// Merges the symbols of one word, the earliest-learned pair first, the leftmost of equals. O(n log n).
    func apply(to symbols: [Int32]) -> [Int32] {
        let count = symbols.count
        guard count > 1 else { return symbols }
        var ids = symbols
        var next = Array(1...count)
        var previous = Array(-1..<(count - 1))
        var queue = MergeQueue()
        func candidate(_ left: Int) {
            guard left >= 0, next[left] < count, let result = merged(ids[left], ids[next[left]]) else { return }
            let rank = Int32(truncatingIfNeeded: result >> 32)
            queue.insert(MergeQueue.Candidate(token: rank, place: Int32(truncatingIfNeeded: left)))
        }
        for place in 0..<count { candidate(place) }
        while let first = queue.removeFirst() {
            let left = Int(first.place)
            // A candidate is stale when either side was merged meanwhile: its pair no longer has this rank.
            guard ids[left] >= 0, next[left] < count, let result = merged(ids[left], ids[next[left]]),
                Int32(truncatingIfNeeded: result >> 32) == first.token
            else { continue }
            let right = next[left]
            ids[left] = Int32(truncatingIfNeeded: result & 0xFFFF_FFFF)
            ids[right] = -1
            next[left] = next[right]
            if next[left] < count { previous[next[left]] = left }
            candidate(previous[left])
            candidate(left)
        }
        return ids.filter { $0 >= 0 }
    }
}
