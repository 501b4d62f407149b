import ArgumentParser
import CLIP
import CLIPCorpus
import CLIPData

struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Build training data from pictures with captions, and from dictionaries.",
        discussion: "Example: clip corpus pictures --output corpus",
        subcommands: [PicturesCommand.self, CompositionsCommand.self, TextsCommand.self])

    struct PicturesCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pictures",
            abstract: "Build shards of real pictures with captions from Debian's packages.",
            discussion: """
                Example: clip corpus pictures --output corpus

                Reads drawings, stamps, emoji, flags, icons and pictures of games; what is not installed is named. Writes \
                train-0000.tar … to train on, val-… to choose recipes by, test-… to report results of, first-… (what was \
                held out of the first such corpus) and demo-…; no caption to train on is in another part.

                Chinese: captions that people wrote (emoji, stamps, flags, file types, units of a game) are in every \
                record. A dictionary in CC-CEDICT's format adds words for the others, marked as glosses.
                """)

        @Option(help: ArgumentHelp("The folder to write shards to.", valueName: "dir"))
        var output: String

        @Option(help: "Pixels of a stored picture's shortest side, at most.")
        var pictureSize = 224

        @Option(help: "Pairs wanted in the test part.")
        var testPairs = 1650

        @Option(help: "Pairs wanted in the validation part.")
        var validationPairs = 800

        @Option(help: "Share of a source's concepts that the test part takes at most; validation takes half of it.")
        var heldOut = 0.2

        @Option(help: "Pictures that may share one caption.")
        var picturesPerCaption = 20

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp(
                "The sources to read (default: all): \(PictureCorpus.Source.allCases.map(\.rawValue).joined(separator: ", ")).",
                valueName: "source"))
        var sources: [PictureCorpus.Source] = []

        @Option(help: ArgumentHelp("A Chinese-English dictionary, cedict_….txt or .txt.gz.", valueName: "file"))
        var dictionary: String?

        @Option(help: ArgumentHelp("Where packages install their data.", valueName: "dir"))
        var root = "/usr/share"

        @OptionGroup var processor: ThreadOptions
        @OptionGroup var answer: OutputOptions

        func run() throws {
            var options = PictureCorpus.Options()
            options.pictureSize = pictureSize
            options.heldOutShare = heldOut
            options.testPairs = testPairs
            options.validationPairs = validationPairs
            if !sources.isEmpty { options.sources = sources }
            options.dictionary = dictionary
            options.root = root
            options.picturesPerCaption = picturesPerCaption
            if let threads = processor.threads { options.threads = threads }
            let summary = try PictureCorpus(options).build(to: output) { progress in
                Console.status("\(progress.stage.rawValue) \(progress.done)/\(progress.total)")
            }
            Console.endStatus()
            if answer.json { return try Console.printJSON(summary) }
            for line in CorpusTable.lines(summary) { try Console.answer(line) }
            let shards = summary.parts.map { "\($0.shards.count) \($0.name.rawValue)" }.joined(separator: ", ")
            try Console.answer("\(output): shards: \(shards)")
        }
    }
}

extension PictureCorpus.Source: ExpressibleByArgument {}

/// What was kept and dropped, and why: a row per source. Then what each part holds.
enum CorpusTable {
    static func lines(_ summary: CorpusSummary) -> [String] {
        let parts = summary.parts.map(\.name)
        var rows = [["source", "found", "dropped", "kept"] + parts.map(\.rawValue)]
        func counts(_ source: String) -> [Int] { summary.parts.map { $0.sources[source, default: 0] } }
        for source in summary.sources {
            let dropped = source.dropped.values.reduce(0, +)
            rows.append([source.name] + ([source.found, dropped, source.kept] + counts(source.name)).map(String.init))
        }
        let sums = [\CorpusSummary.Source.found, \.kept].map { path in
            summary.sources.reduce(0) { $0 + $1[keyPath: path] }
        }
        let pairs = summary.parts.map(\.pairs)
        let dropped = summary.sources.reduce(0) { $0 + $1.dropped.values.reduce(0, +) }
        rows.append(["all"] + ([sums[0], dropped, sums[1]] + pairs).map(String.init))
        let captions = "captioned in Chinese"
        rows.append([captions, "", "", ""] + summary.parts.map { String($0.chineseCaptions) })
        rows.append(["with a Chinese gloss", "", "", ""] + summary.parts.map { String($0.chineseGlosses) })
        rows.append(["different captions", "", "", ""] + summary.parts.map { String($0.distinctCaptions) })
        let first = (rows.map { $0[0].count }.max() ?? 0) + 1
        var lines = rows.map { row in
            Table.padded(row[0], to: first) + row.dropFirst().map { Table.rightAligned($0, to: 9) }.joined()
        }
        let reasons = CorpusDropReason.allCases.map(\.rawValue).compactMap { reason -> String? in
            let count = summary.sources.reduce(0) { $0 + $1.dropped[reason, default: 0] }
            return count == 0 ? nil : "\(count) \(reason)"
        }
        if !reasons.isEmpty { lines.append("dropped: " + reasons.joined(separator: ", ")) }
        lines.append(
            "\(summary.pairs) pairs, \(summary.distinctCaptions) different captions, \(summary.categories.count) categories"
        )
        return lines
    }
}
