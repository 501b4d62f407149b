/// What the reference tokenizers do with single code points, where they differ from each other: tables read once.
struct RuleTables: Sendable {
    struct Facts: OptionSet {
        let rawValue: UInt16

        /// `\s`, `\p{L}` and `\p{N}` in patterns of Hugging Face's `tokenizers`.
        static let space = Facts(rawValue: 1 << 0)
        static let letter = Facts(rawValue: 1 << 1)
        static let number = Facts(rawValue: 1 << 2)
        /// What `tokenizers` removes, makes a space, surrounds by spaces, splits at or keeps apart for BERT.
        static let fastRemoved = Facts(rawValue: 1 << 3)
        static let fastSpace = Facts(rawValue: 1 << 4)
        static let fastChinese = Facts(rawValue: 1 << 5)
        static let fastBreak = Facts(rawValue: 1 << 6)
        static let fastPunctuation = Facts(rawValue: 1 << 7)
        /// General categories Mn; Cc and Cf; Zs; P* in Python's Unicode data.
        static let mark = Facts(rawValue: 1 << 8)
        static let control = Facts(rawValue: 1 << 9)
        static let separator = Facts(rawValue: 1 << 10)
        static let punctuation = Facts(rawValue: 1 << 11)
    }

    private static let sections: [(String, Facts)] = [
        ("tokenizers.space", .space), ("tokenizers.letter", .letter), ("tokenizers.number", .number),
        ("tokenizers.bert.removed", .fastRemoved), ("tokenizers.bert.space", .fastSpace),
        ("tokenizers.bert.chinese", .fastChinese), ("tokenizers.bert.break", .fastBreak),
        ("tokenizers.bert.punctuation", .fastPunctuation), ("python.mark", .mark), ("python.control", .control),
        ("python.separator", .separator), ("python.punctuation", .punctuation),
    ]

    private static let shared = Result<RuleTables, CLIPTextError> { () throws(CLIPTextError) in try RuleTables() }

    let unicode: UnicodeTables
    let composition: CanonicalComposition
    private var facts = [UInt16](repeating: 0, count: 0x110000)
    /// Lower case and accent stripping by `tokenizers`, where they differ from Python's.
    private let lowerChanges: [UInt32: [UInt32]]
    private let stripChanges: [UInt32: [UInt32]]

    /// The tables, read when first asked for.
    ///
    /// - Throws: ``CLIPTextError`` when a data file is missing or damaged.
    static func load() throws(CLIPTextError) -> RuleTables { try shared.get() }

    private init() throws(CLIPTextError) {
        let data = try DataSections(name: "rules.txt", bytes: try ResourceFolder.own.read("rules.txt"))
        unicode = try UnicodeTables(
            try DataSections(name: "unicode.txt", bytes: try ResourceFolder.own.read("unicode.txt")))
        composition = CanonicalComposition(tables: unicode)
        for (section, fact) in Self.sections {
            for item in try data.items(section) {
                for point in item.first...item.last { facts[point] |= fact.rawValue }
            }
        }
        lowerChanges = try data.mapping("tokenizers.lower")
        stripChanges = try data.mapping("tokenizers.strip")
    }

    @inline(__always)
    subscript(point: UInt32) -> Facts {
        point < 0x110000 ? Facts(rawValue: facts[Int(point)]) : []
    }

    func isSpace(_ point: UInt32) -> Bool { self[point].contains(.fastBreak) }
    func isWord(_ point: UInt32) -> Bool { unicode[point].contains(.word) }

    /// Lower case character by character, as `tokenizers` does: no final sigma.
    func lowered(_ text: some Sequence<UInt32>) -> [UInt32] {
        var out: [UInt32] = []
        for point in text {
            if point < 0x80 {
                out.append((0x41...0x5A).contains(point) ? point + 0x20 : point)
            } else if let points = lowerChanges[point] ?? unicode.lower[point] {
                out.append(contentsOf: points)
            } else {
                out.append(point)
            }
        }
        return out
    }

    /// Canonically decomposed without marks, by Python's data.
    func stripped(_ text: [UInt32]) -> [UInt32] {
        composition.ordered(text).filter { !self[$0].contains(.mark) }
    }

    /// Canonically decomposed without marks, by the data of `tokenizers`.
    func strippedFast(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { $0 >= 0x80 }) else { return text }
        var out: [UInt32] = []
        for point in text {
            if let points = stripChanges[point] {
                out.append(contentsOf: points.filter { $0 != 0 })
            } else if point < 0x80 {
                out.append(point)
            } else {
                out.append(contentsOf: stripped([point]))
            }
        }
        return out
    }
}
