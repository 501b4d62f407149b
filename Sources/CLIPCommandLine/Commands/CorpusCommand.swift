import ArgumentParser
import CLIP
import CLIPCorpus
import CLIPData

struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Build training data from pictures with captions.",
        discussion: "Example: clip corpus pictures --output corpus",
        subcommands: [PicturesCommand.self])

    struct PicturesCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pictures",
            abstract: "Build shards of real pictures with captions from Debian's packages.",
            discussion: """
                Example: clip corpus pictures --output corpus

                Needs openclipart-png, openclipart-svg, tuxpaint-stamps-default, fonts-noto-color-emoji and \
                unicode-cldr-core. Writes train-0000.tar … and val-0000.tar …; no caption is on both sides.
                """)

        @Option(help: ArgumentHelp("The folder to write shards to.", valueName: "dir"))
        var output: String

        @Option(help: "Pixels of a stored picture's shortest side, at most.")
        var pictureSize = 224

        @Option(help: "Share of pairs that is held out.")
        var heldOut = 0.075

        @Option(help: "Pictures that may share one caption.")
        var picturesPerCaption = 20

        @OptionGroup var processor: ThreadOptions
        @OptionGroup var answer: OutputOptions

        func run() throws {
            var options = PictureCorpus.Options()
            options.pictureSize = pictureSize
            options.heldOutFraction = heldOut
            options.picturesPerCaption = picturesPerCaption
            if let threads = processor.threads { options.threads = threads }
            let summary = try PictureCorpus(options).build(to: output) { progress in
                Console.status("\(progress.stage.rawValue) \(progress.done)/\(progress.total)")
            }
            Console.endStatus()
            if answer.json { return try Console.printJSON(summary) }
            for line in CorpusTable.lines(summary) { try Console.answer(line) }
            try Console.answer(
                "\(output): \(summary.trainingShards.count) training shards, \(summary.heldOutShards.count) held out")
        }
    }
}

/// What was kept and dropped, and why, a column per source.
enum CorpusTable {
    static func lines(_ summary: CorpusSummary) -> [String] {
        let reasons = CorpusDropReason.allCases.map(\.rawValue).filter { reason in
            summary.sources.contains { $0.dropped[reason, default: 0] > 0 }
        }
        func row(_ title: String, _ values: [Int]) -> String {
            let cells = values + [values.reduce(0, +)]
            return Table.padded(title, to: 24)
                + zip(cells, widths(summary)).map { Table.rightAligned(String($0), to: $1) }.joined()
        }
        var lines = [
            Table.padded("pictures", to: 24)
                + zip(summary.sources.map(\.name) + ["all"], widths(summary)).map { Table.rightAligned($0, to: $1) }
                .joined()
        ]
        lines.append(row("found", summary.sources.map(\.found)))
        for reason in reasons {
            lines.append(row("  dropped: \(reason)", summary.sources.map { $0.dropped[reason, default: 0] }))
        }
        lines.append(row("kept", summary.sources.map(\.kept)))
        lines.append(
            "\(summary.trainingPairs) pairs to train on, \(summary.heldOutPairs) held out, "
                + "\(summary.distinctCaptions) different captions, \(summary.categories.count) categories")
        return lines
    }

    private static func widths(_ summary: CorpusSummary) -> [Int] {
        (summary.sources.map(\.name) + ["all"]).map { max(9, $0.count + 2) }
    }
}
