import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure retrieval, and zero-shot accuracy over categories, on pairs of pictures and captions.",
        discussion: "Example: clip evaluate --data 'corpus/val-{0000..0000}.tar'")

    @Option(help: ArgumentHelp("Tar shards, a CSV or TSV table, or a folder.", valueName: "source"))
    var data: String

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let clip = try shared.load()
        let evaluation = try PairEvaluation(PairSource(data)) { Console.warning("skipped \($0)") }.evaluate(clip)
        if shared.json {
            var object = HeldOutFigures(evaluation).jsonObject
            object["model"] = clip.name
            try Console.printJSON(object: object)
        } else {
            try EvaluationTable.print(evaluation)
        }
    }
}

/// Prints recalls beside chance.
enum EvaluationTable {
    static func print(_ evaluation: HeldOutEvaluation) throws {
        for line in lines(evaluation) { try Console.answer(line) }
    }

    static func lines(_ evaluation: HeldOutEvaluation) -> [String] {
        let retrieval = evaluation.retrieval
        func row(_ name: String, _ value: (Int) -> Double) -> String {
            Table.padded(name, to: 16)
                + RetrievalMetrics.depths.map { depth in
                    let percent = Format.fixed(value(depth) * 100, 1)
                    return Table.rightAligned(percent, to: 8)
                }.joined()
        }
        var lines = [
            "\(retrieval.pairCount) pairs, per cent   R@1     R@5    R@10",
            row("image to text") { retrieval.imageToText[$0] ?? 0 },
            row("text to image") { retrieval.textToImage[$0] ?? 0 },
            row("chance") { retrieval.chance($0) },
        ]
        if let categories = evaluation.categories {
            lines.append(
                "zero-shot over \(categories.categoryCount) categories: \(Format.fixed(categories.accuracy * 100, 1)) %"
                    + " (chance \(Format.fixed(categories.chance * 100, 1)) %)")
        }
        return lines
    }
}
