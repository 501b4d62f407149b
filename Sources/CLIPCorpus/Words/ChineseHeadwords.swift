import Foundation

/// English words and phrases of a dictionary with all Chinese words that mean them, the commonest first.
struct ChineseHeadwords: Sendable {
    private struct Choice {
        let word: ChineseDictionary.Word
        let cost: Int
    }

    /// Texts in the dictionary's order, and their translations.
    let lines: [(text: String, words: [ChineseDictionary.Word])]
    private let places: [String: Int]

    static let mostWords = 8
    private static let longestWord = 12
    /// A sense further behind is seldom meant.
    private static let senses = 3
    private static let glosses = 4
    /// A word that so much more speaks against than against the best is not one that people would choose.
    private static let margin = 16

    /// - Parameter common: Chinese words known to be used; they come first.
    init(_ entries: [ChineseDictionaryEntry], common: Set<String> = []) {
        var order: [String] = []
        var choices: [String: (text: String, words: [Choice])] = [:]
        let uses = ChineseDictionaryEntry.uses(of: entries)
        for entry in entries where entry.word.simplified.count <= Self.longestWord {
            let glosses = entry.glosses(
                isCommon: common.contains(entry.word.simplified), uses: uses[entry.word.simplified] ?? 0)
            let usable = glosses.filter { $0.place < Self.senses && Self.isLesson($0, isName: entry.isName) }
            for gloss in usable.prefix(Self.glosses) {
                let text = Self.withoutArticle(gloss.text)
                let key = text.lowercased()
                if choices[key] == nil { order.append(key) }
                choices[key, default: (text, [])].words.append(Choice(word: entry.word, cost: gloss.cost))
            }
        }
        var lines: [(text: String, words: [ChineseDictionary.Word])] = []
        var places: [String: Int] = [:]
        for key in order {
            guard let (text, words) = choices[key] else { continue }
            let sorted = words.sorted { ($0.cost, $0.word.simplified) < ($1.cost, $1.word.simplified) }
            let bound = sorted[0].cost + Self.margin
            var kept: [ChineseDictionary.Word] = []
            for choice in sorted where choice.cost <= bound && kept.count < Self.mostWords {
                if !kept.contains(where: { $0.simplified == choice.word.simplified }) { kept.append(choice.word) }
            }
            places[key] = lines.count
            lines.append((text, kept))
        }
        (self.lines, self.places) = (lines, places)
    }

    /// The words that mean all of `english`, or what it is the plural of; none where no word does.
    func words(for english: String) -> [ChineseDictionary.Word] {
        let key = Self.withoutArticle(english).lowercased()
        let place = places[key] ?? ChineseDictionary.singulars(key).lazy.compactMap { places[$0] }.first
        return place.map { lines[$0].words } ?? []
    }

    /// Whether the dictionary has the word, as a verb too.
    func knows(_ english: String) -> Bool { places[english] != nil || places["to " + english] != nil }

    /// Simplified and, where it differs, traditional characters of each word.
    static func texts(_ words: [ChineseDictionary.Word]) -> [String] {
        words.flatMap { $0.simplified == $0.traditional ? [$0.simplified] : [$0.simplified, $0.traditional] }
    }

    static func withoutArticle(_ text: String) -> String {
        for article in ["a ", "an ", "the "] where text.hasPrefix(article) && text.count > article.count + 1 {
            return String(text.dropFirst(article.count))
        }
        return text
    }

    /// A plain word or phrase, as people say it.
    private static func isLesson(_ gloss: ChineseDictionaryEntry.Gloss, isName: Bool) -> Bool {
        let text = gloss.text
        let words = text.split(separator: " ")
        guard (1...6).contains(words.count), text.count <= 48, text.contains(where: \.isLetter),
            text.unicodeScalars.allSatisfy({ $0.value < 0x250 || $0.value == 0x2019 }),
            !text.contains(where: { "=:|[]{}<>\"“”…_*~+".contains($0) }), !text.contains("..."),
            !text.hasSuffix("."), !remarks.contains(where: { text.hasPrefix($0) }),
            !marks.contains(where: { gloss.notes.contains($0) })
        else { return false }
        let last = words.last.map { $0.lowercased() } ?? ""
        // Cut at the parenthesis: `to look at (sth)`.
        if words.count > 1, danglers.contains(last) { return false }
        if text.contains(" sb") || text.contains(" sth") || text.contains("one's") { return false }
        guard isName else { return true }
        return words.count <= 3 && !text.contains(where: \.isNumber)
            && !places.contains { text.lowercased().contains($0) }
    }

    private static let remarks = [
        "lit.", "fig.", "surname", "variant", "old variant", "see ", "see also", "CL:", "abbr", "also ", "same as",
        "erhua", "Kangxi", "Japanese variant", "used ", "e.g.", "i.e.", "cf", "esp.", "pr.", "name of", "Taiwan pr",
        "equivalent", "contrasted", "opposite of", "short for", "radical", "component", "classifier", "suffix",
        "prefix", "particle", "interj", "onom", "honorific", "indicates", "indicating", "expresses", "measure word",
        "unofficial variant", "nonstandard", "euphemism", "alternative", "another name", "transliteration",
    ]
    private static let marks = [
        "(idiom", "(proverb", "(saying", "(bound form", "(old", "(arch", "(dialect", "(onom", "(suffix", "(prefix",
        "(particle", "(literary", "(vulgar", "(derog", "(slang", "(classifier", "(surname", "(tag", "(expr",
        "(phonetic", "(used in", "(in compounds", "(fig", "(Buddh", "(loanword, of no", "(euph", "(neologism",
        "(racist", "(obscene", "(offensive", "(internet", "(Internet", "(coll",
    ]
    private static let danglers: Set<String> = [
        "of", "to", "for", "with", "from", "by", "in", "on", "at", "as", "into", "and", "or", "the", "a", "an", "sb",
        "sth", "etc", "that", "than",
    ]
    private static let places = [
        "county", "district", "prefecture", "township", "subdistrict", "province", "municipality", "dynasty", "town ",
        " river in", "city in",
    ]
}
