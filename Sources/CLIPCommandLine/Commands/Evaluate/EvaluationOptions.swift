import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation
import Foundation

/// A set to measure on.
struct EvaluatedSetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder, file or shards in any layout that is read, or a known name: \(EvaluationSet.knownNames.joined(separator: ", ")).",
            valueName: "set"))
    var data: String

    @Option(help: ArgumentHelp("Which part of a set that has several: test, val or train.", valueName: "name"))
    var split = "test"

    @Option(help: ArgumentHelp("Where the pictures that a list names lie (default: beside it).", valueName: "folder"))
    var images: String?

    @Option(
        help: ArgumentHelp(
            "Use the captions in this language, such as zh, of the pairs that have one (default: the main captions).",
            valueName: "tag"))
    var captionLanguage: String?

    @Option(help: ArgumentHelp("A table's column of classes.", valueName: "name"))
    var csvLabelKey = EvaluationSet.Options().labelColumn

    @OptionGroup var columns: TableColumns

    func open(_ skips: SkippedPairs, split other: String? = nil, data otherData: String? = nil) throws -> EvaluationSet
    {
        var options = EvaluationSet.Options()
        options.split = other ?? split
        (options.images, options.captionLanguage) = (images, captionLanguage)
        options.labelColumn = csvLabelKey
        options.table = columns.table
        return try EvaluationSet(otherData ?? data, options, onSkip: { skips.skipped($0) })
    }
}

/// What classes are asked for with.
struct PromptOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Names of the classes, separated by commas, in the classes' order.")
    var labels: String?

    @Option(help: ArgumentHelp("A file of names: one a line, or JSON as it is published.", valueName: "file"))
    var labelsFile: String?

    @Option(
        name: .customLong("template"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A sentence with {} for the name; several are ensembled (default: the set's own, or the name itself).",
            valueName: "text"))
    var templates: [String] = []

    @Option(help: ArgumentHelp("A file of templates: one a line, or JSON as it is published.", valueName: "file"))
    var templatesFile: String?

    @Option(
        help: ArgumentHelp(
            "Whose names and templates are meant in a JSON file that has those of several sets (default: the set's name).",
            valueName: "set"))
    var promptsFor: String?

    func validate() throws {
        if promptsFor != nil, labelsFile == nil, templatesFile == nil {
            throw ValidationError("--prompts-for says what to take from --labels-file or --templates-file.")
        }
    }

    func prompts(for set: EvaluationSet) throws -> ClassPrompts {
        try ClassPrompts(
            setName: promptsFor ?? set.name, classNames: set.classNames, own: set.templates,
            labels: labels.map(LabelOptions.split), labelsFile: labelsFile, templates: templates,
            templatesFile: templatesFile)
    }
}

/// What all measurements take.
struct MeasureOptions: ParsableArguments {
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    func evaluator(_ skips: SkippedPairs) throws -> Evaluator {
        try Evaluator(
            shared.load(), cache: cache.cache(shared.compute), onProgress: { Console.status("\($1): \($0) pictures") },
            onSkip: { skips.skipped(SkippedSample(location: $0, reason: .undecodable($1))) })
    }

    /// Gives the answer in the form that was asked for.
    func answer(
        _ results: some Encodable, of evaluator: Evaluator, on set: EmbeddedSet, lines: [String]
    ) throws {
        if shared.json {
            try MeasureDocument(
                model: SuiteResults.Model(evaluator), data: SuiteResults.DataSet(set), results: results
            ).print()
        } else {
            for line in lines { try Console.answer(line) }
        }
    }
}

/// A measurement's answer: `{"model": …, "data": …, "results": …}`.
struct MeasureDocument<Results: Encodable>: Encodable {
    let model: SuiteResults.Model
    let data: SuiteResults.DataSet
    let results: Results

    func print() throws {
        try Console.printJSON(encoded: ResultCoding.encoder().encode(self))
    }
}

extension Interval {
    /// `41.2 % (40.2 – 42.2)`
    var text: String {
        func percent(_ share: Double) -> String { Format.fixed(share * 100, 1) }
        return "\(percent(value)) % (\(percent(low)) – \(percent(high)))"
    }

    /// `+1.2 points (0.8 – 1.6)`
    var pointsText: String {
        func points(_ share: Double) -> String { (share >= 0 ? "+" : "−") + Format.fixed(abs(share) * 100, 1) }
        return "\(points(value)) points (\(points(low)) – \(points(high)))"
    }
}
