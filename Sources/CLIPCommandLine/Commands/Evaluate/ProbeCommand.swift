import ArgumentParser
import CLIP
import CLIPEvaluation
import Files
import Pages

/// What a probe learns from.
struct TrainingSplitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What to learn from (default: the train split of --data).", valueName: "set"))
    var trainData: String?

    @Option(help: ArgumentHelp("The split to learn from.", valueName: "name"))
    var trainSplit = "train"

    func open(like set: EvaluatedSetOptions, _ skips: SkippedPairs) throws -> EvaluationSet {
        try set.open(skips, split: trainSplit, data: trainData)
    }
}

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Measure a linear classifier of what the image tower sees.",
        discussion: """
            Example: clip evaluate probe --data fashion-mnist --baseline --save head.safetensors

            The paper's protocol (arXiv 2103.00020, section 3.2): logistic regression by L-BFGS on the features before the \
            projection, its strength chosen among 96 steps from 1e-6 to 1e6 on a validation split, by default a fifth of \
            what is learned from. --baseline learns from the pixels besides. What --save writes, "clip classify --head" uses.
            """)

    @OptionGroup var training: TrainingSplitOptions

    @Option(
        help: ArgumentHelp("The split to choose the strength on (default: a part of --train-split).", valueName: "name")
    )
    var validationSplit: String?

    @Flag(help: "Learn from the pixels as well, to compare.")
    var baseline = false

    @Flag(help: "Try all 97 strengths, and do not search.")
    var allStrengths = false

    @Option(help: "Draws the validation split.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write the classifier for \"clip classify --head\".", valueName: "file"))
    var save: String?

    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    struct Results: Encodable {
        let probe: ProbeResult
        let zeroShot: ZeroShotResult
        let pixels: ProbeResult?

        enum CodingKeys: String, CodingKey {
            case pixels
            case zeroShot = "zero_shot"
        }

        func encode(to encoder: any Encoder) throws {
            try probe.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(zeroShot, forKey: .zeroShot)
            try container.encodeIfPresent(pixels, forKey: .pixels)
        }
    }

    func run() throws {
        if let save { try OutputFile.check(save) }
        let skips = SkippedPairs()
        let (test, train) = (try set.open(skips), try training.open(like: set, skips))
        let validation = try validationSplit.map { try set.open(skips, split: $0, data: training.trainData) }
        let evaluator = try measure.evaluator(skips)
        var probe = Probe()
        probe.seed = seed
        probe.sweep.triesAll = allStrengths
        let outcome = try evaluator.probe(
            probe, train: train, validation: validation, test: test, withPixels: baseline
        ) { name, trial in
            Console.status(
                "\(name): C = \(Decimals.significant(trial.strength, 3)): \(Format.fixed(trial.accuracy * 100, 2)) %")
        }
        Console.endStatus()
        skips.finish()
        if let save { try outcome.head.write(to: save) }
        let results = Results(probe: outcome.probe, zeroShot: outcome.zeroShot, pixels: outcome.pixels)
        try measure.answer(results, of: evaluator, on: outcome.test, lines: Self.lines(results, outcome.test))
    }

    static func lines(_ results: Results, _ set: EmbeddedSet) -> [String] {
        var lines = [
            "\(set.name): learned from \(results.probe.trainCount) pictures, C = "
                + "\(Decimals.significant(results.probe.strength, 3)) by \(results.probe.validationCount) of them",
            ZeroShotCommand.row("linear probe", results.probe.accuracy.text),
        ]
        if let figures = results.zeroShot.classification {
            lines.append(ZeroShotCommand.row("zero-shot", figures.top1.text))
        }
        if let pixels = results.pixels {
            lines.append(ZeroShotCommand.row("from pixels", pixels.accuracy.text))
        }
        if !results.probe.hasConverged {
            lines.append("its last fit was ended after \(results.probe.iterations) steps, before its minimum")
        }
        return lines
    }
}

struct FewShotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "few-shot",
        abstract: "Measure linear classifiers that learn from a few pictures a class.",
        discussion: """
            Example: clip evaluate few-shot --data fashion-mnist --shots 1,2,4,8,16 --plot few-shot.svg

            As the paper's figure 6: how many pictures a class a linear probe needs to be as good as the classes' names \
            alone. Each number is drawn --draws times.
            """)

    @Option(help: ArgumentHelp("Pictures a class, separated by commas.", valueName: "numbers"))
    var shots = "1,2,4,8,16"

    @Option(help: "How often each number is drawn.")
    var draws = 5

    @Option(help: ArgumentHelp("C, the inverse of the penalty, for features of unit length.", valueName: "number"))
    var strength = 10.0

    @Option(help: "Draws the pictures.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write the plot as SVG.", valueName: "file"))
    var plot: String?

    @OptionGroup var training: TrainingSplitOptions
    @OptionGroup var prompts: PromptOptions
    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    func validate() throws {
        guard numbers.allSatisfy({ ($0 ?? 0) > 0 }), !numbers.isEmpty else {
            throw ValidationError("--shots takes numbers above 0, separated by commas.")
        }
        guard draws > 0, strength > 0 else { throw ValidationError("--draws and --strength take numbers above 0.") }
    }

    private var numbers: [Int?] { shots.split(separator: ",").map { Int($0) } }

    func run() throws {
        if let plot { try OutputFile.check(plot) }
        let skips = SkippedPairs()
        let (test, train) = (try set.open(skips), try training.open(like: set, skips))
        let asked = try prompts.prompts(for: test)
        let evaluator = try measure.evaluator(skips)
        var protocolOfShots = FewShot()
        protocolOfShots.shots = numbers.compactMap { $0 }
        (protocolOfShots.draws, protocolOfShots.seed) = (draws, seed)
        protocolOfShots.strength = strength
        let embedded = try evaluator.embedded(test)
        let result = try evaluator.fewShot(
            protocolOfShots, train: evaluator.embedded(train), test: embedded, prompts: asked
        ) { Console.status("\($0) a class, draw \($1 + 1)") }
        Console.endStatus()
        skips.finish()
        if let plot {
            try CLIPError.wrapping {
                try WholeFile.write(EvaluationCharts.fewShot(result, name: embedded.name).file(), to: plot)
            }
        }
        try measure.answer(result, of: evaluator, on: embedded, lines: Self.lines(result, embedded))
    }

    static func lines(_ result: FewShotResult, _ set: EmbeddedSet) -> [String] {
        var lines = ["\(set.name): pictures a class, accuracy over \(result.steps.first?.accuracies.count ?? 0) draws"]
        lines += result.steps.map { ZeroShotCommand.row("\($0.shots)", $0.accuracy.text) }
        if let zeroShot = result.zeroShot { lines.append(ZeroShotCommand.row("zero-shot", zeroShot.text)) }
        if let place = result.catchesUpAt {
            lines.append("The probe is as good as the names from \(Format.fixed(place, 1)) pictures a class on.")
        }
        return lines
    }
}
