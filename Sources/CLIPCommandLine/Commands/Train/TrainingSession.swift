import ArgumentParser
import CLIP
import CLIPData
import CLIPEvaluation
import CLIPTraining
import Foundation
import Torch

/// A training run by its settings, from the model to the last message.
struct TrainingSession {
    var settings: TrainingSettings
    /// The run directory; empty where nothing is written.
    var run: String
    let json: Bool
    var isResumed = false
    /// What a run that goes on left of itself.
    var earlier: RunRecord?
    /// See `TrainingRun.Options`.
    var allowedChanges: Set<String> = []
    var allowsOtherData = false

    /// Goes where the run began, where the paths that it was given are found.
    mutating func enter(_ directory: String) throws {
        let here = FileManager.default.currentDirectoryPath
        guard directory != here else { return }
        run = URL(fileURLWithPath: run).path
        guard FileManager.default.changeCurrentDirectoryPath(directory) else {
            throw TrainingError.checkpointMismatch(
                path: run,
                problem: "it began in \(directory), which is not there any more. Name --train-data, "
                    + "--val-data and --model as they are found from here, with --allow-change for each")
        }
        Console.note("clip: the run began in \(directory): its paths are taken from there")
    }

    /// Trains in this process alone, or in one of several that a launcher has started.
    func train() throws {
        let shared = LearningOptions(settings)
        guard let environment = try TrainingSettings.Distribution.environment() else {
            return try train(over: SingleProcess(), on: shared.device.device)
        }
        let distribution = settings.distribution
        try distribution.check(batchSize: settings.length.batchSize, environment)
        try shared.prepare()
        let device = distribution.prepare(
            environment, device: shared.device.device, threads: settings.compute.threads)
        let communicator = try distribution.join(environment, device: device)
        do {
            try train(over: communicator, on: device)
            // Whoever serves the store must not be the first to leave.
            try communicator.barrier()
        } catch {
            communicator.report(error)
            throw error
        }
    }

    private func train(over communicator: any Communicator, on device: Device) throws {
        let description = try described()
        let training = try openTraining()
        let heldOutPairs = try settings.sources.heldOut.map { try settings.sources.open($0) }
        // Counting may take a while: only where something depends on it.
        let perEpoch =
            settings.length.steps == nil || settings.data.hasEndlessEpochs ? try batchesPerEpoch(of: training) : nil
        let configuration = configuration(batchesPerEpoch: perEpoch, model: description)
        try Engine.seed(configuration.seed)
        // Every batch has the same shape.
        if device.kind == .cuda { try CUDA.setConvolutionBenchmark(true) }
        let clip = try startingModel(description, on: device)
        let options = options(batchesPerEpoch: perEpoch)
        let signals = Self.stopping(options.stop)
        let progress = TrainingProgress(totalSteps: configuration.totalSteps)
        let threads = options.loading.threads
        let contextLength = try clip.tokenizer.contextLength
        let heldOut = heldOutPairs.map { pairs in
            PairEvaluation(pairs, threads: threads, onSkip: { progress.skipped($0) })
        }
        // A suite that cannot be read is to be told before anything is learned.
        let observer = try settings.sources.suite.map { suite in
            try SuiteObserver(suite: suite, run: options.output, skips: progress)
        }
        let run = try TrainingRun(
            clip, configuration: configuration, training: training, heldOut: heldOut, observer: observer,
            options: options,
            teacher: teacher(on: device), anchors: settings.loss.anchors.map { try ClassAnchors(path: $0) },
            communicator: communicator, onSkip: { progress.skipped($0) },
            onRead: { progress.read($0, $1, contextLength: contextLength) })
        let isFirst = communicator.isFirst
        if isFirst {
            Console.note(
                "\(description.name): \(description.configuration.parameterCount) parameters, "
                    + "\(configuration.totalSteps) steps of \(configuration.batchSize) pairs")
        }
        let outcome = try withExtendedLifetime(signals) {
            try run.run(resuming: isResumed) { if isFirst { progress.show($0) } }
        }
        guard isFirst else { return }
        switch outcome {
        case .finished: try progress.finish(model: run.finalModelPath, json: json)
        case .stopped(let step): try progress.stopped(run: options.output, step: step, json: json)
        }
    }

    private func options(batchesPerEpoch: Int?) -> TrainingRun.Options {
        var options = TrainingRun.Options(output: run)
        settings.apply(to: &options, batchesPerEpoch: batchesPerEpoch)
        options.allowedChanges = allowedChanges
        options.allowsOtherData = allowsOtherData
        if allowsOtherData { options.allowedChanges.insert("totalSteps") }
        let (directory, version) = (FileManager.default.currentDirectoryPath, ClipCommand.configuration.version)
        var record = earlier ?? RunRecord(settings: settings, workingDirectory: directory, version: version)
        (record.settings, record.workingDirectory, record.version) = (settings, directory, version)
        options.record = record
        return options
    }

    /// Signals that end the run in good order.
    static func stopping(_ request: StopRequest) -> StopSignals {
        StopSignals(request) { name, isFirst in
            guard isFirst else { return }
            Console.endStatus()
            Console.note(
                "clip: \(name): stopping after the step in hand, with a checkpoint"
                    + (name == "SIGINT" ? "; press Ctrl-C again to stop at once, without one" : ""))
        }
    }
}

// What a run is made of.
extension TrainingSession {
    func openTraining() throws -> PairSource {
        guard let training = settings.sources.training else {
            throw ValidationError("Say what to train on: --train-data SOURCE.")
        }
        let source = try settings.sources.open(training, weights: settings.sources.weights())
        source.tellOfFolders(training)
        return source
    }

    /// The model, with the ends that were asked for.
    func described() throws -> ModelDescription {
        let description = try LearningOptions(settings).describe()
        guard settings.model.projection == .mlp else { return description }
        guard settings.model.weights == nil, description.weightsPath == nil else {
            throw ValidationError("--projection mlp is for models that start afresh; weights bring their own.")
        }
        return try description.with(hiddenProjections: true)
    }

    /// Weights that are named, or that a model directory brings, are trained further; a name or a JSON starts afresh.
    func startingModel(_ description: ModelDescription, on device: Device) throws -> CLIPModel {
        let weights = settings.model.weights
        return weights != nil || description.weightsPath != nil
            ? try description.loaded(weights: weights, device: device)
            : try description.untrained(device: device)
    }

    /// The model to learn from, where one is named.
    private func teacher(on device: Device) throws -> CLIPModel? {
        try settings.loss.teacher.map {
            try ModelCatalog.description(of: $0).loaded(
                weights: settings.loss.teacherWeights, device: device, precision: settings.compute.precision.dtype)
        }
    }

    func batchesPerEpoch(of training: PairSource) throws -> Int {
        let batchSize = settings.length.batchSize
        let pairs = try settings.sources.pairCount ?? training.countPairs()
        guard pairs >= batchSize else {
            throw TrainingError.invalidOption(
                name: "--batch-size", problem: "\(batchSize) is more than the \(pairs) pairs there are")
        }
        return pairs / batchSize
    }

    func configuration(batchesPerEpoch: Int?, model: ModelDescription) -> TrainingConfiguration {
        settings.configuration(
            batchesPerEpoch: batchesPerEpoch, hasLogitBias: model.configuration.initialLogitBias != nil)
    }
}
