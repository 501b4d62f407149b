import CLIPData

/// Divides entries among the parts of a corpus. Neither their order nor a seed has a say: everything is decided by
/// hashes of captions and places, so that another package moves little.
struct CorpusSplit {
    /// What the split looks at of an entry.
    struct Item {
        /// English captions as they are compared, the main one first.
        let captions: [String]
        /// What else entries of one group share: Chinese captions, an emoji.
        var shared: [String] = []
        let place: String
        /// The source's name.
        let source: String
        /// Whether people captioned it in Chinese.
        var hasChinese = false
    }

    /// How many pairs are wanted for tests and validation.
    struct Sizes {
        var test: Int
        var validation: Int
        /// Tests take at most this share of a source's concepts, validation half of it.
        var share: Double
    }

    /// Groups with more entries are trained on: they show what is most common, and to hold one out costs all of them.
    static let largest = 5

    /// Each entry's parts; empty for those that are left out because their group is held out.
    static func parts(
        of items: [Item], related: [(Int, Int)], sizes: Sizes, reserved: [CorpusPart: Set<String>] = CorpusPart.reserved
    ) -> [Set<CorpusPart>] {
        var groups = CorpusGroups(count: items.count)
        for (a, b) in related { groups.join(a, b) }
        groups.join(items.map { $0.captions + $0.shared.map { "\u{0}" + $0 } })
        var parts = Array(repeating: Set([CorpusPart.train]), count: items.count)
        var concepts: [Concept] = []
        for members in groups.members() {
            var taken = members.map { member in
                Set([CorpusPart.first, .demo].filter { reserved[$0]?.contains(items[member].place) ?? false })
            }
            if taken.allSatisfy(\.isEmpty) {
                if members.count <= largest { concepts.append(Concept(members, of: items)) }
                continue
            }
            for member in members { parts[member] = taken.removeFirst() }
        }
        // Tests take from one end of the order of hashes, validation from the other, so that neither pushes the other.
        concepts.sort { ($0.hash, $0.key) < ($1.hash, $1.key) }
        let total = concepts.reduce(into: [String: Int]()) { counts, concept in
            for source in concept.sources { counts[source, default: 0] += 1 }
        }
        let test = choose(sizes.test, of: concepts, total: total, share: sizes.share)
        let validation = choose(
            sizes.validation, of: concepts.filter { !test.contains($0.key) }.reversed(), total: total,
            share: sizes.share / 2)
        for concept in concepts {
            guard
                let part: CorpusPart = test.contains(concept.key)
                    ? .test : validation.contains(concept.key) ? .val : nil
            else { continue }
            for member in concept.members { parts[member] = member == concept.shown ? [part] : [] }
        }
        return parts
    }

    /// Keys of about `count` concepts, the first of each source in the order given.
    private static func choose(_ count: Int, of concepts: [Concept], total: [String: Int], share: Double) -> Set<String>
    {
        let homes = Dictionary(grouping: concepts, by: \.home)
        let limits = homes.mapValues { home in
            min(home.count, Int(share * Double(home.first.flatMap { total[$0.home] } ?? 0)))
        }
        let quotas = filled(count, limits: limits)
        return Set(homes.flatMap { source, home in home.prefix(quotas[source] ?? 0).map(\.key) })
    }

    /// Equal shares of `count`, but for those that have less to give.
    static func filled(_ count: Int, limits: [String: Int]) -> [String: Int] {
        var left = count
        var quotas: [String: Int] = [:]
        // The smallest first: what they lack, the larger make up for.
        for (index, entry) in limits.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }).enumerated() {
            let quota = min(entry.value, left / (limits.count - index))
            quotas[entry.key] = quota
            left -= quota
        }
        return quotas
    }

    /// A group that may be held out, and the one picture that would show it.
    private struct Concept {
        let members: [Int]
        /// The least main caption.
        let key: String
        let hash: UInt64
        let sources: Set<String>
        /// The source that shows it: not always the same one, where several draw the same things.
        let home: String
        let shown: Int

        init(_ members: [Int], of items: [Item]) {
            self.members = members
            let key = members.compactMap { items[$0].captions.first }.min() ?? ""
            self.key = key
            hash = SplitMix64.seed(StableHash.of(key))
            sources = Set(members.map { items[$0].source })
            func rank(_ text: String) -> UInt64 { SplitMix64.seed(StableHash.of(key), StableHash.of(text)) }
            // One that people captioned in Chinese, if there is such a picture.
            let captioned = Set(members.filter { items[$0].hasChinese }.map { items[$0].source })
            let home = (captioned.isEmpty ? sources : captioned).min { (rank($0), $0) < (rank($1), $1) } ?? ""
            self.home = home
            shown =
                members.filter { items[$0].source == home }.min { a, b in
                    let (left, right) = (items[a], items[b])
                    return (left.hasChinese ? 0 : 1, rank(left.place), left.place)
                        < (right.hasChinese ? 0 : 1, rank(right.place), right.place)
                } ?? members[0]
        }
    }
}
