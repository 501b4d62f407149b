import Testing

@testable import CLIPText

@Suite struct TextCleanerTests {
    static let shared = Result { try TextCleaner() }
    let cleaner: TextCleaner

    init() throws {
        cleaner = try Self.shared.get()
    }

    private func text(_ points: [UInt32]) -> String {
        String(String.UnicodeScalarView(points.compactMap(Unicode.Scalar.init)))
    }

    private func points(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    /// What ftfy 6.3.1 makes of these texts.
    @Test(arguments: [
        ("âœ” No problems", "✔ No problems"),
        ("&macr;\\_(ã\u{83}\u{84})_/&macr;", "¯\\_(ツ)_/¯"),
        ("Broken text&hellip; it&#x2019;s ﬂubberiﬁc!", "Broken text\u{2026} it's flubberific!"),
        ("ＬＯＵＤ　ＮＯＩＳＥＳ", "LOUD NOISES"),
        ("Ｕﾀｰﾝ", "Uターン"),
        ("voilÃ le travail", "voilà le travail"),
        ("â€œ like this â€\u{FFFD}", "\" like this \u{FFFD}"),
        ("BUNDESSTRA&SZLIG;E P&EACUTE;REZ &nTILDE;", "BUNDESSTRASSE PÉREZ &nTILDE;"),
        ("<b> &amp;", "<b> &amp;"),
        ("&amp;\n<b> &amp;\n&amp;", "&\n<b> &amp;\n&amp;"),
        ("\u{1B}[36;44mblue\u{1B}[0m", "blue"),
        ("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"),
        ("\u{FEFF}a\u{0}b\u{FFFC}", "ab"),
        ("cafe\u{301}", "caf\u{E9}"),
        ("l\u{2019}\u{93}quoted\u{94}", "l'\"quoted\""),
    ])
    func repairs(broken: String, repaired: String) {
        #expect(text(cleaner.fixed(points(broken))).unicodeScalars.elementsEqual(repaired.unicodeScalars))
    }

    @Test(arguments: [
        ("ΟΔΟΣ ΣΑΣ Σ", "οδος σας σ"), ("İI", "i̇i"), ("AΣ\u{301}Β", "aσ\u{301}β"), ("ǅ ẞ Ω", "ǆ ß ω"), ("A.Σ", "a.ς"),
    ])
    func lowerCase(upper: String, lower: String) {
        #expect(text(cleaner.lowered(points(upper))).unicodeScalars.elementsEqual(lower.unicodeScalars))
    }

    @Test func whiteSpaceCollapses() {
        #expect(text(cleaner.collapsed(points(" \t a \u{3000}\n\u{85}b\u{1C}c\u{200B} "))) == "a b c\u{200B}")
        #expect(cleaner.collapsed(points("\n \u{A0}")).isEmpty)
    }

    @Test(arguments: [
        ("&amp", "&"), ("&ampx", "&x"), ("&notit;", "¬it;"), ("&notin;", "∉"), ("&#65", "A"), ("&#x41g", "Ag"),
        ("&#0;", "\u{FFFD}"), ("&#55357;", "\u{FFFD}"), ("&#x110000;", "\u{FFFD}"),
        ("&#99999999999999999999;", "\u{FFFD}"),
        ("&#128;", "€"), ("&#1;", ""), ("&#xFFFF;", ""), ("&#", "&#"), ("&#x;", "&#x;"), ("&", "&"), ("&&gt;", "&>"),
        ("&fjlig;", "fj"), ("&bogus;", "&bogus;"), ("&\u{E9};", "&\u{E9};"),
    ])
    func lenientReferences(source: String, expected: String) throws {
        let windows1252 = (0..<128).map { $0 == 0 ? UInt32(0x20AC) : UInt32($0 + 128) }
        let entities = try HTMLEntities(
            bytes: try ResourceFolder.own.read("html-entities.txt"), windows1252: windows1252)
        #expect(text(entities.unescapeLeniently(points(source))) == expected)
    }

    @Test func variantsOfUTF8() {
        #expect(UTF8Variants.decode([0xC0, 0x80, 0x41], allowingVariants: true) == [0, 0x41])
        #expect(UTF8Variants.decode([0xC0, 0x80], allowingVariants: false) == nil)
        let pair: [UInt8] = [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x8D]
        #expect(UTF8Variants.decode(pair, allowingVariants: true) == [0x1F60D])
        #expect(UTF8Variants.decode(pair, allowingVariants: false) == nil)
        for bad: [UInt8] in [
            [0x80], [0xC1, 0x81], [0xE0, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
        ] {
            #expect(UTF8Variants.decode(bad, allowingVariants: true) == nil, "\(bad)")
        }
    }

    @Test func decodesUTF8AsSwiftDoes() {
        for point: UInt32 in stride(from: 0, to: 0x110000, by: 97) {
            guard let scalar = Unicode.Scalar(point) else { continue }
            #expect(UTF8Variants.decode(Array(String(scalar).utf8), allowingVariants: true) == [point])
        }
    }

    @Test func composesAsSwiftCompares() {
        // Two texts are equal to Swift when they are canonically equivalent, so the composed text equals its source.
        for text in [
            "e\u{301}\u{323}", "\u{1EA5}", "각\u{11A8}", "\u{1100}\u{1161}\u{11A8}", "\u{2126}", "\u{958}",
            "a\u{315}\u{300}",
        ] {
            let composed = self.text(cleaner.composed(points(text)))
            #expect(composed == text)
            #expect(cleaner.composed(points(composed)) == points(composed))
        }
        #expect(cleaner.composed(points("\u{1100}\u{1161}\u{11A8}")) == [0xAC01])
        #expect(cleaner.composed([0x958]) == [0x915, 0x93C])
    }
}
