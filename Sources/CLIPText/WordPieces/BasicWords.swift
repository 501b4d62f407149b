/// BERT's words: text without control characters, split at white space, around Chinese characters and around
/// punctuation, in lower case and without accents.
struct BasicWords: Sendable {
    private let tables: RuleTables
    private let rules: TextRules
    private let lowers: Bool
    private let strips: Bool
    private let separatesChinese: Bool

    init(tables: RuleTables, rules: TextRules, settings: TokenizerSettings?) {
        self.tables = tables
        self.rules = rules
        lowers = settings?["do_lower_case"]?.bool ?? true
        // What is not said about accents follows the case.
        strips = settings?["strip_accents"]?.bool ?? lowers
        separatesChinese = settings?["tokenize_chinese_chars"]?.bool ?? true
    }

    /// The name of these rules in a tokenizer's identity.
    var name: String {
        guard rules == .transformers else { return "bert" }
        var name = "bert-hf"
        if !lowers { name += "-cased" }
        if strips != lowers { name += strips ? "-stripped" : "-accents" }
        if !separatesChinese { name += "-joined" }
        return name
    }

    /// Calls `body` with each word in order.
    func forEach(in text: ArraySlice<UInt32>, _ body: (ArraySlice<UInt32>) -> Void) {
        rules == .authors ? forEachByAuthors(text, body) : forEachByTransformers(text, body)
    }

    private func forEachByAuthors(_ text: ArraySlice<UInt32>, _ body: (ArraySlice<UInt32>) -> Void) {
        var spaced: [UInt32] = []
        spaced.reserveCapacity(text.count * 2)
        for point in text {
            let isBreak = point == 0x09 || point == 0x0A || point == 0x0D
            if point == 0 || point == 0xFFFD || tables[point].contains(.control) && !isBreak { continue }
            if isBreak || tables[point].contains(.separator) {
                spaced.append(0x20)
            } else if Self.isChinese(point) {
                spaced.append(contentsOf: [0x20, point, 0x20])
            } else {
                spaced.append(point)
            }
        }
        let unicode = tables.unicode
        for word in spaced.split(whereSeparator: { unicode[$0].contains(.space) }) {
            let stripped = tables.stripped(unicode.lowered(Array(word)))
            split(stripped, isSpace: { unicode[$0].contains(.space) }, isPunctuation: isPunctuation, body)
        }
    }

    private func forEachByTransformers(_ text: ArraySlice<UInt32>, _ body: (ArraySlice<UInt32>) -> Void) {
        var cleaned: [UInt32] = []
        cleaned.reserveCapacity(text.count * 2)
        for point in text {
            let facts = tables[point]
            if facts.contains(.fastRemoved) { continue }
            if facts.contains(.fastSpace) {
                cleaned.append(0x20)
            } else if separatesChinese, facts.contains(.fastChinese) {
                cleaned.append(contentsOf: [0x20, point, 0x20])
            } else {
                cleaned.append(point)
            }
        }
        if strips { cleaned = tables.strippedFast(cleaned) }
        if lowers { cleaned = tables.lowered(cleaned) }
        split(
            cleaned, isSpace: { tables[$0].contains(.fastBreak) },
            isPunctuation: { tables[$0].contains(.fastPunctuation) }, body)
    }

    /// Splits at white space and around each punctuation character.
    private func split(
        _ text: [UInt32], isSpace: (UInt32) -> Bool, isPunctuation: (UInt32) -> Bool,
        _ body: (ArraySlice<UInt32>) -> Void
    ) {
        var start = 0
        func finish(_ end: Int) { if end > start { body(text[start..<end]) } }
        for index in text.indices {
            let punctuation = isPunctuation(text[index])
            guard punctuation || isSpace(text[index]) else { continue }
            finish(index)
            if punctuation { body(text[index...index]) }
            start = index + 1
        }
        finish(text.count)
    }

    /// ASCII that is neither letter, digit, space nor control counts, although some of it is no punctuation to Unicode.
    private func isPunctuation(_ point: UInt32) -> Bool {
        switch point {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: tables[point].contains(.punctuation)
        }
    }

    private static func isChinese(_ point: UInt32) -> Bool {
        switch point {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
            0x2B820...0x2CEAF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
