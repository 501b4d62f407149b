/// Cleans captions the way the reference tokenizer does before it looks for tokens: ftfy's `fix_text`, HTML references
/// read twice, white space collapsed, lower case.
///
/// Works on arrays of code points. Where nothing applies, a step hands back the array it was given.
struct TextCleaner: Sendable {
    let tables: UnicodeTables
    private let entities: HTMLEntities
    private let repair: EncodingRepair
    private let fixes: CharacterFixes
    private let composition: CanonicalComposition

    /// Segments are cut here at the latest, as the reference does.
    private static let longestSegment = 1_000_000

    /// The one that all tokenizers use, made when first asked for.
    static let shared = Result<TextCleaner, CLIPTextError> { () throws(CLIPTextError) in try TextCleaner() }

    /// - Throws: ``CLIPTextError`` when a data file is missing or damaged.
    init() throws(CLIPTextError) {
        let mojibake = try DataSections(name: "mojibake.txt", bytes: try ResourceFolder.own.read("mojibake.txt"))
        var tables = try UnicodeTables(
            try DataSections(name: "unicode.txt", bytes: try ResourceFolder.own.read("unicode.txt")))
        var encodings: [SingleByteEncoding] = []
        for name in SingleByteEncoding.names {
            encodings.append(try SingleByteEncoding(name: name, data: mojibake))
        }
        let windows1252 = encodings[1].upper
        fixes = try CharacterFixes(mojibake, windows1252: windows1252, tables: &tables)
        entities = try HTMLEntities(bytes: try ResourceFolder.own.read("html-entities.txt"), windows1252: windows1252)
        repair = try EncodingRepair(mojibake, encodings: encodings, tables: tables)
        composition = CanonicalComposition(tables: tables)
        self.tables = tables
    }

    /// The cleaned text: words in lower case with single spaces between them.
    func clean(_ text: [UInt32]) -> [UInt32] {
        lowered(collapsed(repaired(text)))
    }

    /// ftfy's `fix_text` with its default settings.
    func fixed(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        var unescapes = true
        var start = 0
        while start < text.count {
            let lineEnd = text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
            let end = min(lineEnd, start + Self.longestSegment)
            // A literal "<" says that this is HTML itself, from here to the end, and must keep its references.
            if text[start..<end].contains(0x3C) { unescapes = false }
            let segment = fixedSegment(Array(text[start..<end]), unescapes: unescapes)
            if start == 0, end == text.count { return segment }
            out.append(contentsOf: segment)
            start = end
        }
        return out
    }

    private func fixedSegment(_ segment: [UInt32], unescapes: Bool) -> [UInt32] {
        var text = segment
        while true {
            var next = unescapes ? entities.unescapeStrictly(entities.shorteningChains(text)) : text
            next = repair.repaired(next)
            next = fixes.fixed(next)
            next = composition.composed(next)
            if next == text { return text }
            text = next
        }
    }

    /// Normalization form C.
    func composed(_ text: [UInt32]) -> [UInt32] { composition.composed(text) }

    /// Runs of white space as one space each, none at either end.
    func collapsed(_ text: [UInt32]) -> [UInt32] { tables.collapsed(text) }

    /// Lower case as Python's `str.lower`.
    func lowered(_ text: [UInt32]) -> [UInt32] { tables.lowered(text) }

    /// Repaired text with HTML references read twice, neither collapsed nor lowered.
    func repaired(_ text: [UInt32]) -> [UInt32] {
        entities.unescapeLeniently(entities.unescapeLeniently(fixed(text)))
    }
}
