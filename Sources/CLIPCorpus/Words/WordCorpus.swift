import Files
import Foundation

/// Texts from which a text tower learns the words of English and Chinese before it sees pictures, and the vocabulary that
/// it reads them in: WordNet's words and definitions, a dictionary's, a corpus' captions, names of classes, and phrases
/// made of nouns. The same input makes the same files.
public struct WordCorpus: Sendable {
    /// What is read.
    public struct Options: Sendable {
        /// A Chinese-English dictionary in CC-CEDICT's format, also compressed with gzip.
        public var dictionary = ""
        /// Shards to train on, as `PairSource` names them; nil for none.
        public var pairs: String?
        /// A list of classes, a name on each line; nil for none.
        public var names: String?
        /// A `vocab.txt` of WordPiece whose English pieces are chosen from.
        public var baseVocabulary = ""
        /// Tokens at most.
        public var vocabularySize = 13_500
        /// Where packages install their data.
        public var root = "/usr/share"

        public init() {}
    }

    /// What was written.
    public struct Summary: Sendable, Codable, Equatable {
        /// One place that texts come from.
        public struct Source: Sendable, Codable, Equatable {
            /// `captions`, `names`, `dictionary`, `phrases`, `wordNet` or `definitions`.
            public let name: String
            /// Texts that no source before has.
            public let texts: Int
            /// Translations that no source before has.
            public let translations: Int
        }

        /// The vocabulary.
        public struct Vocabulary: Sendable, Codable, Equatable {
            /// All of it.
            public let tokens: Int
            /// Chinese characters and punctuation marks.
            public let chinese: Int
            /// Of the words in captions and classes' names, those that are one token: a share.
            public let wholeWords: Double
            /// Of all tokens of the texts, those that stand for what the vocabulary has not: a share.
            public let unknown: Double
        }

        /// In the order in which they are read.
        public let sources: [Source]
        /// English texts: lines of `texts.tsv`.
        public let texts: Int
        /// All their translations.
        public let translations: Int
        /// `vocab.txt`.
        public let vocabulary: Vocabulary
    }

    private static let textsName = "texts.tsv"
    private static let vocabularyName = "vocab.txt"
    private static let mostLemmas = 90_000
    private static let mostDefinitions = 40_000

    private let options: Options

    /// - Throws: ``CorpusError/invalidOption(name:reason:)``.
    public init(_ options: Options) throws {
        guard VocabularySelection.sizes.contains(options.vocabularySize) else {
            throw CorpusError.invalidOption(
                name: "vocabularySize", reason: "\(options.vocabularySize) is not in \(VocabularySelection.sizes)")
        }
        self.options = options
    }

    /// Writes `texts.tsv` and `vocab.txt` into a folder, which appears whole or not at all.
    /// - Parameter progress: told what is begun.
    /// - Throws: ``CorpusError``, or what a shard's reader throws.
    public func build(to output: String, progress: (String) -> Void = { _ in }) throws -> Summary {
        try checkOutput(output)
        let missing = WordNet.missing(root: options.root)
        guard missing.isEmpty else { throw CorpusError.missingPackages(missing) }
        let selection = try VocabularySelection(path: options.baseVocabulary)
        let table = try table(progress)
        progress("vocabulary")
        let tokens = try selection.tokens(for: table.lines, size: options.vocabularySize)
        let fit = try VocabularyFit(tokens, lines: table.lines)
        do {
            try WholeDirectory.write(output) { folder in
                try WholeFile.write(table.file, to: "\(folder)/\(Self.textsName)")
                try WholeFile.write(tokens.joined(separator: "\n") + "\n", to: "\(folder)/\(Self.vocabularyName)")
            }
        } catch let fault as FileFault {
            throw CorpusError.file(fault)
        }
        let chinese = tokens.count { $0.unicodeScalars.contains { VocabularySelection.isChinese($0.value) } }
        return Summary(
            sources: LessonSource.allCases.map { source in
                let count = table.counts[source] ?? (0, 0)
                return .init(name: source.rawValue, texts: count.texts, translations: count.translations)
            }, texts: table.lines.count, translations: table.lines.reduce(0) { $0 + $1.translations.count },
            vocabulary: .init(
                tokens: tokens.count, chinese: chinese, wholeWords: fit.wholeWords, unknown: fit.unknown))
    }

    /// A folder with anything else in it is not replaced.
    private func checkOutput(_ output: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        if let other = names.sorted().first(where: { ![Self.textsName, Self.vocabularyName].contains($0) }) {
            throw CorpusError.invalidOption(name: "output", reason: "\(output) holds other files, such as \(other)")
        }
    }

    private func table(_ progress: (String) -> Void) throws -> LessonTable {
        progress("captions")
        let records = try options.pairs.map(PairTexts.records) ?? []
        let names = try options.names.map(PairTexts.names) ?? []
        progress("dictionary")
        let entries = try ChineseDictionaryEntry.entries(
            ChineseDictionary.contents(options.dictionary), path: options.dictionary)
        let common = PairTexts.chineseWords(records)
        let dictionary = ChineseDictionary(entries, common: common)
        let headwords = ChineseHeadwords(entries, common: common)
        progress("WordNet")
        let wordNet = try WordNet(root: options.root)
        progress("texts")
        var table = LessonTable()
        PairTexts.add(records, to: &table, headwords)
        for name in names {
            table.add(name, ChineseHeadwords.texts(Array(headwords.words(for: name).prefix(3))), from: .names)
        }
        let words = Set(
            table.lines.filter(\.isOfPictures).flatMap { line in
                let key = line.text.lowercased()
                return [key] + key.split { !$0.isLetter }.map(String.init)
            })
        for line in headwords.lines { table.add(line.text, ChineseHeadwords.texts(line.words), from: .dictionary) }
        for line in Phrases.lines(Phrases.nouns(of: wordNet.lemmas, dictionary, isShown: words.contains)) {
            table.add(line.text, line.translations, from: .phrases)
        }
        let lemmas = wordNet.ranked(most: Self.mostLemmas) { words.contains($0) || headwords.knows($0) }
        for lemma in lemmas { table.add(lemma.text, from: .wordNet) }
        var defined: Set<Int> = []
        for lemma in lemmas where defined.count < Self.mostDefinitions {
            guard let definition = lemma.definition, defined.insert(definition.synset).inserted else { continue }
            table.add("\(lemma.text): \(definition.text)", from: .definitions)
        }
        return table
    }
}
