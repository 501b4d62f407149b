import ArgumentParser
import CLIPEvaluation

struct RetrievalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Measure how often pictures and their captions find one another.",
        discussion: """
            Example: clip evaluate retrieval --data captions_val2017.json --images val2017/

            Recall at 1, 5 and 10 and the median rank, both ways, with 95 % intervals (Wilson's). --convention says what \
            counts as found: any-positive, any of a picture's captions (as CLIP_benchmark), or paired, each picture's first \
            caption alone (as open_clip during training).
            """)

    @Option(help: "What counts as found: any-positive or paired.")
    var convention = RetrievalResult.Convention.anyPositive

    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    func run() throws {
        let skips = SkippedPairs()
        let data = try set.open(skips)
        let evaluator = try measure.evaluator(skips)
        let embedded = try evaluator.embedded(data)
        Console.endStatus()
        let result = try evaluator.retrieval(embedded, convention: convention)
        skips.finish()
        try measure.answer(result, of: evaluator, on: embedded, lines: Self.lines(result, embedded))
    }

    static func lines(_ result: RetrievalResult, _ set: EmbeddedSet) -> [String] {
        func lines(_ name: String, _ direction: RetrievalResult.Direction) -> [String] {
            [
                "\(name): \(direction.queries) asked among \(direction.answers), median rank "
                    + Format.fixed(direction.medianRank, 0)
            ]
                + [(1, direction.recallAt1), (5, direction.recallAt5), (10, direction.recallAt10)].map {
                    depth, recall in
                    ZeroShotCommand.row("  R@\(depth)", recall.text)
                        + "   chance \(Format.fixed(direction.chance(depth) * 100, 1)) %"
                }
        }
        return ["\(set.name), \(result.convention.rawValue)"] + lines("image to text", result.imageToText)
            + lines("text to image", result.textToImage)
    }
}

extension RetrievalResult.Convention: ExpressibleByArgument {}
