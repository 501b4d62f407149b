import CLIPData

/// Phrases around nouns that pictures can show, in English and Chinese.
enum Phrases {
    /// Lines to make.
    static let count = 20_000
    /// Of one noun.
    private static let mostOfOne = 10
    private static let mostNouns = 3000
    private static let longestWord = 4
    /// Above it nobody is sure that the word is the one.
    private static let mostCost = 24

    /// Nouns whose first meaning can be shown and that one common Chinese word translates, the commonest, in order of the
    /// words.
    /// - Parameter isShown: whether pictures of a corpus are spoken of so.
    static func nouns(
        of lemmas: [WordNet.Lemma], _ dictionary: ChineseDictionary, isShown: (String) -> Bool = { _ in false }
    ) -> [PhraseNoun] {
        typealias Found = (cost: Int, tagged: Int, noun: PhraseNoun)
        let found = lemmas.compactMap { lemma -> Found? in
            guard let field = lemma.field, field != .other, lemma.isNounFirst, !lemma.isName, lemma.text.count > 2,
                lemma.text.split(separator: " ").count <= 2, lemma.text.allSatisfy({ $0.isLetter || $0 == " " }),
                let (word, cost) = dictionary.choice(for: lemma.text), cost <= mostCost,
                word.simplified.count <= longestWord
            else { return nil }
            let noun = PhraseNoun(text: lemma.text, field: field, word: word)
            return (cost - (isShown(lemma.text) ? 16 : 0), lemma.tagged, noun)
        }
        return found.sorted { ($0.cost, -$0.tagged, $0.noun.text) < ($1.cost, -$1.tagged, $1.noun.text) }
            .prefix(mostNouns).map(\.noun).sorted { $0.text < $1.text }
    }

    /// What is said of which noun follows from the noun alone, and from how many there are.
    static func lines(_ nouns: [PhraseNoun]) -> [(text: String, translations: [String])] {
        guard !nouns.isEmpty else { return [] }
        var lines: [(text: String, translations: [String])] = []
        let each = min(mostOfOne, max(1, (count + nouns.count - 1) / nouns.count))
        for noun in nouns {
            let suiting = PhraseTemplate.all.filter { $0.suits(noun) }
            let hash = SplitMix64.seed(StableHash.of(noun.text))
            let chosen = suiting.enumerated().map { (SplitMix64.seed(hash, UInt64($0.offset)), $0.element) }
                .sorted { $0.0 < $1.0 }.prefix(each)
            for (number, template) in chosen where lines.count < count {
                let other = nouns[Int(number % UInt64(nouns.count))]
                if other.text == noun.text, template.english.contains("{b}") { continue }
                lines.append(line(template, noun, other))
            }
        }
        return lines
    }

    static func line(
        _ template: PhraseTemplate, _ noun: PhraseNoun, _ other: PhraseNoun
    ) -> (text: String, translations: [String]) {
        // "a big water" is no English.
        var english = template.english
        if noun.isMass || noun.looksPlural {
            for article in ["a ", "an "] where english.hasPrefix(article) && english.hasSuffix(" {n}") {
                english = String(english.dropFirst(article.count))
            }
        }
        english = english.replacing("{a}", with: noun.withArticle).replacing("{n}", with: noun.text)
            .replacing("{s}", with: noun.plural).replacing("{b}", with: other.withArticle)
        // Nor is 一个水 Chinese.
        let said = noun.isMass ? template.chinese.replacing("一{m}", with: "") : template.chinese
        func chinese(_ path: KeyPath<ChineseDictionary.Word, String>, _ convert: (Character) -> Character) -> String {
            String(said.map(convert))
                .replacing("{m}", with: String(noun.measure.map(convert)))
                .replacing(other.isMass ? "一{k}" : "{k}", with: other.isMass ? "" : String(other.measure.map(convert)))
                .replacing("{n}", with: noun.word[keyPath: path]).replacing("{b}", with: other.word[keyPath: path])
        }
        let simplified = chinese(\.simplified) { $0 }
        let traditional = chinese(\.traditional) { PhraseTemplate.traditional[$0] ?? $0 }
        return (english, simplified == traditional ? [simplified] : [simplified, traditional])
    }
}
