import Files
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
        try self.init(ChineseDictionaryEntry.entries(bytes, path: path), common: common)
    }

    init(_ entries: [ChineseDictionaryEntry], common: Set<String> = []) {
        var choices: [String: Choice] = [:]
        let uses = ChineseDictionaryEntry.uses(of: entries)
        for entry in entries {
            let glosses = entry.glosses(
                isCommon: common.contains(entry.word.simplified), uses: uses[entry.word.simplified] ?? 0)
            for (gloss, cost) in glosses.map({ ($0.key, $0.cost) }) {
                if let other = choices[gloss],
                    (other.cost, other.word.simplified) <= (cost, entry.word.simplified)
                {
                    continue
                }
                choices[gloss] = Choice(word: entry.word, cost: cost)
            }
        }
        self.choices = choices
    }

    /// The word that means all of `english`, or nil.
    func word(for english: String) -> Word? { choice(for: english)?.word }

    /// The same, with what speaks against it.
    func choice(for english: String) -> (word: Word, cost: Int)? {
        let key = CaptionWords.normalized(english)
        let choice = choices[key] ?? Self.singulars(key).lazy.compactMap { choices[$0] }.first
        return choice.map { ($0.word, $0.cost) }
    }

    /// What a plural may be the plural of.
    static func singulars(_ key: String) -> [String] {
        guard key.hasSuffix("s"), key.count > 3, !key.hasSuffix("ss") else { return [] }
        var result = [String(key.dropLast())]
        if key.hasSuffix("es") { result.append(String(key.dropLast(2))) }
        if key.hasSuffix("ies") { result.append(key.dropLast(3) + "y") }
        return result
    }
}
