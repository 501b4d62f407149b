import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation

/// What "clip evaluate --data" alone gives: both figures of pairs, without intervals.
struct EvaluatePairsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairs",
        abstract: "Measure retrieval, and zero-shot accuracy over categories, on pictures with captions or classes.",
        discussion: """
            Example: clip evaluate pairs --data 'corpus/val-{0000..0000}.tar'
                     clip evaluate pairs --data photographs/ --template "a photo of a {}"

            "clip evaluate --data" is this command.

            Pictures of a folder are paired with the .txt or .json beside them. Where there are none and every picture lies \
            in a subfolder, the subfolders are classes: zero-shot accuracy alone is measured then. --labels or \
            --labels-file name the classes, in their alphabetical order, or are choices that have all their names \
            among them.
            """)

    @Option(
        help: ArgumentHelp(
            "Tar shards, a CSV or TSV table, a folder of pairs, or a folder of class folders.", valueName: "source"))
    var data: String

    @Option(
        help: ArgumentHelp(
            "Use the captions in this language, such as zh, of the pairs that have one (default: the main captions).",
            valueName: "tag"))
    var captionLanguage: String?

    @OptionGroup var columns: TableColumns
    @OptionGroup var choices: LabelOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let options = PairEvaluation.Choices(labels: try choices.textsIfGiven(), templates: try choices.prompts())
        let source = try columns.open(data)
        source.tellOfFolders(data)
        try columns.check(source)
        let clip = try shared.load()
        let skips = SkippedPairs()
        let evaluation = try PairEvaluation(
            source, choices: options, language: captionLanguage, cache: cache.cache(shared.compute),
            onSkip: { skips.skipped($0) },
            onProgress: { Console.status("\($0) pictures") }
        ).evaluate(clip)
        Console.endStatus()
        skips.finish()
        guard evaluation.categories != nil || options.labels == nil && choices.templates.isEmpty else {
            throw CLIPDataError.invalidOption(
                name: "labels", reason: "the data name no two classes, so that labels and templates have no use")
        }
        if let truncation = evaluation.truncation { Console.warn(of: truncation) }
        if shared.json {
            try printDocument(evaluation, skips.summary, model: clip.name)
        } else {
            try EvaluationTable.print(evaluation)
        }
    }

    private func printDocument(_ evaluation: HeldOutEvaluation, _ skips: SkipSummary, model: String) throws {
        var object = HeldOutFigures(evaluation).jsonObject
        object["model"] = model
        object["truncated"] = try TruncationDocument(evaluation.truncation).map { try Console.jsonObject($0) }
        object["skipped"] = skips.total
        object["caption_language"] = captionLanguage
        try Console.printJSON(object: object)
    }
}

/// Prints recalls beside chance.
enum EvaluationTable {
    static func print(_ evaluation: HeldOutEvaluation) throws {
        for line in lines(evaluation) { try Console.answer(line) }
    }

    static func lines(_ evaluation: HeldOutEvaluation) -> [String] {
        var lines = evaluation.retrieval.map(Self.lines) ?? []
        if let categories = evaluation.categories {
            func percent(_ share: Double) -> String { "\(Format.fixed(share * 100, 1)) %" }
            var line = "zero-shot over \(categories.categoryCount) categories: \(percent(categories.accuracy))"
            if let top5 = categories.top5 { line += ", \(percent(top5)) among the first five" }
            if let mean = categories.meanPerClassRecall { line += ", \(percent(mean)) per class" }
            lines.append("\(line) (chance \(percent(categories.chance)), \(categories.pictureCount) pictures)")
        }
        if lines.isEmpty { lines = ["nothing to tell: all pictures are of one class"] }
        return lines
    }

    private static func lines(_ retrieval: RetrievalMetrics) -> [String] {
        func row(_ name: String, _ value: (Int) -> Double) -> String {
            Table.padded(name, to: 16)
                + RetrievalMetrics.depths.map { depth in
                    let percent = Format.fixed(value(depth) * 100, 1)
                    return Table.rightAligned(percent, to: 8)
                }.joined()
        }
        return [
            "\(retrieval.pairCount) pairs, per cent   R@1     R@5    R@10",
            row("image to text") { retrieval.imageToText[$0] ?? 0 },
            row("text to image") { retrieval.textToImage[$0] ?? 0 },
            row("chance") { retrieval.chance($0) },
        ]
    }
}
