/// Which of many names a mistyped one may mean.
package enum NearNames {
    /// The nearest names, the nearest first; none where all are far.
    /// - Parameters:
    ///   - name: what was typed.
    ///   - names: what there is; of equally near ones the first counts.
    ///   - most: how many are wanted.
    ///   - bound: how far they may be; nil for half of what was typed.
    package static func nearest(
        to name: String, among names: [String], most: Int = 3, within bound: Int? = nil
    ) -> [String] {
        let typed = key(name)
        // A path is no name, and a long text is not worth the time.
        guard (2...120).contains(typed.count), !["/", ".", "~"].contains(where: name.hasPrefix) else { return [] }
        let bound = bound ?? max(2, typed.count / 2)
        var found: [(name: String, distance: Int)] = []
        var keys: Set<[UInt8]> = []
        for candidate in names {
            let key = key(candidate)
            // Of one name in two spellings the first is enough.
            guard keys.insert(key).inserted else { continue }
            let distance = distance(typed, key)
            if distance <= bound { found.append((candidate, distance)) }
        }
        let ranked = found.enumerated().sorted {
            ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset)
        }
        guard let best = ranked.first?.element.distance else { return [] }
        return ranked.map(\.element).filter { $0.distance <= best + 1 }.prefix(most).map(\.name)
    }

    /// Letters and digits alone: people write "vit_b32" for "ViT-B/32".
    private static func key(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { (48...57).contains($0) || (97...122).contains($0) }
    }

    /// How far apart two keys are: 1 where one begins with the other, 2 where it holds it, else the letters to be changed,
    /// left out, added, or exchanged with their neighbor (optimal string alignment).
    private static func distance(_ typed: [UInt8], _ candidate: [UInt8]) -> Int {
        if typed == candidate { return 0 }
        if typed.count >= 4, candidate.starts(with: typed) { return 1 }
        if typed.count >= 6, candidate.contains(typed) { return 2 }
        var beforeLast: [Int] = []
        var last = Array(0...candidate.count)
        for (row, letter) in typed.enumerated() {
            var next = [row + 1]
            for (column, other) in candidate.enumerated() {
                var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, letter == candidate[column - 1], other == typed[row - 1] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                next.append(best)
            }
            (beforeLast, last) = (last, next)
        }
        return last[candidate.count]
    }
}

extension [String] {
    /// "a", "a or b", "a, b or c".
    package func joinedAsChoice() -> String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}
