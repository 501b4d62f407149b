import Foundation

/// A line of a dictionary in CC-CEDICT's format.
struct ChineseDictionaryEntry: Sendable {
    let word: ChineseDictionary.Word
    private let senses: [Substring]
    private let pronunciation: Substring

    init?(_ line: String) {
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]"),
            let slash = line[close...].firstIndex(of: "/")
        else { return nil }
        let words = line[..<open].split(separator: " ")
        guard words.count == 2 else { return nil }
        word = ChineseDictionary.Word(simplified: String(words[1]), traditional: String(words[0]))
        pronunciation = line[line.index(after: open)..<close]
        senses = line[slash...].trimmingCharacters(in: .whitespaces).split(separator: "/").map { $0[...] }
    }

    /// All entries of a dictionary's file.
    /// - Throws: ``CorpusError/damagedFile(path:reason:)`` when not one line is an entry.
    static func entries(_ bytes: [UInt8], path: String) throws -> [ChineseDictionaryEntry] {
        let entries = bytes.split(separator: UInt8(ascii: "\n")).filter { $0.first != UInt8(ascii: "#") }
            .compactMap { ChineseDictionaryEntry(String(decoding: $0, as: UTF8.self)) }
        guard !entries.isEmpty else {
            throw CorpusError.damagedFile(path: path, reason: "it is no dictionary of CC-CEDICT's form")
        }
        return entries
    }

    /// In how many longer words each word occurs: what is said often makes many compounds.
    static func uses(of entries: [ChineseDictionaryEntry]) -> [String: Int] {
        let words = Set(entries.map(\.word.simplified))
        var uses: [String: Int] = [:]
        for word in words where word.count <= 8 {
            let characters = Array(word)
            for start in characters.indices {
                for end in (start + 1)...min(start + 4, characters.count) where end - start < characters.count {
                    uses[String(characters[start..<end]), default: 0] += 1
                }
            }
        }
        return uses.filter { words.contains($0.key) }
    }

    /// One of a word's meanings.
    struct Gloss {
        /// As it is written, without what stands in parentheses.
        let text: String
        /// As captions are compared.
        let key: String
        /// What speaks against the word for this meaning: 0 for nothing.
        let cost: Int
        /// The sense's place among those of the word.
        let place: Int
        /// What stood in parentheses.
        let notes: String
    }

    /// What the word means, with what speaks against it.
    func glosses(isCommon: Bool, uses: Int) -> [Gloss] {
        // Proper names, and words that only stand for others.
        let useless = [
            "surname ", "variant of ", "old variant", "see ", "used in ", "abbr. for", "CL:", "classifier",
        ]
        // A character of no compound is one that few can read.
        guard !word.simplified.contains(where: \.isASCII), word.simplified.count > 1 || uses >= 3,
            let first = senses.first,
            !useless.dropLast(2).contains(where: { first.hasPrefix($0) }) || first.hasPrefix("see ")
        else { return [] }
        var result: [Gloss] = []
        let counted = senses.contains { $0.hasPrefix("CL:") || $0.contains("(CL:") }
        let length = [1: 9, 2: 0, 3: 2, 4: 5][word.simplified.count] ?? 9
        // The logarithm of its uses: 0 for none, 6 for 63 and more.
        let rarity = 6 - min(6, Int.bitWidth - (uses + 1).leadingZeroBitCount - 1)
        var place = 0
        for sense in senses where !useless.contains(where: { sense.hasPrefix($0) }) {
            let isMarked = Self.marks.contains { sense.contains($0) }
            for part in sense.split(separator: ";") {
                let text = Self.withoutParentheses(part)
                let key = CaptionWords.normalized(text)
                guard key.contains(where: \.isLetter), !text.hasPrefix("to ") || key.count > 3 else { continue }
                let bare = key.hasPrefix("to ") ? String(key.dropFirst(3)) : key
                let cost =
                    length + 2 * rarity + 4 * min(place, 6) + (counted ? 0 : 4) + (isCommon ? 0 : 8)
                    + (isMarked ? 20 : 0)
                    + (isName ? 10 : 0) + (part.contains("(") && !part.contains("(loanword") ? 3 : 0)
                    + (bare == key ? 0 : 6)
                result.append(Gloss(text: text, key: bare, cost: cost, place: place, notes: Self.parentheses(sense)))
            }
            place += 1
        }
        return result
    }

    private static let marks = [
        "(old", "(arch", "(dial", "(slang", "(lit", "(Tw", "(coll", "(Internet", "(bound form", "Kangxi",
        "(honorific", "(derog", "(euphem", "(courteous", "(jargon", "(vulgar", "(name",
    ]

    /// Whether the word is a name: its pronunciation begins with a capital.
    var isName: Bool { pronunciation.first?.isUppercase == true }

    private static func parentheses(_ text: Substring) -> String {
        guard let open = text.firstIndex(of: "(") else { return "" }
        return String(text[open...])
    }

    private static func withoutParentheses(_ text: Substring) -> String {
        var depth = 0
        return String(
            text.filter { character in
                if character == "(" || character == "[" { depth += 1 }
                defer { if character == ")" || character == "]" { depth = max(0, depth - 1) } }
                return depth == 0
            }
        ).trimmingCharacters(in: .whitespaces)
    }
}
