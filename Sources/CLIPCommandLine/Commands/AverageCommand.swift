import ArgumentParser
import CLIP
import Foundation

struct AverageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "average",
        abstract: "Write the model between two or more that come from one another by training.",
        discussion: """
            Example: clip average --model before --with after --share 0.5 --output between

            A model between the one before and the one after fine-tuning is often better than both, and forgets less
            (arXiv 2109.01903); so is the mean of several fine-tunings of one model (arXiv 2203.05482). Models that were
            trained apart have no average worth having. Written in open_clip's layout.
            """)

    @Option(help: ArgumentHelp("Another model of the same architecture; may be repeated.", valueName: "name|directory"))
    var with: [String]

    @Option(help: "The share of --with, where it is one; without, all models have equal shares.")
    var share: Double?

    @Option(help: "What weights are stored as: fp32, fp16 or bf16.")
    var storage: ModelConversion.Storage = .fp32

    @OptionGroup var place: ModelOutputOptions
    @OptionGroup var model: NamedModel
    @OptionGroup var processor: ThreadOptions
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard let share else { return }
        guard with.count == 1, (0...1).contains(share) else {
            throw ValidationError("--share is from 0 to 1, and goes with one --with.")
        }
    }

    private struct Document: Encodable {
        var models: [String]
        var shares: [Double]
        var output: String
    }

    func run() throws {
        try place.check()
        processor.prepare()
        let first = try model.describe().loaded(weights: model.weights)
        let models = try [first] + with.map { try ModelCatalog.description(of: $0).loaded() }
        let shares = share.map { [1 - $0, $0] } ?? models.map { _ in 1 / Double(models.count) }
        try ModelDirectory(place.output).write(
            ModelAverage.average(zip(models, shares).map { (model: $0, share: $1) }),
            preprocess: first.preprocessor.configuration,
            dtype: storage.dtype, tokenizerFiles: first.tokenizerFiles())
        let names = models.map(\.name)
        if answer.json {
            return try Console.printJSON(Document(models: names, shares: shares, output: place.output))
        }
        let parts = zip(names, shares).map { "\(Format.fixed($1, 3)) \($0)" }
        try Console.answer("\(parts.joined(separator: " + ")): \(place.output)")
    }
}
