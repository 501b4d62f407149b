/// Puts together what must stay on one side of the split: entries that share a caption, show one emoji or look alike.
struct CorpusGroups {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    /// Puts two entries together.
    mutating func join(_ a: Int, _ b: Int) {
        let (rootA, rootB) = (root(a), root(b))
        if rootA != rootB { parents[max(rootA, rootB)] = min(rootA, rootB) }
    }

    /// Puts all entries with a text in common together. `texts[i]` are entry i's, normalized.
    mutating func join(_ texts: [[String]]) {
        var first: [String: Int] = [:]
        for (entry, texts) in texts.enumerated() {
            for text in texts {
                if let other = first[text] { join(other, entry) } else { first[text] = entry }
            }
        }
    }

    /// The entries of every group, in order.
    mutating func members() -> [[Int]] {
        var groups: [Int: [Int]] = [:]
        for entry in parents.indices { groups[root(entry), default: []].append(entry) }
        return groups.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func root(_ entry: Int) -> Int {
        var entry = entry
        while parents[entry] != entry {
            parents[entry] = parents[parents[entry]]
            entry = parents[entry]
        }
        return entry
    }
}
