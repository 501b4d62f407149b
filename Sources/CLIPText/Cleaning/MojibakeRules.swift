/// The sequences of characters that hardly occur in text that was decoded rightly, as data (ftfy 6.3, `badness`).
enum MojibakeRules {
    /// A set of characters in a rule.
    struct Element {
        var points: Set<UInt32> = []
        /// Facts any of which also makes a character a member.
        var facts: PointFacts = []
        /// Whether membership is turned around: everything not in the set.
        var inverted = false
    }

    struct Rule {
        var elements: [Element]
        /// Whether the rule holds only at the start of the text.
        var atStart = false
    }

    /// The named categories of the data file.
    struct Sets {
        var common, c1, bad, law, currency, opening, closing, numeric, kaomoji: Set<UInt32>
        var upper, lower, upperCommon, lowerCommon, box: Set<UInt32>

        init(_ data: DataSections) throws(CLIPTextError) {
            func read(_ name: String) throws(CLIPTextError) -> Set<UInt32> { Set(try data.members("badness.\(name)")) }
            common = try read("common")
            c1 = try read("c1")
            bad = try read("bad")
            law = try read("law")
            currency = try read("currency")
            opening = try read("start_punctuation")
            closing = try read("end_punctuation")
            numeric = try read("numeric")
            kaomoji = try read("kaomoji")
            upper = try read("upper_accented")
            lower = try read("lower_accented")
            upperCommon = try read("upper_common")
            lowerCommon = try read("lower_common")
            box = try read("box")
        }

        /// Every character that a rule names; all others differ only in being a word character or white space.
        var all: Set<UInt32> {
            MojibakeRules.rules(self).reduce(into: []) { all, rule in
                for element in rule.elements { all.formUnion(element.points) }
            }
        }
    }

    static func rules(_ sets: Sets) -> [Rule] {
        general(sets) + latin(sets) + otherScripts(sets)
    }

    private static func any(_ sets: Set<UInt32>..., and characters: String = "") -> Element {
        var points = Set(characters.unicodeScalars.map(\.value))
        for set in sets { points.formUnion(set) }
        return Element(points: points)
    }

    private static let smallLetters = "abcdefghijklmnopqrstuvwxyz"
    private static let asciiLetters = smallLetters + smallLetters.uppercased()

    /// Unlikely neighbors by category.
    private static func general(_ s: Sets) -> [Rule] {
        let symbols = s.box.union(s.opening).union(s.closing).union(s.currency).union(s.numeric).union(s.law)
        let accented = s.lower.union(s.upper)
        return [
            [any(s.c1)],
            [any(s.bad, accented, symbols), any(s.bad)],
            [any(and: asciiLetters), any(s.lowerCommon, s.upperCommon), any(s.bad)],
            [any(s.bad), any(accented, symbols)],
            [any(s.lower, s.lowerCommon, s.box, s.closing, s.currency, s.numeric), any(s.upper)],
            [any(s.box, s.closing, s.currency, s.numeric), any(s.lower)],
            [any(s.lower, s.box, s.closing), any(s.currency)],
            [Element(facts: .space), any(s.upper), any(s.currency)],
            [any(s.upper, s.box), any(s.numeric, s.law)],
            [any(accented, s.box, s.currency, s.closing), any(s.opening), any(s.numeric)],
            [any(accented, s.currency, s.numeric, s.box, s.law), any(s.closing), any(s.opening)],
            [any(s.currency, s.numeric, s.box), any(s.opening)],
            [any(and: smallLetters), any(s.upper), any(s.opening, s.currency)],
            [any(s.box), any(s.kaomoji)],
            [any(accented, s.currency, s.numeric, s.opening, s.closing, s.law), any(s.box)],
            [any(s.box), any(s.closing)],
            [any(accented), any(s.opening, s.closing), Element(facts: .word)],
        ].map { Rule(elements: $0) }
    }

    /// Windows-1252 and MacRoman readings of UTF-8.
    private static func latin(_ s: Sets) -> [Rule] {
        let arabic = any(s.common, s.currency, s.bad, s.numeric, s.opening, and: "ŸŠ®°µ»")
        let rules: [[Element]] = [
            [any(and: "Œœ"), Element(points: any(and: asciiLetters).points, inverted: true)],
            [any(s.upper), any(and: "°")],
            [any(and: "ÂÃÎÐ"), any(s.opening, s.closing, and: "€œŠš¢£Ÿž\u{A0}\u{AD}®©°·»–—´")],
            [any(and: "×"), any(and: "²³")],
            [any(and: "ØÙ"), arabic, any(and: "ØÙ"), arabic],
            [any(and: "à"), any(and: "²µ¹¼½¾")],
            [any(and: "√"), any(and: "±∂†≠®™´≤≥¥µø")],
            [any(and: "≈"), any(and: "°¢")],
            [any(and: "‚"), any(and: "Ä"), any(and: "ìîïòôúùû†°¢π")],
            [any(and: "‚"), any(and: "âó"), any(and: "àä°ê")],
            [any(and: "Ã"), any(and: "\u{A0}¡")],
            [any(and: smallLetters), any(and: "ÃÂ"), any(and: " ")],
            [any(and: smallLetters), Element(facts: .space), any(and: "ÃÂ"), any(and: " ")],
            [any(s.closing, and: smallLetters + ".,?!"), any(and: "Â"), any(s.opening, s.closing, and: " ")],
        ]
        return rules.map { Rule(elements: $0) } + [Rule(elements: [any(and: "ÃÂ"), any(and: " ")], atStart: true)]
    }

    /// Windows-1251, 1253 and 1257 readings of UTF-8.
    private static func otherScripts(_ s: Sets) -> [Rule] {
        let marks = any(s.c1, s.bad, s.opening, s.closing, s.currency, and: "°")
        let cyrillicMarks = any(marks.points, and: "µ")
        let notLineFeed = Element(points: [0x0A], inverted: true)
        return [
            [any(and: "в"), any(and: "Ђ")],
            [any(and: "ВГРС"), cyrillicMarks, any(and: "ВГРС")],
            "ГўВЂВ".unicodeScalars.map { Element(points: [$0.value]) } + [notLineFeed, any(and: asciiLetters + " ")],
            [any(and: "β"), any(and: "€"), any(and: "™\u{A0}Ά\u{AD}®°")],
            [any(and: "ΒΓΞΟ"), marks, any(and: "ΒΓΞΟ")],
            [any(and: "ā"), any(and: "€")],
        ].map { Rule(elements: $0) }
    }
}
