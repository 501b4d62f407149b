import ArgumentParser
import CLIP
import CLIPData
import CLIPTraining

/// What every experiment takes.
struct ExperimentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tar shards ({0000..0007}, globs, ::), a CSV or TSV table, or a folder.", valueName: "source"))
    var trainData: String
    @Option(help: ArgumentHelp("Pairs with categories to choose from, likewise.", valueName: "source"))
    var valData: String
    @Option(help: ArgumentHelp("The directory to write.", valueName: "dir"))
    var output: String?
    @Option(
        help: ArgumentHelp(
            "A directory to go on with; finished curves are kept. Give the options it began with.", valueName: "dir"))
    var resume: String?

    @Option(help: "Pairs per step.")
    var batchSize = 128
    @Option(help: "Times through the data, of every curve (default 12, unless --steps is given).")
    var epochs: Int?
    @Option(help: "Steps in all, instead of epochs.")
    var steps: Int?
    @Option(help: "Pictures processed before the first evaluation; each later one follows at √2 times as many.")
    var evaluationInterval = 1_000
    @Option(help: "Seeds of weights, order and views; each curve is trained once with each.")
    var seeds = "0"
    @Option(help: "What categories' names are put into before they are scored, with {} for the name.")
    var template = "{}"
    @Option(name: .customLong("lr"), help: "The peak learning rate.")
    var learningRate = 1e-3
    @Option(help: "Steps of linear warm-up.")
    var warmup = 50
    @Option(help: "AdamW's decay of matrices and embeddings.")
    var weightDecay = 0.2
    @Option(help: "The gradient's longest norm (0: no clipping).")
    var gradientNorm = 1.0

    func validate() throws {
        guard (output == nil) != (resume == nil) else {
            throw ValidationError("Give either --output DIR for a new experiment or --resume DIR to go on with one.")
        }
        if steps != nil, epochs != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        guard [batchSize, epochs ?? 1, steps ?? 1, evaluationInterval].allSatisfy({ $0 > 0 && $0 <= 1 << 30 }) else {
            throw ValidationError("Sizes, epochs, steps and intervals are whole numbers above 0.")
        }
        _ = try seedList()
    }

    func seedList() throws -> [UInt64] { try Self.list(seeds, option: "--seeds") { UInt64($0) } }

    /// Values between commas, none of them twice.
    static func list<Value: Hashable>(
        _ text: String, option: String, _ parse: (String) -> Value?
    ) throws -> [Value] {
        let values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let word = part.trimmingCharacters(in: .whitespaces)
            guard let value = parse(word) else { throw ValidationError("\(option) does not take \"\(word)\".") }
            return value
        }
        guard Set(values).count == values.count else { throw ValidationError("\(option) names one thing twice.") }
        return values
    }

    /// Everything but length and seed.
    func configuration(_ data: DataOptions, _ compute: ComputeOptions) -> TrainingConfiguration {
        var configuration = TrainingConfiguration(batchSize: batchSize, totalSteps: 1)
        configuration.learningRate = learningRate
        configuration.warmupSteps = warmup
        configuration.weightDecay = weightDecay
        configuration.gradientNorm = gradientNorm > 0 ? gradientNorm : nil
        configuration.precision = compute.precision
        data.applied().data.apply(to: &configuration)
        return configuration
    }

    /// Pictures that each curve processes.
    func pictureCount(_ training: PairSource, _ data: DataOptions) throws -> Int {
        if let steps { return steps * batchSize }
        let pairs = try data.trainNumSamples ?? training.countPairs()
        let perEpoch = pairs / batchSize
        guard perEpoch > 0 else {
            throw TrainingError.invalidOption(
                name: "--batch-size", problem: "\(batchSize) is more than the \(pairs) pairs there are")
        }
        let (count, overflows) = (perEpoch * batchSize).multipliedReportingOverflow(by: epochs ?? 12)
        guard !overflows else { throw TrainingError.invalidOption(name: "--epochs", problem: "too many pictures") }
        return count
    }
}
