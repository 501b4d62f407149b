import Foundation

/// Chinese words for English ones, out of a dictionary in CC-CEDICT's format:
/// `貓 猫 [mao1] /cat/CL:隻|只[zhi1]/`.
struct ChineseDictionary: Sendable {
    /// A word, in simplified and traditional characters.
    struct Word: Sendable, Equatable {
        let simplified: String
        let traditional: String
    }

    /// A dictionary's file, decompressed if it is compressed with gzip.
    ///
    /// - Throws: ``CorpusError/file(_:)``, ``CorpusError/damagedFile(path:reason:)``.
    static func contents(_ path: String) throws -> [UInt8] {
        let bytes = try CorpusFiles.contents(path, limit: 1 << 26)
        guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
        guard let inflated = Inflate.gzip(bytes, limit: 1 << 28) else {
            throw CorpusError.damagedFile(path: path, reason: "it cannot be decompressed")
        }
        return inflated
    }

    private struct Choice {
        let word: Word
        let cost: Int
    }

    private let choices: [String: Choice]

    /// - Parameters:
    ///   - bytes: The file, decompressed.
    ///   - common: Chinese words known to be used; of several with one meaning they are preferred.
    /// - Throws: ``CorpusError/damagedFile(path:reason:)`` when not one line is an entry.
    init(_ bytes: [UInt8], path: String, common: Set<String> = []) throws {
        var choices: [String: Choice] = [:]
        let entries = bytes.split(separator: UInt8(ascii: "\n")).filter { $0.first != UInt8(ascii: "#") }
            .compactMap { Entry(String(decoding: $0, as: UTF8.self)) }
        let uses = Self.uses(of: entries)
        for entry in entries {
            for (gloss, cost) in entry.glosses(
                isCommon: common.contains(entry.word.simplified), uses: uses[entry.word.simplified] ?? 0)
            {
                if let other = choices[gloss],
                    (other.cost, other.word.simplified) <= (cost, entry.word.simplified)
                {
                    continue
                }
                choices[gloss] = Choice(word: entry.word, cost: cost)
            }
        }
        guard !entries.isEmpty else {
            throw CorpusError.damagedFile(path: path, reason: "it is no dictionary of CC-CEDICT's form")
        }
        self.choices = choices
    }

    /// In how many longer words each word occurs: what is said often makes many compounds.
    private static func uses(of entries: [Entry]) -> [String: Int] {
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

    /// The word that means all of `english`, or nil.
    func word(for english: String) -> Word? {
        let key = CaptionWords.normalized(english)
        if let choice = choices[key] { return choice.word }
        return Self.singulars(key).lazy.compactMap { choices[$0]?.word }.first
    }

    /// What a plural may be the plural of.
    static func singulars(_ key: String) -> [String] {
        guard key.hasSuffix("s"), key.count > 3, !key.hasSuffix("ss") else { return [] }
        var result = [String(key.dropLast())]
        if key.hasSuffix("es") { result.append(String(key.dropLast(2))) }
        if key.hasSuffix("ies") { result.append(key.dropLast(3) + "y") }
        return result
    }

    private struct Entry {
        let word: Word
        private let senses: [Substring]
        private let pronunciation: Substring

        init?(_ line: String) {
            guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]"),
                let slash = line[close...].firstIndex(of: "/")
            else { return nil }
            let words = line[..<open].split(separator: " ")
            guard words.count == 2 else { return nil }
            word = Word(simplified: String(words[1]), traditional: String(words[0]))
            pronunciation = line[line.index(after: open)..<close]
            senses = line[slash...].trimmingCharacters(in: .whitespaces).split(separator: "/").map { $0[...] }
        }

        /// What the word means, as captions are compared, with what speaks against it.
        func glosses(isCommon: Bool, uses: Int) -> [(String, Int)] {
            // Proper names, and words that only stand for others.
            let useless = [
                "surname ", "variant of ", "old variant", "see ", "used in ", "abbr. for", "CL:", "classifier",
            ]
            // A character of no compound is one that few can read.
            guard !word.simplified.contains(where: \.isASCII), word.simplified.count > 1 || uses >= 3,
                let first = senses.first,
                !useless.dropLast(2).contains(where: { first.hasPrefix($0) }) || first.hasPrefix("see ")
            else { return [] }
            var result: [(String, Int)] = []
            let counted = senses.contains { $0.hasPrefix("CL:") || $0.contains("(CL:") }
            let length = [1: 9, 2: 0, 3: 2, 4: 5][word.simplified.count] ?? 9
            // The logarithm of its uses: 0 for none, 6 for 63 and more.
            let rarity = 6 - min(6, Int.bitWidth - (uses + 1).leadingZeroBitCount - 1)
            let isName = pronunciation.first?.isUppercase == true
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
                    result.append((bare, cost))
                }
                place += 1
            }
            return result
        }

        private static let marks = [
            "(old", "(arch", "(dial", "(slang", "(lit", "(Tw", "(coll", "(Internet", "(bound form", "Kangxi",
            "(honorific", "(derog", "(euphem", "(courteous", "(jargon", "(vulgar", "(name",
        ]

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
}
