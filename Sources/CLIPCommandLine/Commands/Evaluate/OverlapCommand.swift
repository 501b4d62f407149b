import ArgumentParser
import CLIPEvaluation

struct OverlapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overlap",
        abstract: "Find pictures of a set that a training set has too, and what they do to accuracy.",
        discussion: """
            Example: clip evaluate overlap --data 'corpus/test-*.tar' --train-data 'corpus/train-*.tar'

            As section 5 of the paper (arXiv 2103.00020): accuracy on all pictures, on those without a near-duplicate and on \
            those with one, with 99.5 % Clopper-Pearson intervals and a one-sided binomial test. Near-duplicates are found by \
            embeddings and perceptual hashes; the threshold is chosen by --labels-of-pairs, or by changed copies of the set's \
            own pictures.
            """)

    @Option(help: ArgumentHelp("What the model learned from.", valueName: "set"))
    var trainData: String

    @Option(help: ArgumentHelp("Its split, of a set that has several.", valueName: "name"))
    var trainSplit = "train"

    @Option(
        help: ArgumentHelp("A CSV table evaluation,training,duplicate to choose the threshold by.", valueName: "file"))
    var labelsOfPairs: String?

    @Option(
        help: ArgumentHelp(
            "Bits of 64 that hashes of one picture may differ in; -1 to use no hashes.", valueName: "bits"))
    var hashDistance = 6

    @Option(help: "Draws the pictures that copies are made of.")
    var seed: UInt64 = 0

    @OptionGroup var prompts: PromptOptions
    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    func validate() throws {
        guard (-1...OverlapThreshold.mostHashDistance).contains(hashDistance) else {
            throw ValidationError("--hash-distance takes a number from -1 to \(OverlapThreshold.mostHashDistance).")
        }
    }

    func run() throws {
        let skips = SkippedPairs()
        let data = try set.open(skips)
        let training = try set.open(skips, split: trainSplit, data: trainData)
        var overlap = Overlap()
        (overlap.labels, overlap.seed) = (labelsOfPairs, seed)
        overlap.hashDistance = hashDistance < 0 ? nil : hashDistance
        let evaluator = try measure.evaluator(skips)
        let result = try evaluator.overlap(
            overlap, data, training: training, prompts: prompts.prompts(for: data)
        ) { Console.status($0) }
        Console.endStatus()
        skips.finish()
        try measure.answer(result, of: evaluator, on: evaluator.embedded(data), lines: Self.lines(result))
    }

    static func lines(_ result: OverlapResult) -> [String] {
        let report = result.report
        func split(_ name: String, _ split: OverlapReport.Split?) -> String {
            ZeroShotCommand.row(name, split.map { "\($0.accuracy.text) of \($0.count)" } ?? "none")
        }
        var lines = [
            "\(report.name) against \(result.trainingCount) pictures; the same from a cosine of "
                + Format.fixed(result.threshold.similarity, 3) + " on",
            split("all", report.all), split("clean", report.clean), split("overlap", report.overlap),
        ]
        if let inflation = report.inflation {
            lines.append(ZeroShotCommand.row("all − clean", inflation.pointsText))
        }
        if let value = report.pValue { lines.append(ZeroShotCommand.row("p", Format.fixed(value, 4))) }
        for pair in result.pairs.prefix(5) {
            lines.append("\(pair.key) is \(pair.training) (\(Format.fixed(pair.similarity, 3)))")
        }
        return lines
    }
}
