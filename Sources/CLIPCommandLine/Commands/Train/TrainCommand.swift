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

    func validate() throws {
        guard (output == nil) != (resume == nil) else {
            throw ValidationError("Give either --output RUN for a new run or --resume RUN to go on with one.")
        }
        if length.steps != nil, length.epochs != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        let counts = [length.batchSize, length.microBatchSize ?? 1, length.epochs ?? 1, length.steps ?? 1]
        guard counts.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }), optimization.checkpointInterval > 0,
            optimization.evaluationInterval > 0, data.trainNumSamples ?? 1 > 0
        else { throw ValidationError("Sizes, epochs, steps and intervals are whole numbers above 0.") }
    }

    func run() throws {
        let description = try shared.describe()
        let training = try data.trainingSource(trainData)
        let heldOut = try valData.map { try data.source($0) }
        // Counting may take a while: only where something depends on it.
        let perEpoch = length.steps == nil || data.hasEndlessEpochs ? try batchesPerEpoch(of: training) : nil
        let configuration = self.configuration(batchesPerEpoch: perEpoch)
        try Engine.seed(optimization.seed)
        let clip = try startingModel(description)
        var options = TrainingRun.Options(output: resume ?? output ?? "")
        options.checkpointInterval = optimization.checkpointInterval
        options.evaluationInterval = optimization.evaluationInterval
        options.loaderThreads = data.workers
        options.loading = data.loading(batches: perEpoch)
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

    private func batchesPerEpoch(of training: PairSource) throws -> Int {
        let pairs = try data.trainNumSamples ?? training.countPairs()
        guard pairs >= length.batchSize else {
            throw TrainingError.invalidOption(
                name: "--batch-size", problem: "\(length.batchSize) is more than the \(pairs) pairs there are")
        }
        return pairs / length.batchSize
    }

    private func configuration(batchesPerEpoch: Int?) -> TrainingConfiguration {
        let totalSteps = length.steps ?? (batchesPerEpoch ?? 1) * (length.epochs ?? 32)
        var configuration = TrainingConfiguration(
            batchSize: length.batchSize, microBatchSize: length.microBatchSize, totalSteps: totalSteps)
        configuration.precision = shared.precision == .bf16 ? .bf16 : .fp32
        optimization.apply(to: &configuration)
        data.apply(to: &configuration)
        return configuration
    }
}
