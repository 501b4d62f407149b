/// Splits one word into tokens by applying merges, the earliest-learned first.
struct BytePairEncoder: Sendable {
    let merges: MergeTable

    /// Words up to this many bytes are merged by rescanning all pairs; longer ones with a queue.
    private static let shortWord = 48

    /// Appends the tokens of the word to `tokens`.
    func encode(_ word: some RandomAccessCollection<UInt8>, into tokens: inout [Int32]) {
        let start = tokens.count
        for byte in word { tokens.append(merges.byteTokens[Int(byte)]) }
        guard tokens.count > start else { return }
        tokens[tokens.count - 1] += 256
        if tokens.count - start <= Self.shortWord {
            mergeByScanning(&tokens, from: start)
        } else {
            mergeByQueue(&tokens, from: start)
        }
    }

    /// Repeats: find the earliest merge among neighbors, and apply it at its leftmost place. O(n²).
    func mergeByScanning(_ tokens: inout [Int32], from start: Int) {
        while tokens.count - start > 1 {
            var best = Int32.max
            var place = 0
            for index in start..<(tokens.count - 1) {
                if let merged = merges.merged(tokens[index], tokens[index + 1]), merged < best {
                    best = merged
                    place = index
                }
            }
            guard best != .max else { return }
            tokens[place] = best
            tokens.remove(at: place + 1)
        }
    }

    /// The same result with a queue of candidate merges over a linked list. O(n log n).
    func mergeByQueue(_ tokens: inout [Int32], from start: Int) {
        let count = tokens.count - start
        var ids = Array(tokens[start...])
        var next = Array(1...count)
        var previous = Array(-1..<(count - 1))
        var queue = MergeQueue()
        func candidate(_ left: Int) {
            guard left >= 0, next[left] < count, let merged = merges.merged(ids[left], ids[next[left]]) else { return }
            queue.insert(MergeQueue.Candidate(token: merged, place: Int32(truncatingIfNeeded: left)))
        }
        for place in 0..<count { candidate(place) }
        while let first = queue.removeFirst() {
            let left = Int(first.place)
            // A candidate is stale when either side was merged meanwhile: its pair no longer gives this token.
            guard ids[left] >= 0, next[left] < count, merges.merged(ids[left], ids[next[left]]) == first.token else {
                continue
            }
            let right = next[left]
            ids[left] = first.token
            ids[right] = -1
            next[left] = next[right]
            if next[left] < count { previous[next[left]] = left }
            candidate(previous[left])
            candidate(left)
        }
        tokens.removeSubrange(start...)
        tokens.append(contentsOf: ids.lazy.filter { $0 >= 0 })
    }
}

/// A binary heap of candidate merges: the smallest token (or rank) first, then the leftmost.
struct MergeQueue {
    struct Candidate {
        var token: Int32
        var place: Int32

        var order: UInt64 { UInt64(UInt32(bitPattern: token)) << 32 | UInt64(UInt32(bitPattern: place)) }
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
