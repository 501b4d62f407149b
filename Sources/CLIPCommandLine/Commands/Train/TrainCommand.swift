import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation
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

            RUN/metrics.jsonl has a line for each step and evaluation, RUN/report.html their curves, RUN/tensorboard the same
            for TensorBoard; RUN/final is a model directory for --model.

            A run that was killed, or stopped by SIGTERM or Ctrl-C, goes on where it stood, to the same weights as if it
            had not been: clip train --resume RUN
            """)

    @Option(
        help: ArgumentHelp(
            "Tar shards ({0000..0007}, globs, ::), a CSV or TSV table, or a folder.", valueName: "source"))
    var trainData: String?

    @Option(help: ArgumentHelp("Pairs to evaluate on, likewise.", valueName: "source"))
    var valData: String?

    @Option(help: ArgumentHelp("The run directory to write.", valueName: "run"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "A run directory to go on with. Its options need not be said again; they must not contradict.",
            valueName: "run"))
    var resume: String?

    @OptionGroup(title: "Length and batches") var length: LengthOptions
    @OptionGroup(title: "Optimization") var optimization: OptimizationOptions
    @OptionGroup(title: "Loss") var loss: LossOptions
    @OptionGroup(title: "Data") var data: DataOptions
    @OptionGroup(title: "Techniques") var techniques: TechniqueOptions
    @OptionGroup(title: "The run") var running: RunOptions
    @OptionGroup(title: "Several processes") var distribution: DistributionOptions
    @OptionGroup(title: "Cost") var dry: DryRunOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard running.overfitOneBatch || dry.dryRun || (output == nil) != (resume == nil) else {
            throw ValidationError("Give either --output RUN for a new run or --resume RUN to go on with one.")
        }
        if running.overfitOneBatch, output != nil || resume != nil {
            throw ValidationError("--overfit-one-batch writes nothing: leave out --output and --resume.")
        }
        if trainData == nil, resume == nil, !(dry.dryRun && length.steps != nil) {
            throw ValidationError("Say what to train on: --train-data SOURCE.")
        }
        if length.steps != nil, length.epochs != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        let counts = [length.batchSize, length.microBatchSize ?? 1, length.epochs ?? 1, length.steps ?? 1]
        guard counts.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }), data.trainNumSamples ?? 1 > 0 else {
            throw ValidationError("Sizes, epochs and steps are whole numbers above 0.")
        }
    }

    func run() throws {
        let given = RunArguments(Array(CommandLine.arguments.dropFirst(2)))
        var command = self
        var arguments = given.remembered
        if let resume, let record = try RunRecord.read(run: resume) {
            let whole = try given.continuing(RunArguments(record.arguments), run: resume)
            arguments = RunArguments(whole).remembered
            command = try Self.parse(whole)
            if !given.namesPaths { try command.enter(record.workingDirectory) }
        }
        if command.dry.dryRun { return try command.printCost() }
        if command.running.overfitOneBatch { return try command.overfitOneBatch() }
        try command.train(
            RunRecord(
                arguments: arguments, workingDirectory: FileManager.default.currentDirectoryPath,
                version: ClipCommand.configuration.version))
    }

    /// Goes where the run began, where the paths that it was given are found.
    private mutating func enter(_ directory: String) throws {
        let here = FileManager.default.currentDirectoryPath
        guard directory != here else { return }
        resume = resume.map { URL(fileURLWithPath: $0).path }
        guard FileManager.default.changeCurrentDirectoryPath(directory) else {
            throw TrainingError.checkpointMismatch(
                path: resume ?? "",
                problem: "it began in \(directory), which is not there any more. Name --train-data, "
                    + "--val-data and --model as they are found from here, with --allow-change for each")
        }
        Console.note("clip: the run began in \(directory): its paths are taken from there")
    }

    /// Trains in this process alone, or in one of several that a launcher has started.
    private func train(_ record: RunRecord) throws {
        guard let environment = try distribution.environment() else {
            return try train(record, over: SingleProcess(), on: shared.device.device)
        }
        try distribution.check(batchSize: length.batchSize, environment)
        try shared.prepare()
        let device = distribution.prepare(environment, device: shared.device.device, threads: shared.threads)
        let communicator = try distribution.join(environment, device: device)
        do {
            try train(record, over: communicator, on: device)
            // Whoever serves the store must not be the first to leave.
            try communicator.barrier()
        } catch {
            communicator.report(error)
            throw error
        }
    }

    private func train(_ record: RunRecord, over communicator: any Communicator, on device: Device) throws {
        guard let trainData else { throw ValidationError("Say what to train on: --train-data SOURCE.") }
        let description = try described()
        let training = try data.trainingSource(trainData)
        let heldOutPairs = try valData.map { try data.source($0) }
        // Counting may take a while: only where something depends on it.
        let perEpoch = length.steps == nil || data.hasEndlessEpochs ? try batchesPerEpoch(of: training) : nil
        let configuration = self.configuration(batchesPerEpoch: perEpoch, model: description.configuration)
        try Engine.seed(optimization.seed)
        // Every batch has the same shape.
        if device.kind == .cuda { try CUDA.setConvolutionBenchmark(true) }
        let clip = try startingModel(description, on: device)
        var options = TrainingRun.Options(output: resume ?? output ?? "")
        options.loading = data.loading(batches: perEpoch)
        options.record = record
        options.sharesOptimizer = distribution.zero
        running.apply(to: &options)
        let signals = Self.stopping(options.stop)
        let progress = TrainingProgress(totalSteps: configuration.totalSteps)
        let threads = options.loading.threads
        let heldOut = heldOutPairs.map { PairEvaluation($0, threads: threads) { progress.skipped($0) } }
        let run = try TrainingRun(
            clip, configuration: configuration, training: training, heldOut: heldOut, options: options,
            teacher: loss.teacher(shared, on: device), communicator: communicator,
            onSkip: { progress.skipped($0) })
        let isFirst = communicator.isFirst
        if isFirst {
            Console.note(
                "\(description.name): \(description.configuration.parameterCount) parameters, "
                    + "\(configuration.totalSteps) steps of \(configuration.batchSize) pairs")
        }
        let outcome = try withExtendedLifetime(signals) {
            try run.run(resuming: resume != nil) { if isFirst { progress.show($0) } }
        }
        guard isFirst else { return }
        switch outcome {
        case .finished: try progress.finish(model: run.finalModelPath, json: shared.json)
        case .stopped(let step): try progress.stopped(run: options.output, step: step, json: shared.json)
        }
    }

    /// Signals that end the run in good order.
    private static func stopping(_ request: StopRequest) -> StopSignals {
        StopSignals(request) { name, isFirst in
            guard isFirst else { return }
            Console.endStatus()
            Console.note(
                "clip: \(name): stopping after the step in hand, with a checkpoint"
                    + (name == "SIGINT" ? "; press Ctrl-C again to stop at once, without one" : ""))
        }
    }

    private func overfitOneBatch() throws {
        guard let trainData else { throw ValidationError("Say what to train on: --train-data SOURCE.") }
        let description = try described()
        let training = try data.trainingSource(trainData)
        var configuration = self.configuration(batchesPerEpoch: nil, model: description.configuration)
        configuration.totalSteps = length.steps ?? OverfitCheck.defaultSteps
        configuration.augmentation = TrainingAugmentation()
        try Engine.seed(optimization.seed)
        let check = OverfitCheck(
            try startingModel(description), configuration: configuration, training: training,
            loaderThreads: data.workers)
        let progress = TrainingProgress(totalSteps: configuration.totalSteps)
        let stop = StopRequest()
        let signals = Self.stopping(stop)
        let verdict = try withExtendedLifetime(signals) {
            try check.run(stop: stop) { progress.show(.step($0, epoch: 0, pairsPerSecond: 0, secondsLeft: 0)) }
        }
        Console.endStatus()
        try verdict.check()
        if shared.json {
            try Console.printJSON(OverfitDocument(verdict))
        } else {
            try Console.answer("\(verdict)")
        }
    }

    /// The document `clip train --overfit-one-batch --json` prints.
    private struct OverfitDocument: Encodable {
        let learned: Bool
        let firstLoss: Double
        let lastLoss: Double
        let threshold: Double
        let steps: Int

        init(_ verdict: OverfitCheck.Verdict) {
            learned = verdict.isLearned
            (firstLoss, lastLoss) = (verdict.firstLoss, verdict.lastLoss)
            (threshold, steps) = (verdict.threshold, verdict.steps)
        }
    }

    /// The model, with the ends that were asked for.
    private func described() throws -> ModelDescription {
        let description = try shared.describe()
        let startsAfresh = shared.weights == nil && description.weightsPath == nil
        return try techniques.shape(description, startsAfresh: startsAfresh)
    }

    /// `--dry-run`: nothing is written, and data are only counted.
    private func printCost() throws {
        let description = try described()
        var perEpoch: Int?
        if length.steps == nil || data.trainNumSamples != nil {
            guard let trainData else { throw ValidationError("Say what to train on: --train-data SOURCE.") }
            perEpoch = try batchesPerEpoch(of: data.trainingSource(trainData))
        }
        let report = try dry.report(
            description, configuration(batchesPerEpoch: perEpoch, model: description.configuration),
            stepsPerEpoch: perEpoch, device: shared.device.device)
        if shared.json {
            try Console.printJSON(report)
        } else {
            try Console.answer(report.lines.joined(separator: "\n"))
        }
    }

    /// Weights that are named, or that a model directory brings, are trained further; a name or a JSON starts afresh.
    private func startingModel(_ description: ModelDescription, on device: Device? = nil) throws -> CLIPModel {
        let device = device ?? shared.device.device
        return shared.weights != nil || description.weightsPath != nil
            ? try description.loaded(weights: shared.weights, device: device)
            : try description.untrained(device: device)
    }

    private func batchesPerEpoch(of training: PairSource) throws -> Int {
        let pairs = try data.trainNumSamples ?? training.countPairs()
        guard pairs >= length.batchSize else {
            throw TrainingError.invalidOption(
                name: "--batch-size", problem: "\(length.batchSize) is more than the \(pairs) pairs there are")
        }
        return pairs / length.batchSize
    }

    private func configuration(batchesPerEpoch: Int?, model: ModelConfiguration) -> TrainingConfiguration {
        let totalSteps = length.steps ?? (batchesPerEpoch ?? 1) * (length.epochs ?? 32)
        var configuration = TrainingConfiguration(
            batchSize: length.batchSize, microBatchSize: length.microBatchSize, totalSteps: totalSteps)
        configuration.precision = shared.precision
        optimization.apply(to: &configuration)
        data.apply(to: &configuration)
        techniques.apply(to: &configuration)
        loss.apply(to: &configuration, model: model)
        return configuration
    }
}
