import ArgumentParser
import CLIP
import CLIPData
import CLIPTraining
import Foundation
import Torch

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Learn from pictures with captions (contrastive pre-training, arXiv 2103.00020).",
        discussion: """
            Example: clip train --model small.json --train-data 'corpus/train-{0000..0007}.tar' \\
                --val-data corpus/val-0000.tar --batch-size 256 --epochs 24 --output runs/first

            RUN/metrics.jsonl has a line for each step and evaluation; RUN/final is a model directory for --model.
            """)

    @Option(
        help: ArgumentHelp(
            "Tar shards ({0000..0007}, globs, ::), a CSV or TSV table, or a folder.", valueName: "source"))
    var trainData: String

    @Option(help: ArgumentHelp("Pairs to evaluate on, likewise.", valueName: "source"))
    var valData: String?

    @Option(help: ArgumentHelp("The run directory to write.", valueName: "run"))
    var output: String?

    @Option(help: ArgumentHelp("A run directory to go on with; give the options it began with.", valueName: "run"))
    var resume: String?

    @OptionGroup(title: "Length and batches") var length: LengthOptions
    @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup var shared: SharedOptions

    struct LengthOptions: ParsableArguments {
        @Option(help: "Pairs per step.")
        var batchSize = 256
        @Option(help: "Pairs through the towers at a time; the gradient stays the whole batch's.")
        var microBatchSize: Int?
        @Option(help: "Times through the data (default 32, unless --steps is given).")
        var epochs: Int?
        @Option(help: "Steps in all, instead of epochs.")
        var steps: Int?
    }

    struct OptimizationOptions: ParsableArguments {
        @Option(name: .customLong("lr"), help: "The peak learning rate.")
        var learningRate = 5e-4
        @Option(help: "Steps of linear warm-up.")
        var warmup = 2000
        @Option(help: "AdamW's decay of matrices and embeddings.")
        var weightDecay = 0.2
        @Option(help: "The gradient's longest norm (0: no clipping).")
        var gradientNorm = 1.0
        @Option(help: "Seed of weights, order, views and captions.")
        var seed: UInt64 = 0
        @Flag(help: "Entries of a batch with the same caption are not each other's negatives.")
        var excludeDuplicateCaptions = false
        @Option(help: "Steps between checkpoints; one is written after each epoch besides.")
        var checkpointInterval = 500
        @Option(help: "Epochs between evaluations on --val-data.")
        var evaluationInterval = 1
        @Option(help: "How the final model's numbers are stored: fp32 or fp16.")
        var store = Storage.fp32

        enum Storage: String, ExpressibleByArgument, CaseIterable {
            case fp32
            case fp16
        }
    }

    struct DataOptions: ParsableArguments {
        @Option(help: "Decoding threads.")
        var workers = 2
        @Option(help: "Least share of a picture's area that a random view covers.")
        var cropScale = 0.9
        @Option(help: "Share of views that are mirrored.")
        var mirror = 0.0
        @Option(help: "Share of views whose caption is one of the pair's others, such as its keywords.")
        var alternativeCaptions = 0.0
        @Option(help: "Pairs in the training data, where counting them would take long.")
        var trainNumSamples: Int?
        @Option(help: "A table's column of picture paths.")
        var csvImgKey = "filepath"
        @Option(help: "A table's column of captions.")
        var csvCaptionKey = "title"
        @Option(help: "A table's separator: one character (default: tab; comma in .csv files that have no tab).")
        var csvSeparator: String?
    }

    func validate() throws {
        guard (output == nil) != (resume == nil) else {
            throw ValidationError("Give either --output RUN for a new run or --resume RUN to go on with one.")
        }
        if length.steps != nil, length.epochs != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        let counts = [length.batchSize, length.microBatchSize ?? 1, length.epochs ?? 1, length.steps ?? 1]
        guard counts.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }), optimization.checkpointInterval > 0,
            optimization.evaluationInterval > 0, data.trainNumSamples ?? 1 > 0
        else { throw ValidationError("Sizes, epochs, steps and intervals are whole numbers above 0.") }
        guard (1...256).contains(data.workers) else { throw ValidationError("--workers takes 1 to 256.") }
        guard data.cropScale > 0, data.cropScale <= 1, (0...1).contains(data.mirror) else {
            throw ValidationError("--crop-scale takes a share above 0 and up to 1, --mirror one from 0 to 1.")
        }
    }

    func run() throws {
        let description = try shared.describe()
        let training = try source(trainData)
        let heldOut = try valData.map { try source($0) }
        let configuration = try self.configuration(for: training)
        try Engine.seed(optimization.seed)
        let clip = try startingModel(description)
        var options = TrainingRun.Options(output: resume ?? output ?? "")
        options.checkpointInterval = optimization.checkpointInterval
        options.evaluationInterval = optimization.evaluationInterval
        options.loaderThreads = data.workers
        options.storedType = optimization.store == .fp16 ? .float16 : nil
        let progress = TrainingProgress(totalSteps: configuration.totalSteps)
        let run = try TrainingRun(
            clip, configuration: configuration, training: training, heldOut: heldOut, options: options,
            onSkip: { progress.skipped($0) })
        Console.note(
            "\(description.name): \(description.configuration.parameterCount) parameters, "
                + "\(configuration.totalSteps) steps of \(configuration.batchSize) pairs")
        try run.run(resuming: resume != nil) { progress.show($0) }
        try progress.finish(model: run.finalModelPath, json: shared.json)
    }

    /// Weights that are named, or that a model directory brings, are trained further; a name or a JSON starts afresh.
    private func startingModel(_ description: ModelDescription) throws -> PretrainedModel {
        shared.weights != nil || description.weightsPath != nil
            ? try description.loaded(weights: shared.weights, device: shared.device.device)
            : try description.untrained(device: shared.device.device)
    }

    private func source(_ specification: String) throws -> PairSource {
        var table = TableOptions()
        table.imageColumn = data.csvImgKey
        table.captionColumn = data.csvCaptionKey
        if let separator = data.csvSeparator {
            let plain = separator == "\\t" ? "\t" : separator
            guard plain.count == 1 else { throw ValidationError("--csv-separator takes one character.") }
            table.separator = plain.first
        }
        return try PairSource(specification, table: table)
    }

    private func configuration(for training: PairSource) throws -> TrainingConfiguration {
        let totalSteps: Int
        if let steps = length.steps {
            totalSteps = steps
        } else {
            let pairs = try data.trainNumSamples ?? training.countPairs()
            let perEpoch = pairs / length.batchSize
            guard perEpoch > 0 else {
                throw TrainingError.invalidOption(
                    name: "--batch-size", problem: "\(length.batchSize) is more than the \(pairs) pairs there are")
            }
            totalSteps = perEpoch * (length.epochs ?? 32)
        }
        var configuration = TrainingConfiguration(
            batchSize: length.batchSize, microBatchSize: length.microBatchSize, totalSteps: totalSteps)
        configuration.learningRate = optimization.learningRate
        configuration.warmupSteps = optimization.warmup
        configuration.weightDecay = optimization.weightDecay
        configuration.gradientNorm = optimization.gradientNorm > 0 ? optimization.gradientNorm : nil
        configuration.precision = shared.precision == .bf16 ? .bf16 : .fp32
        configuration.seed = optimization.seed
        configuration.excludesDuplicateCaptions = optimization.excludeDuplicateCaptions
        configuration.augmentation.areaRange = data.cropScale...1
        configuration.augmentation.mirrorProbability = data.mirror
        configuration.alternativeCaptionProbability = data.alternativeCaptions
        return configuration
    }
}
