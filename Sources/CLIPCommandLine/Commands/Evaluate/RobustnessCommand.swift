import ArgumentParser
import CLIP
import CLIPEvaluation
import Files

struct RobustnessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "robustness",
        abstract: "Measure accuracy under shifts: other sets of the same classes, and corrupted pictures.",
        discussion: """
            Example: clip evaluate robustness --data photographs/ --shift sketches/ --shift renditions/ --corruptions all

            A shift's classes are the reference's, or some of them. --corruptions takes ImageNet-C's kinds \
            (arXiv 1903.12261), "all" of them or "none". --baseline names a table of models (name, reference, shifted: \
            accuracies from 0 to 1) whose line says what a model of this accuracy has under the shift: the rest is effective \
            robustness (arXiv 2007.00644).
            """)

    @Option(
        name: .customLong("shift"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A set of another distribution; may be given several times.", valueName: "set"))
    var shifts: [String] = []

    @Option(help: ArgumentHelp("Kinds of corruption, separated by commas, or all, or none.", valueName: "kinds"))
    var corruptions = "none"

    @Option(help: ArgumentHelp("Severities of corruptions from 1 to 5, separated by commas.", valueName: "numbers"))
    var severities = "1,3,5"

    @Option(help: ArgumentHelp("Pictures that are corrupted, drawn by the seed; 0 for all.", valueName: "count"))
    var sample = 500

    @Option(help: ArgumentHelp("A CSV table of models: name,reference,shifted.", valueName: "file"))
    var baseline: String?

    @Option(help: "Draws the sample and what is random in corruptions.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write the plot as SVG.", valueName: "file"))
    var plot: String?

    @OptionGroup var prompts: PromptOptions
    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    func validate() throws {
        let levels = severities.split(separator: ",").map { Int($0) }
        guard !levels.isEmpty, levels.allSatisfy({ $0.map(Corruption.severities.contains) ?? false }), sample >= 0
        else {
            throw ValidationError("--severities takes numbers from 1 to 5, and --sample one from 0.")
        }
        _ = try Corruption.kinds(corruptions)
        guard !shifts.isEmpty || corruptions != "none" else {
            throw ValidationError("Nothing shifts: give --shift or --corruptions.")
        }
    }

    func run() throws {
        if let plot { try OutputFile.check(plot) }
        let skips = SkippedPairs()
        let reference = try set.open(skips)
        let others = try shifts.map { try set.open(skips, data: $0) }
        let asked = try prompts.prompts(for: reference)
        var robustness = Robustness()
        robustness.corruptions = try Corruption.kinds(corruptions)
        robustness.severities = severities.split(separator: ",").compactMap { Int($0) }
        robustness.sample = sample == 0 ? nil : sample
        robustness.seed = seed
        let models = try baseline.map { try BaselineModels(path: $0) }
        robustness.baseline = try models?.fit()
        let evaluator = try measure.evaluator(skips)
        let result = try evaluator.robustness(robustness, reference: reference, shifts: others, prompts: asked) {
            Console.status($0)
        }
        Console.endStatus()
        skips.finish()
        if let plot {
            let chart = EvaluationCharts.robustness(
                [result], models: [evaluator.clip.name], baseline: models?.models ?? [], fit: robustness.baseline)
            try CLIPError.wrapping { try WholeFile.write(chart.file(), to: plot) }
        }
        try measure.answer(
            result, of: evaluator, on: evaluator.embedded(reference), lines: Self.lines(result, reference.name))
    }

    static func lines(_ result: RobustnessResult, _ name: String) -> [String] {
        func percent(_ share: Double) -> String { Format.fixed(share * 100, 1) }
        var lines = [ZeroShotCommand.row(name, result.reference.text)]
        for shift in result.shifts {
            var line = ZeroShotCommand.row(shift.name, "\(shift.accuracy.text)   −\(percent(shift.drop)) points")
            if let effective = shift.effective { line += ", effective robustness \(effective.effective.pointsText)" }
            lines.append(line)
        }
        for kind in result.corruptions {
            let values = zip(kind.severities, kind.accuracy).map { "\($0): \(percent($1.value))" }
            lines.append(ZeroShotCommand.row(kind.kind, values.joined(separator: "   ")))
        }
        if let mean = result.meanCorrupted {
            lines.append(ZeroShotCommand.row("mean over kinds", mean.text))
        }
        return lines
    }
}

extension Corruption {
    /// `all`, `none`, or names between commas.
    static func kinds(_ text: String) throws -> [Corruption] {
        if text == "none" { return [] }
        if text == allName { return kinds(named: text) ?? [] }
        return try text.split(separator: ",").map { name in
            guard let kind = Corruption(rawValue: String(name)) else {
                throw ValidationError("There is no corruption \"\(name)\"; there are \(names).")
            }
            return kind
        }
    }
}
