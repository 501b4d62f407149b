import Foundation

/// The words of WordNet, as the package `wordnet-base` installs its files (the format: wndb(5WN)).
struct WordNet: Sendable {
    static let package = "wordnet-base"

    /// A word or a phrase, in all its meanings.
    struct Lemma: Sendable, Equatable {
        /// In lower case, with spaces.
        let text: String
        /// Whether it is written with a capital.
        let isName: Bool
        /// In all parts of speech.
        var senses: Int
        /// Senses that were met in the texts WordNet's authors read.
        var tagged: Int
        /// The lexicographers' file of the first sense as a noun; nil for what is no noun.
        var field: Field?
        /// Senses as a noun.
        var nounSenses: Int
        /// What the first sense means, as a noun or an adjective, and its place among such.
        var definition: Definition?

        /// Whether most senses are a noun's: `run` is a verb first.
        var isNounFirst: Bool { 2 * nounSenses >= senses }
    }

    /// Rude words are not taught.
    private static let rude = ["ethnic slur", "offensive", "obscene", "disparag", "vulgar", "taboo"]

    struct Definition: Sendable, Equatable {
        let text: String
        let synset: Int
    }

    /// Nouns' fields that pictures can show (lexnames(5WN)); others are ``other``.
    enum Field: Int, Sendable {
        case animal = 5
        case artifact = 6
        case body = 8
        case food = 13
        case object = 17
        case person = 18
        case plant = 20
        case substance = 27
        case other = 0
    }

    private struct Synset {
        let field: Int
        let words: [Substring]
        let gloss: Substring
    }

    /// By their first mention: nouns, verbs, adjectives, adverbs.
    let lemmas: [Lemma]

    private static let parts = ["noun", "verb", "adj", "adv"]

    private static func folder(_ root: String) -> String { root + "/wordnet" }

    static func missing(root: String) -> [String] {
        let files = parts.flatMap { ["data.\($0)", "index.\($0)"] }
        return files.allSatisfy { CorpusFiles.exists("\(folder(root))/\($0)") } ? [] : [package]
    }

    /// - Throws: ``CorpusError/file(_:)``, ``CorpusError/damagedLine(path:line:reason:)``.
    init(root: String) throws {
        var lemmas: [Lemma] = []
        var places: [String: Int] = [:]
        for (number, part) in Self.parts.enumerated() {
            let synsets = try Self.synsets("\(Self.folder(root))/data.\(part)")
            let path = "\(Self.folder(root))/index.\(part)"
            try Self.forEachLine(path) { line, text in
                let fields = text.split(separator: " ")
                // A lemma, its part, how many synsets, pointers, how many senses, how many tagged, the synsets.
                guard fields.count > 3, let pointers = Int(fields[3]), (0...99).contains(pointers),
                    fields.count > pointers + 6, let senses = Int(fields[2]), let tagged = Int(fields[pointers + 5]),
                    let first = Int(fields[pointers + 6])
                else { throw CorpusError.damagedLine(path: path, line: line, reason: "it is no word of WordNet's") }
                guard let synset = synsets[first] else {
                    throw CorpusError.damagedLine(path: path, line: line, reason: "there is no synset \(first)")
                }
                guard let lemma = Self.lemma(fields[0], synset),
                    !Self.rude.contains(where: { synset.gloss.contains($0) })
                else { return }
                let text = lemma.text
                let isNoun = number == 0
                let definition = isNoun || part == "adj" ? Self.definition(synset.gloss) : nil
                if let place = places[text] {
                    lemmas[place].senses += senses
                    lemmas[place].tagged += tagged
                    if lemmas[place].definition == nil {
                        lemmas[place].definition = definition.map { Definition(text: $0, synset: first + number << 32) }
                    }
                    return
                }
                places[text] = lemmas.count
                lemmas.append(
                    Lemma(
                        text: text, isName: lemma.isName, senses: senses, tagged: tagged,
                        field: isNoun ? Field(rawValue: synset.field) ?? .other : nil, nounSenses: isNoun ? senses : 0,
                        definition: definition.map { Definition(text: $0, synset: first + number << 32) }))
            }
        }
        self.lemmas = lemmas
    }

    /// All but what has digits, and long names.
    private static func lemma(_ lemma: Substring, _ synset: Synset) -> (text: String, isName: Bool)? {
        let written = synset.words.first { $0.lowercased() == lemma.lowercased() } ?? lemma
        let isName = written.contains(where: \.isUppercase)
        let words = written.split(separator: "_")
        guard !words.isEmpty, words.count <= (isName ? 3 : 6), !written.contains(where: \.isNumber) else { return nil }
        return (words.joined(separator: " ").lowercased(), isName)
    }

    /// A gloss up to its first semicolon or example, without the remark that it begins with; nil where little or too
    /// much is left.
    static func definition(_ gloss: Substring) -> String? {
        var text = gloss.prefix { $0 != ";" && $0 != "\"" }.trimmingCharacters(in: .whitespaces)
        if text.hasPrefix("("), let close = text.firstIndex(of: ")") {
            text = text[text.index(after: close)...].trimmingCharacters(in: .whitespaces)
        }
        if text.hasSuffix(":") || text.hasSuffix(",") { text.removeLast() }
        return (2...20).contains(text.split(separator: " ").count) && text.count <= 160 ? text : nil
    }

    private static func synsets(_ path: String) throws -> [Int: Synset] {
        var synsets: [Int: Synset] = [:]
        try forEachLine(path) { line, text in
            let fields = text.split(separator: " ", maxSplits: 4)
            guard let bar = text.range(of: " | "), fields.count == 5, fields[0].count == 8, let place = Int(fields[0]),
                let field = Int(fields[1]), let count = Int(fields[3], radix: 16), count > 0
            else { throw CorpusError.damagedLine(path: path, line: line, reason: "it is no synset of WordNet's") }
            let words = fields[4].split(separator: " ", maxSplits: 2 * count)
            guard words.count >= 2 * count else {
                throw CorpusError.damagedLine(path: path, line: line, reason: "it has fewer words than it says")
            }
            synsets[place] = Synset(
                field: field,
                // An adjective's place in a phrase stands behind it: `galore(ip)`.
                words: (0..<count).map { words[2 * $0].prefix { $0 != "(" } },
                gloss: text[bar.upperBound...])
        }
        return synsets
    }

    /// Lines that begin with a space are the licence.
    private static func forEachLine(_ path: String, _ body: (_ number: Int, String) throws -> Void) throws {
        let bytes = try CorpusFiles.contents(path, limit: 1 << 26)
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let first = line.first, first != 0x20 else { continue }
            try body(number + 1, String(decoding: line, as: UTF8.self))
        }
    }
}

extension WordNet {
    /// The words to learn, the best known first.
    /// - Parameter isKnown: whether the corpus or the dictionary has the word.
    func ranked(most: Int, isKnown: (String) -> Bool) -> [Lemma] {
        let keyed = lemmas.map {
            (isNew: isKnown($0.text) ? 0 : 1, words: $0.text.split(separator: " ").count, lemma: $0)
        }
        let sorted = keyed.sorted { a, b in
            if a.isNew != b.isNew { return a.isNew < b.isNew }
            if a.lemma.tagged != b.lemma.tagged { return a.lemma.tagged > b.lemma.tagged }
            if a.lemma.senses != b.lemma.senses { return a.lemma.senses > b.lemma.senses }
            return (a.words, a.lemma.text) < (b.words, b.lemma.text)
        }
        return sorted.prefix(most).map(\.lemma)
    }
}
