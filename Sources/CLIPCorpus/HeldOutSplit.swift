import CLIPData

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

    /// Which entries are held out, about `fraction` of all. A group goes by the least hash of its captions, so that
    /// the order of entries has no say.
    ///
    /// Groups of more than `largest` entries always go to training: twenty pictures called "arrow" would make the
    /// held-out captions unable to tell their pictures apart.
    mutating func heldOut(captions: [String], fraction: Double, largest: Int = 3) -> [Bool] {
        var least: [Int: UInt64] = [:]
        var sizes: [Int: Int] = [:]
        for (entry, caption) in captions.enumerated() {
            let group = root(entry)
            least[group] = min(least[group] ?? .max, StableHash.of(caption))
            sizes[group, default: 0] += 1
        }
        let eligible = sizes.values.reduce(0) { $0 + ($1 <= largest ? $1 : 0) }
        let share = eligible == 0 ? 0 : fraction * Double(captions.count) / Double(eligible)
        return captions.indices.map { entry in
            let group = root(entry)
            guard let hash = least[group], sizes[group, default: 0] <= largest else { return false }
            // The least of many hashes is small, so it is hashed again before it decides.
            let mixed = SplitMix64.seed(hash)
            return Double(mixed >> 11) * 0x1p-53 < share
        }
    }
}
