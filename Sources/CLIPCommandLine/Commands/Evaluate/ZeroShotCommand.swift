import ArgumentParser
import CLIPEvaluation

struct ZeroShotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zero-shot",
        abstract: "Measure how well classes are told by their names alone.",
        discussion: """
            Example: clip evaluate zero-shot --data fashion-mnist --template "a photo of a {}"
                     clip evaluate zero-shot --data imagenet/ --labels-file en_classnames.json --templates-file en_templates.json

            Top-1, top-5 and mean per-class recall with 95 % intervals, the confusions, what templates and their ensemble \
            bring beside bare names (arXiv 2103.00020, figure 4), and classes whose names share a word. Where samples have \
            several classes: the mean average precision.
            """)

    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var prompts: PromptOptions
    @OptionGroup var measure: MeasureOptions

    func run() throws {
        let skips = SkippedPairs()
        let data = try set.open(skips)
        let asked = try prompts.prompts(for: data)
        let evaluator = try measure.evaluator(skips)
        let embedded = try evaluator.embedded(data)
        Console.endStatus()
        let result = try evaluator.zeroShot(embedded, asked)
        skips.finish()
        try measure.answer(result, of: evaluator, on: embedded, lines: Self.lines(result, embedded))
    }

    static func lines(_ result: ZeroShotResult, _ set: EmbeddedSet) -> [String] {
        var lines: [String] = []
        if let figures = result.classification {
            lines.append(
                "\(set.name): \(figures.count) pictures, \(figures.classes.count) classes (chance "
                    + "\(Format.fixed(figures.chance * 100, 1)) %)")
            lines += Self.lines(figures)
        }
        if let figures = result.multiLabel {
            lines.append("\(set.name): \(figures.count) pictures, \(figures.averagePrecision.count) classes")
            lines.append(Self.row("mean average precision", figures.meanAveragePrecision.text))
        }
        if result.steps.count > 1 {
            for step in result.steps {
                lines.append(
                    Self.row(step.prompts, step.accuracy.text + (step.gain.map { "   \($0.pointsText)" } ?? "")))
            }
        }
        for shared in result.sharedWords.prefix(5) where shared.confused > 0 {
            lines.append(
                "\"\(shared.word)\" is in \(shared.classes.joined(separator: ", ")): \(shared.confused) of "
                    + "\(shared.count) are taken for one another")
        }
        return lines
    }

    /// Accuracies and what is taken for what.
    static func lines(_ figures: ClassificationResult) -> [String] {
        var lines = [row("top-1", figures.top1.text)]
        if let top5 = figures.top5 { lines.append(row("top-5", top5.text)) }
        lines.append(row("mean per-class recall", figures.meanPerClassRecall.text))
        for pair in figures.mostConfused.prefix(3) {
            lines.append("\(pair.actual) is taken for \(pair.predicted) \(pair.count) times")
        }
        return lines
    }

    static func row(_ name: String, _ value: String) -> String { Table.padded(name, to: 24) + value }
}
