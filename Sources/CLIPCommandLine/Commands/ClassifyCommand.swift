import ArgumentParser
import CLIP
import CLIPEvaluation
import Files
import Torch

struct ClassifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Say which of your own labels fits each picture best.",
        discussion: """
            Example: clip classify cat.jpg dog.png --labels "cat,dog,car" --template "a photo of a {}"

            Several templates are ensembled. What labels come to is kept on disk: see "clip cache". Scores are probabilities among the labels given. --head takes the classes that \
            "clip evaluate probe --save" learned. --calibration takes what "clip evaluate calibrate --save" fitted for labels \
            and templates like these: scores are then as often right as they say, and --none says where no label fits.
            """)

    @OptionGroup var images: PictureArguments
    @OptionGroup var choices: LabelOptions

    @Option(help: ArgumentHelp("A classifier of the model's features, in place of labels.", valueName: "file"))
    var head: String?

    @Option(help: ArgumentHelp("What was fitted for this model and labels like these.", valueName: "file"))
    var calibration: String?

    @Flag(
        help: "Say so where none of the labels fits; without --calibration by calibration.json in the model's folder.")
    var none = false

    @OptionGroup var table: AnswerOptions
    @OptionGroup var file: AnswerFileOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var cache: CacheOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard head != nil else { return }
        if choices.labels != nil || choices.labelsFile != nil || !choices.templates.isEmpty {
            throw ValidationError("--head has its own classes: give no labels and templates.")
        }
        if calibration != nil || none {
            throw ValidationError("--calibration and --none are for labels, not for --head.")
        }
    }

    func run() throws {
        try file.check()
        if let head { return try run(head: ProbeHead(path: head)) }
        let labels = try choices.texts()
        let templates = try choices.prompts()
        let list = try images.required()
        let fitted = try calibrated()
        let clip = try shared.load()
        try fitted?.check(clip)
        let classifier = try ZeroShotClassifier(
            clip, labels: labels, templates: templates, cache: cache.cache(shared.compute))
        Console.warn(of: classifier.truncation)
        let set = try EmbeddedPictures(list, clip, options: pictures, bad: .leftOut)
        var answers = try set.ranked(by: classifier)
        if calibration != nil, let fitted { answers = try answers.map { ($0, try fitted.rescored($1)) } }
        try answer(answers, clip, TruncationDocument(classifier.truncation), none ? fitted?.file.threshold : nil)
        try set.finish()
    }

    private func run(head: ProbeHead) throws {
        let list = try images.required()
        let clip = try shared.load()
        let evaluator = try Evaluator(clip, cache: nil)
        let set = try EmbeddedPictures(list, clip, options: pictures, withStates: true, bad: .leftOut)
        let answers = try set.states.map { try head.ranked($0, of: evaluator) } ?? []
        try answer(zip(set.names, answers).map { ($0, $1) }, clip, nil, nil)
        try set.finish()
    }

    /// What was fitted, from where it is to be found.
    private func calibrated() throws -> FittedScores? {
        if let calibration { return try FittedScores(path: calibration) }
        guard none else { return nil }
        guard let model = shared.model, Folder.exists(model) else {
            throw ValidationError("--none needs --calibration: what \"clip evaluate calibrate --save\" wrote.")
        }
        return try FittedScores(path: Folder.join(model, CalibrationFile.fileName))
    }

    private func answer(
        _ answers: [(image: String, choices: [ScoredChoice])], _ clip: CLIPModel, _ truncated: TruncationDocument?,
        _ threshold: RejectionThreshold?
    ) throws {
        func isNone(_ choices: [ScoredChoice]) -> Bool? {
            threshold.map { threshold in !(choices.first.map { threshold.accepts($0.similarity) } ?? false) }
        }
        try file.write("label", answers, most: table.top)
        if shared.json {
            let results = answers.map { path, choices in
                ClassificationDocument.Result(
                    image: path,
                    labels: choices.map { .init(label: $0.label, score: $0.score, similarity: $0.similarity) },
                    none: isNone(choices))
            }
            try Console.printJSON(
                ClassificationDocument(
                    model: clip.name, precision: clip.precision, results: results, truncated: truncated,
                    falseAcceptance: threshold?.falseAcceptance))
            return
        }
        for (path, choices) in answers {
            if isNone(choices) == true, let threshold {
                try Console.answer(path)
                let share = Format.fixed(threshold.falseAcceptance * 100, 0)
                try Console.answer("  none of these (of pictures of other things \(share) % are given a label)")
            } else {
                try AnswerTable.print(path, choices, most: table.top)
            }
        }
    }
}

/// What a calibration makes of similarities.
private struct FittedScores {
    let file: CalibrationFile
    private let path: String

    init(path: String) throws { (file, self.path) = (try CalibrationFile(path: path), path) }

    /// - Throws: `EvaluationError.mismatch(path:expected:found:)` for another model's.
    func check(_ clip: CLIPModel) throws {
        let own = try Evaluator(clip, cache: nil)
        guard own.isSameModel(as: file.model) else {
            throw EvaluationError.mismatch(path: path, expected: clip.name, found: "another model (\(file.model))")
        }
    }

    /// The same choices in the same order, with probabilities that are as often right as they say.
    func rescored(_ choices: [ScoredChoice]) throws -> [ScoredChoice] {
        let scores: [Double]
        if let temperature = file.temperature {
            let similarities = try Tensor(choices.map { Float($0.similarity) }, shape: [1, choices.count])
            scores = try temperature.probabilities(similarities).converted(to: .float64).elements(Double.self)
        } else if let platt = file.platt {
            scores = choices.map { platt.probability($0.similarity) }
        } else {
            return choices
        }
        return zip(choices, scores).map {
            ScoredChoice(index: $0.index, label: $0.label, score: $1, similarity: $0.similarity)
        }
    }
}
