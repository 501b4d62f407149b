/// Facts about a code point, one bit each.
struct PointFacts: OptionSet {
    let rawValue: UInt16

    /// `\p{L}` in the token pattern.
    static let letter = PointFacts(rawValue: 1 << 0)
    /// `\p{N}` in the token pattern.
    static let number = PointFacts(rawValue: 1 << 1)
    /// Matches no part of the token pattern: U+0345, whose other case is a letter although it is none itself.
    static let unmatched = PointFacts(rawValue: 1 << 2)
    /// White space to Python's `str.split`, `str.strip` and `re`'s `\s`.
    static let space = PointFacts(rawValue: 1 << 3)
    /// `\d` in Python's `re`.
    static let decimal = PointFacts(rawValue: 1 << 4)
    /// `\w` in Python's `re`.
    static let word = PointFacts(rawValue: 1 << 5)
    /// Has case, and so makes a sigma after it a final one.
    static let cased = PointFacts(rawValue: 1 << 6)
    /// Looked through when finding a sigma's neighbors.
    static let ignorable = PointFacts(rawValue: 1 << 7)
    /// May change, or make its neighbor change, under canonical composition.
    static let composing = PointFacts(rawValue: 1 << 8)
    /// Has a lower-case form different from itself.
    static let lowers = PointFacts(rawValue: 1 << 9)
    /// Replaced or removed by ``CharacterFixes``.
    static let replaced = PointFacts(rawValue: 1 << 10)
}

/// Unicode character data, read from a data file so that every platform gives the tokens of the reference.
struct UnicodeTables {
    private var facts: [UInt16]
    /// Lower-case forms that differ, without the context rule for the Greek sigma.
    private(set) var lower: [UInt32: [UInt32]]
    /// Canonical combining classes other than zero.
    private(set) var combiningClass: [UInt32: UInt8] = [:]
    /// Full canonical decompositions, Hangul left out (it is computed).
    private(set) var decomposition: [UInt32: [UInt32]] = [:]
    /// Primary composites by `first << 32 | second`.
    private(set) var composition: [UInt64: UInt32] = [:]

    init(_ data: DataSections) throws(CLIPTextError) {
        facts = [UInt16](repeating: 0, count: 0x110000)
        lower = try data.mapping("lower")
        let named: [(String, PointFacts)] = [
            ("letter", .letter), ("number", .number), ("unmatched", .unmatched), ("space", .space),
            ("decimal", .decimal), ("word", .word), ("cased", .cased), ("ignorable", .ignorable), ("lower", .lowers),
        ]
        for (section, fact) in named {
            for item in try data.items(section) {
                for point in item.first...item.last { facts[point] |= fact.rawValue }
            }
        }
        try readComposition(data)
    }

    @inline(__always)
    subscript(point: UInt32) -> PointFacts {
        point < 0x110000 ? PointFacts(rawValue: facts[Int(point)]) : []
    }

    mutating func mark(_ point: UInt32, _ fact: PointFacts) {
        if point < 0x110000 { facts[Int(point)] |= fact.rawValue }
    }

    private mutating func readComposition(_ data: DataSections) throws(CLIPTextError) {
        for item in try data.items("class") {
            guard let value = item.values.first, value > 0, value < 256 else { continue }
            for point in item.first...item.last {
                combiningClass[UInt32(point)] = UInt8(value)
                mark(UInt32(point), .composing)
            }
        }
        let single = try data.mapping("decomposition")
        let excluded = Set(try data.members("excluded"))
        for (point, parts) in single {
            decomposition[point] = Self.expand(parts, single, depth: 0)
            if excluded.contains(point) {
                mark(point, .composing)
            } else if parts.count == 2 {
                composition[UInt64(parts[0]) << 32 | UInt64(parts[1])] = point
                mark(parts[1], .composing)
            }
        }
        for jamo: UInt32 in 0x1161...0x1175 { mark(jamo, .composing) }
        for jamo: UInt32 in 0x11A8...0x11C2 { mark(jamo, .composing) }
    }

    private static func expand(_ parts: [UInt32], _ single: [UInt32: [UInt32]], depth: Int) -> [UInt32] {
        // The deepest chain in Unicode is four steps; the bound only keeps a damaged file from looping.
        guard depth < 8 else { return parts }
        return parts.flatMap { part in
            single[part].map { expand($0, single, depth: depth + 1) } ?? [part]
        }
    }
}

/// What Python's string methods make of texts.
extension UnicodeTables {
    /// Runs of white space as one space each, none at either end.
    func collapsed(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        var pending = false
        for point in text {
            if self[point].contains(.space) {
                pending = !out.isEmpty
            } else {
                if pending { out.append(0x20) }
                pending = false
                out.append(point)
            }
        }
        return out
    }

    /// Lower case as Python's `str.lower`: full mappings, and sigma final after a letter and before none.
    func lowered(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { self[$0].contains(.lowers) }) else { return text }
        var out: [UInt32] = []
        out.reserveCapacity(text.count + 8)
        for (index, point) in text.enumerated() {
            if point == 0x03A3 {
                out.append(isFinalSigma(text, index) ? 0x03C2 : 0x03C3)
            } else if self[point].contains(.lowers), let points = lower[point] {
                out.append(contentsOf: points)
            } else {
                out.append(point)
            }
        }
        return out
    }

    private func isFinalSigma(_ text: [UInt32], _ index: Int) -> Bool {
        func isCased(_ point: UInt32?) -> Bool { point.map { self[$0].contains(.cased) } ?? false }
        let before = text[..<index].last { !self[$0].contains(.ignorable) }
        let after = text[(index + 1)...].first { !self[$0].contains(.ignorable) }
        return isCased(before) && !isCased(after)
    }
}
