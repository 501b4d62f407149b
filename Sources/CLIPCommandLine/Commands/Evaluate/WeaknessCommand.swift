import ArgumentParser
import CLIPEvaluation
import Foundation
import Pages

struct WeaknessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weakness",
        abstract: "Probe what contrastive models are weak at: word order, counting, written words, and more.",
        discussion: """
            Example: clip evaluate weakness --data 'corpus/test-*.tar'
                     clip evaluate weakness --winoground pairs.jsonl

            Without --data, what the tool draws itself alone: counting, colors, shapes, positions, written words, and pairs of \
            pictures and captions of the same words. With it also its captions in another order, similar captions, accuracy \
            against resolution, and with --groups accuracy and scores by group.
            """)

    @Option(help: ArgumentHelp("A set with captions or classes.", valueName: "set"))
    var data: String?

    @Option(help: ArgumentHelp("Which part of a set that has several.", valueName: "name"))
    var split = "test"

    @Option(help: ArgumentHelp("The captions' language, of sets that have several.", valueName: "tag"))
    var captionLanguage: String?

    @Option(
        help: ArgumentHelp(
            "Pairs of pictures and captions in JSON lines: image_0, image_1, caption_0, caption_1.", valueName: "file"))
    var winoground: String?

    @Option(help: ArgumentHelp("A CSV table picture,group for figures by group.", valueName: "file"))
    var groups: String?

    @Option(help: ArgumentHelp("Questions of each drawn probe.", valueName: "count"))
    var count = 120

    @Option(help: ArgumentHelp("Pictures of the set that are encoded anew.", valueName: "count"))
    var sample = 500

    @Option(help: "Draws everything.")
    var seed: UInt64 = 0

    @OptionGroup var measure: MeasureOptions

    func validate() throws {
        guard count > 0, sample > 1 else { throw ValidationError("--count and --sample take numbers above 1.") }
        guard data != nil || groups == nil && captionLanguage == nil else {
            throw ValidationError("--groups and --caption-language are about --data.")
        }
    }

    struct Document: Encodable {
        let model: SuiteResults.Model
        let data: [String: String]
        let results: WeaknessResult
    }

    func run() throws {
        let skips = SkippedPairs()
        var options = EvaluationSet.Options()
        (options.split, options.captionLanguage) = (split, captionLanguage)
        let set = try data.map { try EvaluationSet($0, options, onSkip: { skips.skipped($0) }) }
        var weakness = Weakness()
        (weakness.count, weakness.sample, weakness.seed) = (count, sample, seed)
        weakness.winogroundFile = winoground
        if let groups { weakness.groups = try GroupFile.read(groups) }
        let evaluator = try measure.evaluator(skips)
        let result = try evaluator.weakness(weakness, set: set, prompts: nil) { Console.status($0) }
        Console.endStatus()
        skips.finish()
        if measure.shared.json {
            let document = Document(
                model: SuiteResults.Model(evaluator),
                data: set.map { ["name": $0.name, "fingerprint": $0.fingerprint] } ?? ["name": "drawn"], results: result
            )
            try Console.printJSON(encoded: ResultCoding.encoder().encode(document))
        } else {
            for line in Self.lines(result) { try Console.answer(line) }
        }
    }

    static func lines(_ result: WeaknessResult) -> [String] {
        var lines = result.probes.map { probe in
            Table.padded(probe.title, to: 48) + "\(probe.accuracy.text)   chance \(Markup.percent(probe.chance))"
        }
        for (name, value, chance) in [
            ("pairs: text", result.winoground.text, WinogroundScores.chance.text),
            ("pairs: image", result.winoground.image, WinogroundScores.chance.image),
            ("pairs: both", result.winoground.group, WinogroundScores.chance.group),
        ] { lines.append(Table.padded(name, to: 48) + "\(value.text)   chance \(Markup.percent(chance))") }
        for step in result.resolutions {
            lines.append(Table.padded("at most \(step.side) pixels", to: 48) + step.accuracy.text)
        }
        for group in result.groups?.groups ?? [] {
            lines.append(Table.padded("\(group.name), \(group.count) pictures", to: 48) + group.accuracy.text)
        }
        return lines
    }
}
