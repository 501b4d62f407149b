import CLIP
import CLIPData
import Foundation
import Torch

/// A training run from first step to final model: data, steps, log, checkpoints and held-out evaluation.
public final class TrainingRun {
    /// What happens along the way, for whoever shows progress.
    public enum Event {
        case step(StepReport, epoch: Int, pairsPerSecond: Double, secondsLeft: Double)
        case evaluation(HeldOutEvaluation, epoch: Int)
        case checkpoint(step: Int)
    }

    public struct Options: Sendable {
        /// The run directory: `metrics.jsonl`, `report.html`, `tensorboard/`, `checkpoints/` and `final/` go there.
        public var output: String
        /// Steps between checkpoints; one is written at each epoch's end besides.
        public var checkpointInterval = 500
        /// Epochs between held-out evaluations.
        public var evaluationInterval = 1
        public var loaderThreads = 2
        /// How pairs are read and shared.
        public var loading = LoadingPlan()
        /// How the final model's parameters are stored; nil for 32 bits.
        public var storedType: DType?

        public init(output: String) { self.output = output }
    }

    private let clip: PretrainedModel
    private let trainer: Trainer
    private let training: PairSource
    private let heldOut: PairSource?
    private let options: Options
    private let store: CheckpointStore
    private let onSkip: @Sendable (SkippedSample) -> Void

    /// - Parameters:
    ///   - clip: the model to train, with its tokenizer and preprocessing.
    ///   - heldOut: pairs to evaluate on after each epoch.
    ///   - onSkip: told of every pair that is left out.
    public init(
        _ clip: PretrainedModel, configuration: TrainingConfiguration, training: PairSource, heldOut: PairSource?,
        options: Options, onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) throws {
        self.clip = clip
        trainer = try Trainer(model: clip.model, configuration: configuration)
        self.training = training
        self.heldOut = heldOut
        self.options = options
        store = CheckpointStore(run: options.output)
        self.onSkip = onSkip
    }

    public var finalModelPath: String { options.output + "/final" }

    /// Trains to the last step and writes the final model.
    /// - Parameter resuming: whether to go on from the newest checkpoint; otherwise a directory that holds a run
    ///   already is refused.
    public func run(resuming: Bool, onEvent: (Event) -> Void = { _ in }) throws {
        var position = TrainingPosition()
        if resuming {
            position = try store.restore(trainer)
        } else if !store.names.isEmpty || FileManager.default.fileExists(atPath: options.output + "/metrics.jsonl") {
            throw TrainingError.runExists(path: options.output)
        }
        do {
            try FileManager.default.createDirectory(atPath: options.output, withIntermediateDirectories: true)
        } catch {
            throw CLIPError.writing(path: options.output, reason: error.localizedDescription)
        }
        store.removeLeftovers()
        AtomicDirectory.removeLeftovers(of: finalModelPath)
        // A run that is killed before its first interval is over can go on from here too.
        if !resuming { try checkpoint(position, onEvent) }
        let log = try RunLog(directory: options.output, keepingBefore: position)
        // Going on with a run that is done changes nothing.
        if position.step < trainer.configuration.totalSteps || position.pair > 0 {
            try log.write(start: RunStart(position, configuration: trainer.configuration, more: ["model": clip.name]))
        }
        let pace = Pace(stepsLeft: trainer.configuration.totalSteps - position.step)
        // A checkpoint of the last step may be older than the evaluation at its epoch's end, which is then made up for.
        while position.step < trainer.configuration.totalSteps || position.pair > 0 {
            let stepsBefore = position.step
            let startedMidEpoch = position.pair > 0
            try trainEpoch(&position, log: log, pace: pace, onEvent: onEvent)
            if position.step == stepsBefore, !startedMidEpoch {
                throw TrainingError.invalidOption(
                    name: "batch size",
                    problem: "an epoch has fewer usable pairs than one batch of \(trainer.configuration.batchSize)")
            }
            let isLast = position.step >= trainer.configuration.totalSteps
            if let heldOut, isLast || position.epoch % options.evaluationInterval == 0 {
                let evaluation = try HeldOutEvaluation(
                    clip, on: heldOut, threads: options.loaderThreads, onSkip: onSkip)
                try log.write(
                    evaluation: EvaluationRecord(evaluation, step: position.step, epoch: position.epoch))
                onEvent(.evaluation(evaluation, epoch: position.epoch))
            }
            try checkpoint(position, onEvent)
        }
        try log.close()
        try ModelDirectory(finalModelPath).write(
            clip.model, preprocess: clip.preprocessor.configuration, dtype: options.storedType)
    }

    /// The rest of one epoch, or of the run. A last batch that is not full is left out, so that every step contrasts
    /// equally many pairs.
    private func trainEpoch(
        _ position: inout TrainingPosition, log: RunLog, pace: Pace, onEvent: (Event) -> Void
    ) throws {
        let configuration = trainer.configuration
        let decoder = PairDecoder(
            tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: configuration.augmentation,
            captionSampling: configuration.captionSampling)
        let loader = try PairLoader(
            source: training, order: options.loading.order(seed: configuration.seed), epoch: position.epoch,
            startPosition: position.pair,
            options: PairLoaderOptions(
                batchSize: configuration.batchSize, dropsLast: true, threads: options.loaderThreads),
            onSkip: onSkip
        ) { sample, seed in try decoder.decode(sample, seed: seed) }
        defer { loader.cancel() }
        pace.begin()
        while position.step < configuration.totalSteps, let batch = try pace.waiting({ try loader.next() }) {
            let report = try trainer.train(on: decoder.batch(batch.items))
            position.step += 1
            position.pair = batch.nextPosition
            pace.stepDone(pairs: configuration.batchSize)
            try log.write(
                step: StepRecord(
                    report, epoch: position.epoch, pairsPerSecond: pace.pairsPerSecond, dataWait: pace.waitShare,
                    samplesSeen: position.step * configuration.batchSize))
            onEvent(
                .step(
                    report, epoch: position.epoch, pairsPerSecond: pace.pairsPerSecond,
                    secondsLeft: pace.secondsLeft))
            if position.step % options.checkpointInterval == 0 {
                try checkpoint(position, onEvent)
                pace.begin()
            }
        }
        position.epoch += 1
        position.pair = 0
    }

    /// Where an interval ends with its epoch, the checkpoint before the epoch's evaluation serves: replacing a whole
    /// checkpoint would leave a moment without either.
    private func checkpoint(_ position: TrainingPosition, _ onEvent: (Event) -> Void) throws {
        guard !store.holds(step: position.step) else { return }
        try store.save(trainer, at: position)
        onEvent(.checkpoint(step: position.step))
    }
}

/// How fast a run goes, over its last steps.
private final class Pace {
    private var stepsLeft: Int
    private var last: Double
    private var secondsPerStep: Double?
    private(set) var pairsPerSecond = 0.0
    private var secondsWaited = 0.0
    /// The share of the last step's time in which it waited for its pairs.
    private(set) var waitShare = 0.0

    init(stepsLeft: Int) {
        self.stepsLeft = stepsLeft
        last = ProcessInfo.processInfo.systemUptime
    }

    /// What was done since the last step, such as an evaluation, is not the next one's.
    func begin() {
        last = ProcessInfo.processInfo.systemUptime
        secondsWaited = 0
    }

    func stepDone(pairs: Int) {
        let now = ProcessInfo.processInfo.systemUptime
        let seconds = max(1e-9, now - last)
        last = now
        waitShare = min(1, secondsWaited / seconds)
        secondsWaited = 0
        secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
        pairsPerSecond = Double(pairs) / seconds
        stepsLeft -= 1
    }

    /// Counts the time `body` takes as waiting.
    func waiting<R>(_ body: () throws -> R) rethrows -> R {
        let start = ProcessInfo.processInfo.systemUptime
        defer { secondsWaited += ProcessInfo.processInfo.systemUptime - start }
        return try body()
    }

    var secondsLeft: Double { Double(max(0, stepsLeft)) * (secondsPerStep ?? 0) }
}
