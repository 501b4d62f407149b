import Checksums

/// The merges of a byte-pair encoding: which two tokens become which, and how early. All tokenizers that merge use it.
struct MergeTable: Sendable {
    /// What ``merge(_:_:)`` gives for two tokens that do not merge.
    static let none = UInt64.max
    /// Words of up to this many tokens are merged by scanning, longer ones with a queue.
    private static let shortWord = 48

    /// Pairs `left << 32 | right`, by open addressing; all ones for an empty place.
    private var pairs: [UInt64]
    /// What each pair becomes, `rank << 32 | token`: apart from the pairs, since most look-ups find none.
    private var results: [UInt64]
    private let mask: Int
    private let shift: UInt64
    /// Drawn anew for each table, so that no file can be made whose pairs all share one place.
    private let multiplier = UInt64.random(in: .min ... .max) | 1
    private(set) var count = 0

    /// - Parameter capacity: the most merges that will be added.
    init(capacity: Int) {
        var bits = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        pairs = [UInt64](repeating: .max, count: 1 << bits)
        results = [UInt64](repeating: Self.none, count: 1 << bits)
        mask = 1 << bits - 1
        shift = UInt64(64 - bits)
    }

    /// Adds the next merge. Of two merges of one pair the later counts, as in the reference's table.
    mutating func append(left: Int32, right: Int32, result: Int32) {
        let pair = Self.pair(left, right)
        var place = place(of: pair)
        while pairs[place] != pair, pairs[place] != .max { place = (place + 1) & mask }
        pairs[place] = pair
        results[place] = UInt64(count) << 32 | UInt64(UInt32(bitPattern: result))
        count += 1
    }

    /// What two neighbors become: `rank << 32 | token`, so that the smaller is the earlier merge, or ``none``.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        let pair = Self.pair(left, right)
        var place = place(of: pair)
        while true {
            let found = pairs[place]
            if found == pair { return results[place] }
            if found == .max { return Self.none }
            place = (place + 1) & mask
        }
    }

    @inline(__always)
    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Where to look for a pair first.
    @inline(__always)
    private func place(of pair: UInt64) -> Int {
        Int(truncatingIfNeeded: (pair &* multiplier) >> shift)
    }

    // MARK: - Merging a word

    /// Merges the tokens from `start` on, which are a word's: the earliest-learned pair first, the leftmost of equals.
    func apply(to tokens: inout [Int32], from start: Int) {
        if tokens.count - start <= Self.shortWord {
            mergeByScanning(&tokens, from: start)
        } else {
            mergeByQueue(&tokens, from: start)
        }
    }

    /// Looks for the earliest merge among all neighbors again and again. O(n²), but only new neighbors are looked up.
    func mergeByScanning(_ tokens: inout [Int32], from start: Int) {
        var count = tokens.count - start
        guard count > 1 else { return }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { merges in
            tokens.withUnsafeMutableBufferPointer { all in
                let word = UnsafeMutableBufferPointer(rebasing: all[start...])
                for index in 0..<(count - 1) { merges[index] = merge(word[index], word[index + 1]) }
                while count > 1 {
                    var best = Self.none
                    var place = 0
                    for index in 0..<(count - 1) where merges[index] < best {
                        best = merges[index]
                        place = index
                    }
                    if best == Self.none { break }
                    word[place] = Self.token(best)
                    count -= 1
                    for index in (place + 1)..<max(count, place + 1) {
                        word[index] = word[index + 1]
                        merges[index - 1] = merges[index]
                    }
                    if place > 0 { merges[place - 1] = merge(word[place - 1], word[place]) }
                    if place + 1 < count { merges[place] = merge(word[place], word[place + 1]) }
                }
            }
        }
        for _ in count..<(tokens.count - start) { tokens.removeLast() }
    }

    /// The same result with a queue of candidate merges over a linked list. O(n log n).
    func mergeByQueue(_ tokens: inout [Int32], from start: Int) {
        let count = tokens.count - start
        guard count > 1 else { return }
        var ids = Array(tokens[start...])
        var next = Array(1...count)
        var previous = Array(-1..<(count - 1))
        // What each token becomes together with the next.
        var merges = [UInt64](repeating: Self.none, count: count)
        var queue = MergeQueue()
        func look(at left: Int) {
            guard left >= 0 else { return }
            merges[left] = next[left] < count ? merge(ids[left], ids[next[left]]) : Self.none
            guard merges[left] != Self.none else { return }
            queue.insert(MergeQueue.Candidate(rank: Self.rank(merges[left]), place: Int32(truncatingIfNeeded: left)))
        }
        for place in 0..<count { look(at: place) }
        while let first = queue.removeFirst() {
            let left = Int(first.place)
            // A candidate is stale when either side was merged meanwhile.
            guard Self.rank(merges[left]) == first.rank else { continue }
            let right = next[left]
            ids[left] = Self.token(merges[left])
            ids[right] = -1
            merges[right] = Self.none
            next[left] = next[right]
            if next[left] < count { previous[next[left]] = left }
            look(at: previous[left])
            look(at: left)
        }
        tokens.removeSubrange(start...)
        tokens.append(contentsOf: ids.lazy.filter { $0 >= 0 })
    }

    private static func rank(_ merge: UInt64) -> Int32 { Int32(truncatingIfNeeded: merge >> 32) }
    private static func token(_ merge: UInt64) -> Int32 { Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF) }
}

/// A binary heap of candidate merges: the earliest-learned first, then the leftmost.
private struct MergeQueue {
    struct Candidate {
        var rank: Int32
        var place: Int32

        var order: UInt64 { UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: place)) }
    }

    private var heap: [Candidate] = []

    mutating func insert(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0, heap[child].order < heap[(child - 1) / 2].order {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].order < heap[smallest].order {
                smallest = child
            }
            guard smallest != parent else { return first }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}

/// Merges as they are written, in order.
struct MergeList {
    private var blob: [UInt8] = []
    /// Where each left and right part ends.
    private var ends: [Int] = []

    var count: Int { ends.count / 2 }

    mutating func append(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) {
        blob.append(contentsOf: left)
        ends.append(blob.count)
        blob.append(contentsOf: right)
        ends.append(blob.count)
    }

    /// Adds `left right`; false when the line is not two parts around one space.
    mutating func append(line: some BidirectionalCollection<UInt8>) -> Bool {
        guard let space = line.firstIndex(of: 0x20) else { return false }
        let left = line[..<space]
        let right = line[line.index(after: space)...]
        guard !left.isEmpty, !right.isEmpty, !right.contains(0x20) else { return false }
        append(left, right)
        return true
    }

    /// A hash of all merges in order.
    func contentHash() -> String {
        var hash = ContentHash()
        blob.withUnsafeBytes { hash.update($0) }
        ends.map(UInt32.init(truncatingIfNeeded:)).withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    /// The merges with the ids of a vocabulary.
    ///
    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)`` when a part or its result is not in it.
    func table(_ vocabulary: TokenStrings, path: String) throws(CLIPTextError) -> MergeTable {
        var table = MergeTable(capacity: count)
        var start = 0
        for index in 0..<count {
            let middle = ends[2 * index]
            let end = ends[2 * index + 1]
            guard middle > start, end > middle, let left = vocabulary.find(blob[start..<middle]),
                let right = vocabulary.find(blob[middle..<end]), let both = vocabulary.find(blob[start..<end])
            else {
                let text = String(decoding: blob[start..<min(end, start + 80)], as: UTF8.self)
                throw .fileMalformed(
                    path: path, place: "merge \(index)",
                    reason: "\"\(text)\" does not join two tokens of the vocabulary into a third")
            }
            table.append(left: left, right: right, result: both)
            start = end
        }
        return table
    }
}
