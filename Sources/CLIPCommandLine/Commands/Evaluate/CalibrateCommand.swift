import ArgumentParser
import CLIPEvaluation
import Pages

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Measure whether confidences are right, and fit them; choose when to answer none of these.",
        discussion: """
            Example: clip evaluate calibrate --data fashion-mnist --validation-split train --save calibration.json

            The expected calibration error before and after a temperature (or Platt's fit, for models that score by a \
            sigmoid), fitted on the validation split or on half of the set and measured on the rest; and the similarity from \
            which an answer is given, so that at most --false-acceptance of pictures of no label get one. What --save writes \
            is what "clip classify --calibration" reads; in a model's folder, as calibration.json, "--none" finds it by itself.
            """)

    @Option(help: ArgumentHelp("The split to fit on (default: half of --split).", valueName: "name"))
    var validationSplit: String?

    @Option(help: ArgumentHelp("The share of pictures of no label that may be given one.", valueName: "share"))
    var falseAcceptance = 0.1

    @Option(help: "Draws the half to fit on.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Write what was fitted.", valueName: "file"))
    var save: String?

    @OptionGroup var prompts: PromptOptions
    @OptionGroup var set: EvaluatedSetOptions
    @OptionGroup var measure: MeasureOptions

    func validate() throws {
        guard (0..<1).contains(falseAcceptance) else {
            throw ValidationError("--false-acceptance takes a share from 0 to below 1.")
        }
    }

    func run() throws {
        if let save { try OutputFile.check(save) }
        let skips = SkippedPairs()
        let data = try set.open(skips)
        let validation = try validationSplit.map { try set.open(skips, split: $0) }
        let evaluator = try measure.evaluator(skips)
        let outcome = try evaluator.calibrated(
            data, validation: validation, prompts: prompts.prompts(for: data), falseAcceptance: falseAcceptance,
            seed: seed)
        Console.endStatus()
        skips.finish()
        if let save { try outcome.file.write(to: save) }
        try measure.answer(
            outcome.report, of: evaluator, on: outcome.test, lines: Self.lines(outcome.report, data.name))
    }

    static func lines(_ report: CalibrationReport, _ name: String) -> [String] {
        var lines = [
            "\(name): fitted on \(report.validationCount) pictures, measured on \(report.testCount)",
            ZeroShotCommand.row(
                "calibration error",
                "\(report.before.errorInterval.text) before, \(report.after.errorInterval.text) after"),
        ]
        if let temperature = report.temperature {
            lines.append(ZeroShotCommand.row("similarities times", Format.fixed(temperature.scale, 2)))
        }
        lines.append(
            ZeroShotCommand.row("none of these", "below a similarity of \(Format.fixed(report.threshold.threshold, 4))")
        )
        lines.append(ZeroShotCommand.row("  answered", report.testAcceptance.insiders.text + " of known classes"))
        lines.append(ZeroShotCommand.row("  answered wrongly", report.testAcceptance.outsiders.text + " of others"))
        return lines
    }
}
