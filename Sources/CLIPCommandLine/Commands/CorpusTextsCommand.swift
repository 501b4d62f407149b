import ArgumentParser
import CLIP
import CLIPCorpus

extension CorpusCommand {
    struct TextsCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "texts",
            abstract: "Write the texts that a text tower learns English and Chinese words from, and their vocabulary.",
            discussion: """
                Example: clip corpus texts --dictionary cedict.txt.gz --pairs 'corpus/train-*.tar' \
                --base-vocabulary all-MiniLM-L6-v2/vocab.txt --output words

                Writes words/texts.tsv, for clip distill --texts: English, then after tabs its translations. Captions and \
                names come first, then the dictionary's words, phrases made of nouns, and WordNet's words and definitions \
                (Debian's wordnet-base). Writes words/vocab.txt, for clip assemble: Chinese characters and the English \
                pieces of --base-vocabulary that the texts use most. The same input makes the same files.

                The texts stay under the licences of what they are made of: WordNet's own, CC-BY-SA 4.0 of CC-CEDICT, and \
                those of the pictures.
                """)

        @Option(help: ArgumentHelp("The folder to write texts.tsv and vocab.txt to.", valueName: "dir"))
        var output: String

        @Option(help: ArgumentHelp("A Chinese-English dictionary, cedict_….txt or .txt.gz.", valueName: "file"))
        var dictionary: String

        @Option(help: ArgumentHelp("A WordPiece vocabulary whose English tokens are chosen from.", valueName: "file"))
        var baseVocabulary: String

        @Option(help: "Tokens of the vocabulary, at most.")
        var vocabularySize = WordCorpus.Options().vocabularySize

        @Option(help: ArgumentHelp("Shards to train on, whose captions are read; no others are.", valueName: "shards"))
        var pairs: String?

        @Option(help: ArgumentHelp("English names of classes, one on each line.", valueName: "file"))
        var names: String?

        @Option(help: ArgumentHelp("Where packages install their data.", valueName: "dir"))
        var root = WordCorpus.Options().root

        @OptionGroup var answer: OutputOptions

        func run() throws {
            var options = WordCorpus.Options()
            (options.dictionary, options.pairs, options.names) = (dictionary, pairs, names)
            (options.baseVocabulary, options.vocabularySize) = (baseVocabulary, vocabularySize)
            options.root = root
            let summary = try WordCorpus(options).build(to: output) { Console.status("reading: \($0)") }
            Console.endStatus()
            if answer.json { return try Console.printJSON(summary) }
            var rows = [("source", "texts", "translations")]
            rows += summary.sources.map { ($0.name, "\($0.texts)", "\($0.translations)") }
            rows.append(("all", "\(summary.texts)", "\(summary.translations)"))
            for (name, texts, translations) in rows {
                try Console.answer(
                    Table.padded(name, to: 14) + Table.rightAligned(texts, to: 9)
                        + Table.rightAligned(translations, to: 14))
            }
            let vocabulary = summary.vocabulary
            let (whole, unknown) = (
                Format.fixed(vocabulary.wholeWords * 100, 1), Format.fixed(vocabulary.unknown * 100, 2)
            )
            try Console.answer(
                "\(vocabulary.tokens) tokens, \(vocabulary.chinese) of them Chinese; \(whole) % of words in captions and "
                    + "names are one token, \(unknown) % of all tokens unknown")
        }
    }
}
