/// Decides whether text looks like it was decoded in the wrong encoding: ftfy's badness heuristic.
///
/// The rules are short sequences of character sets. Every character belongs to a kind (characters in the same sets are
/// one kind), and for each position in a rule and each kind there is a bit mask of the rules that accept it; matching a
/// position in the text against all rules is then a few bitwise ANDs.
struct MojibakeDetector {
    private static let limit = 0x2600
    /// Kinds of the code points below `limit`.
    private var kinds = [UInt8](repeating: 0, count: limit)
    /// Kinds of the few listed characters beyond `limit`.
    private var farKinds: [UInt32: UInt8] = [:]
    /// `accepted[position][kind]`: the rules whose element at `position` accepts the kind, or that have ended before.
    private var accepted: [[UInt64]] = []
    private let anchored: UInt64
    private let tables: UnicodeTables

    // Kinds of unlisted code points beyond the limit; the one past the last kind stands for the end of the text.
    private var plainKind: UInt8 = 0
    private var wordKind: UInt8 = 0
    private var spaceKind: UInt8 = 0
    private var endKind = 0

    init(_ data: DataSections, tables: UnicodeTables) throws(CLIPTextError) {
        self.tables = tables
        let sets = try MojibakeRules.Sets(data)
        let rules = MojibakeRules.rules(sets)
        let patterns = rules.map(\.elements)
        let depth = patterns.map(\.count).max() ?? 0
        var anchored: UInt64 = 0
        for (index, rule) in rules.enumerated() where rule.atStart { anchored |= 1 << UInt64(index) }
        self.anchored = anchored

        // The characters to tell apart, then one of each kind of unlisted ones, then the end of the text.
        var points = Array(sets.all.union(0..<0x100))
        points.append(contentsOf: [0x2FF0, 0x4E00, 0x3000])
        let masks = Self.masks(patterns: patterns, points: points, depth: depth, tables: tables)
        var known: [[UInt64]: UInt8] = [:]
        var columns: [[UInt64]] = []
        let pointKinds = masks.map { column in
            if let seen = known[column] { return seen }
            let next = UInt8(clamping: columns.count)  // the rules make about sixty kinds, never more than 255
            known[column] = next
            columns.append(column)
            return next
        }
        endKind = Int(pointKinds[points.count])
        plainKind = pointKinds[points.count - 3]
        wordKind = pointKinds[points.count - 2]
        spaceKind = pointKinds[points.count - 1]
        for point in 0..<UInt32(Self.limit) { kinds[Int(point)] = unlistedKind(point) }
        for (point, kind) in zip(points, pointKinds) {
            if point < UInt32(Self.limit) { kinds[Int(point)] = kind } else { farKinds[point] = kind }
        }
        accepted = (0..<depth).map { position in columns.map { $0[position] } }
    }

    /// For every point, and last for the end of the text, the rules accepting it at each position in a rule.
    private static func masks(
        patterns: [[MojibakeRules.Element]], points: [UInt32], depth: Int, tables: UnicodeTables
    ) -> [[UInt64]] {
        let places = Dictionary(points.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var masks = [[UInt64]](repeating: [UInt64](repeating: 0, count: depth), count: points.count + 1)
        for (index, elements) in patterns.enumerated() {
            let bit: UInt64 = 1 << UInt64(index)
            for (position, element) in elements.enumerated() {
                for (place, point) in points.enumerated() {
                    let byFact = !tables[point].isDisjoint(with: element.facts)
                    if byFact != element.inverted { masks[place][position] |= bit }
                }
                for point in element.points {
                    guard let place = places[point] else { continue }
                    if element.inverted { masks[place][position] &= ~bit } else { masks[place][position] |= bit }
                }
            }
            for position in elements.count..<max(depth, elements.count) {
                for place in masks.indices { masks[place][position] |= bit }
            }
        }
        return masks
    }

    /// Whether any rule matches anywhere in the text.
    func isBad(_ text: ArraySlice<UInt32>) -> Bool {
        let codes = text.map { Int(kind(of: $0)) }
        for start in codes.indices {
            var rules = accepted[0][codes[start]]
            if start > 0 { rules &= ~anchored }
            var position = 1
            while rules != 0, position < accepted.count {
                let at = start + position
                rules &= accepted[position][at < codes.count ? codes[at] : endKind]
                position += 1
            }
            if rules != 0 { return true }
        }
        return false
    }

    @inline(__always)
    private func kind(of point: UInt32) -> UInt8 {
        if point < UInt32(Self.limit) { return kinds[Int(point)] }
        return farKinds[point] ?? unlistedKind(point)
    }

    private func unlistedKind(_ point: UInt32) -> UInt8 {
        let facts = tables[point]
        return facts.contains(.word) ? wordKind : facts.contains(.space) ? spaceKind : plainKind
    }
}
