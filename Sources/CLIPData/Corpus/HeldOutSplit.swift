/// Divides entries so that nothing held out was seen in training: entries that share a caption or look alike go to
/// the same side, chosen by a stable hash.
struct HeldOutSplit {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    /// Puts two entries on the same side.
    mutating func join(_ a: Int, _ b: Int) {
        let (rootA, rootB) = (root(a), root(b))
        if rootA != rootB { parents[max(rootA, rootB)] = min(rootA, rootB) }
    }

    /// Puts all entries with a caption in common on the same side. `captions[i]` are entry i's, normalized.
    mutating func join(captions: [[String]]) {
        var first: [String: Int] = [:]
        for (entry, texts) in captions.enumerated() {
            for text in texts {
                if let other = first[text] { join(other, entry) } else { first[text] = entry }
            }
        }
    }

    private mutating func root(_ entry: Int) -> Int {
        var entry = entry
        while parents[entry] != entry {
            parents[entry] = parents[parents[entry]]
            entry = parents[entry]
        }
        return entry
    }

    /// Which entries are held out. A group goes by the least hash of its captions, so that adding or reordering other
    /// entries moves nothing.
    mutating func heldOut(captions: [String], fraction: Double) -> [Bool] {
        var least: [Int: UInt64] = [:]
        for (entry, caption) in captions.enumerated() {
            let group = root(entry)
            least[group] = min(least[group] ?? .max, StableHash.of(caption))
        }
        return captions.indices.map { entry in
            let hash = least[root(entry)] ?? 0
            // The least of many hashes is small, so it is hashed again before it decides.
            let mixed = SplitMix64.seed(hash)
            return Double(mixed >> 11) * 0x1p-53 < fraction
        }
    }
}
