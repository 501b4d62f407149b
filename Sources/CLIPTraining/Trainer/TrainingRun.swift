import CLIP
import CLIPData
import CLIPText
import Foundation
import Torch

/// A training run from first step to final model: data, steps, log, checkpoints and held-out evaluation.
public final class TrainingRun {
    let clip: CLIPModel
    /// Read at the beginning: where they lie may be gone at the end.
    let tokenizerFiles: [String: Data]
    let trainer: Trainer
    private let training: PairSource
    private let heldOut: (any HeldOutEvaluator)?
    private let observer: (any ModelObserver)?
    var options: Options
    let store: CheckpointStore
    private let onSkip: @Sendable (SkippedSample) -> Void
    private let onRead: @Sendable (_ caption: String, _ tokens: TokenizedText) -> Void
    private let expectation: TrainingWatch.Expectation
    var state: RunState
    /// Where the data stand. Made only when it is wanted: it lists the pairs that are held back to be mixed.
    var makeCursor: () -> DataCursor
    /// The step of the newest checkpoint, which all processes have to know without looking at the disk.
    var savedStep: Int?
    let group: RunGroup
    var lastSave = ProcessInfo.processInfo.systemUptime

    /// - Parameters:
    ///   - clip: the model to train, with its tokenizer and preprocessing.
    ///   - configuration: how it learns.
    ///   - training: the pairs to train on.
    ///   - heldOut: measures the model after each epoch; nil for a run that is not measured.
    ///   - options: where it is written, how it is saved and measured.
    ///   - teacher: learned from besides the captions, where the loss has a weight for it.
    ///   - anchors: a classifier's classes, learned besides; in one process only.
    ///   - communicator: the processes that train together. Each calls the same methods; rank 0 alone writes and
    ///     evaluates.
    ///   - onSkip: told of every pair that is left out.
    ///   - onRead: told of every caption and its tokens, from any thread: for whoever wants to know how many are cut.
    public init(
        _ clip: CLIPModel, configuration: TrainingConfiguration, training: PairSource,
        heldOut: (any HeldOutEvaluator)?, observer: (any ModelObserver)? = nil, options: Options,
        teacher: CLIPModel? = nil, anchors: ClassAnchors? = nil,
        communicator: any Communicator = SingleProcess(),
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in },
        onRead: @escaping @Sendable (_ caption: String, _ tokens: TokenizedText) -> Void = { _, _ in }
    ) throws {
        if options.keepsBest != nil, heldOut == nil {
            throw TrainingError.invalidOption(
                name: "keep best", problem: "the best model is told by held-out pairs, and none are given")
        }
        self.clip = clip
        self.observer = observer
        tokenizerFiles = try clip.tokenizerFiles()
        try clip.model.ownMemory()
        trainer = try Trainer(
            model: clip.model, configuration: configuration, communicator: communicator,
            sharesOptimizer: options.sharesOptimizer,
            teacher: teacher.map { try Teacher($0, student: clip.preprocessor.configuration) },
            anchors: anchors.map { try AnchorLoss($0, for: clip) })
        group = RunGroup(communicator: communicator)
        self.training = training
        self.heldOut = heldOut
        self.options = options
        self.onSkip = onSkip
        self.onRead = onRead
        store = CheckpointStore(run: options.output, keepCount: options.keptCheckpoints)
        expectation = TrainingWatch.Expectation(configuration)
        state = RunState(configuration: configuration, place: ComputePlace(device: clip.model.device))
        makeCursor = { DataCursor(epoch: 0) }
    }

    /// `RUN/final`, a model directory, which is there once ``run(resuming:onEvent:)`` has finished.
    public var finalModelPath: String { options.output + "/final" }
    var logPath: String { options.output + "/metrics.jsonl" }

    /// Trains to the last step and writes the final model.
    /// - Parameters:
    ///   - resuming: whether to go on from the newest checkpoint; otherwise a directory that holds a run already is
    ///     refused.
    ///   - onEvent: told of what happens along the way.
    public func run(resuming: Bool, onEvent: (Event) -> Void = { _ in }) throws -> Outcome {
        try begin(resuming: resuming, onEvent)
        let configuration = trainer.configuration
        let log = group.isFirst ? try openLog() : nil
        let loop = EpochLoop(
            totalSteps: configuration.totalSteps, batchSize: configuration.batchSize, stepsDone: state.position.step,
            stop: options.stop)
        let isDone = try loop.run(
            position: { state.position }, open: openEpoch, agree: { try group.agree($0).turn },
            take: { try take($0, log: log, pace: loop.pace, onEvent: onEvent) },
            endEpoch: { try endEpoch(log: log, onEvent) })
        guard isDone else { return try stop(onEvent) }
        try group.communicator.onFirst("writes the final model") {
            try writing(logPath) { try log?.close() }
            try writing(finalModelPath) { try writeModel(to: finalModelPath) }
        }
        return .finished
    }

    /// - Returns: false where an end was asked for before the epoch's end was done.
    private func endEpoch(log: RunLog?, _ onEvent: (Event) -> Void) throws -> Bool {
        let end = state.position
        let cursor = makeCursor
        state.position.epoch += 1
        state.position.pair = 0
        let next = DataCursor(epoch: state.position.epoch)
        makeCursor = { next }
        do {
            try evaluate(log: log, onEvent)
        } catch is RunStopped {
            // The epoch's end is not done without its evaluation.
            state.position = end
            makeCursor = cursor
            return false
        }
        try checkpoint(onEvent)
        return true
    }

    private func evaluate(log: RunLog?, _ onEvent: (Event) -> Void) throws {
        let isLast = state.position.step >= trainer.configuration.totalSteps
        func isDue(_ interval: Int) -> Bool { isLast || state.position.epoch % interval == 0 }
        let evaluator = isDue(options.evaluationInterval) ? heldOut : nil
        let observer = isDue(options.observationInterval) ? self.observer : nil
        guard evaluator != nil || observer != nil else { return }
        var isStopped = false
        try group.communicator.onFirst("evaluates") {
            do {
                if let evaluator { try evaluate(with: evaluator, log: log, onEvent) }
                let stop = options.stop
                try observer.map { observer in
                    try withAverage {
                        try observer.observe(clip, epoch: state.position.epoch) { stop.isRequested }
                    }
                }
            } catch is CancellationError { isStopped = true }
        }
        if try group.agree(isStopped ? .stop : .step).turn == .stop { throw RunStopped() }
    }

    private func evaluate(with heldOut: any HeldOutEvaluator, log: RunLog?, _ onEvent: (Event) -> Void) throws {
        let position = state.position
        let evaluation = try withAverage { try heldOut.evaluate(clip) { options.stop.isRequested } }
        try writing(logPath) {
            try log?.write(evaluation: EvaluationRecord(evaluation, step: position.step, epoch: position.epoch))
        }
        onEvent(.evaluation(evaluation, epoch: position.epoch))
        guard let measure = options.keepsBest else { return }
        let record = BestRecord(measure: measure, value: try measure.value(of: evaluation), step: position.step)
        if let best = state.best, best.measure == measure, best.value >= record.value { return }
        try writing(options.output + "/best") {
            try BestModel(run: options.output).replace(at: position.step) { try writeModel(to: $0) }
        }
        state.best = record
        onEvent(.best(record))
    }

    /// The pairs of the epoch that the run stands in, from there on.
    private func openEpoch() throws -> EpochLoop.Batches {
        state.cursor = makeCursor()
        let configuration = trainer.configuration
        let decoder = try PairDecoder(
            tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: configuration.augmentation,
            captionSampling: configuration.captionSampling, languages: configuration.languages,
            device: clip.model.device,
            microBatchSize: configuration.microBatchSize, onRead: onRead)
        return try options.loading.batches(
            of: training, at: state.cursor, batchSize: configuration.batchSize, seed: configuration.seed,
            rank: group.communicator.rank, worldSize: group.communicator.worldSize, decoder: decoder, onSkip: onSkip)
    }

    private func take(
        _ batch: EpochLoop.Batch, log: RunLog?, pace: Pace, onEvent: (Event) -> Void
    ) throws {
        try take(batch.content, log: log, pace: pace, onEvent: onEvent)
        state.position.pair = (batch.positions.last ?? 0) + 1
        makeCursor = { batch.cursor }
        if try isCheckpointDue {
            try checkpoint(onEvent)
            pace.begin()
        }
    }

    /// One step, and what is said about it.
    private func take(
        _ batch: TrainingBatch, log: RunLog?, pace: Pace, onEvent: (Event) -> Void
    ) throws {
        let random = try RandomState(clip.model.device)
        let report: StepReport
        do {
            report = try trainer.train(on: batch)
        } catch TrainingError.notFinite(let step, let what, _) {
            try random.restore()
            throw try diagnosis(step: step, what: what, of: batch)
        }
        state.position.step += 1
        let epoch = state.position.epoch
        pace.stepDone(pairs: trainer.configuration.batchSize)
        try writing(logPath) {
            try log?.write(
                step: StepRecord(
                    report, epoch: epoch, pairsPerSecond: pace.pairsPerSecond, dataWait: pace.waitShare,
                    samplesSeen: state.position.step * trainer.configuration.batchSize))
        }
        onEvent(.step(report, epoch: epoch, pairsPerSecond: pace.pairsPerSecond, secondsLeft: pace.secondsLeft))
        let signs = StepSigns(
            step: report.step, loss: report.value.contrastive, logitScale: report.logitScale,
            pictureCosine: report.pictureCosine, textCosine: report.textCosine)
        for warning in state.watch.observe(signs, expecting: expectation) {
            try writing(logPath) {
                try log?.write(
                    warning: RunWarning(
                        step: warning.step, epoch: epoch, kind: warning.kind.rawValue, message: warning.message))
            }
            onEvent(.warning(warning))
        }
    }

    private func diagnosis(step: Int, what: String, of batch: TrainingBatch) throws -> TrainingError {
        let report = try NonFiniteReport(step: step, what: what, batch: batch, trainer: trainer)
        // What was found out is said even where it cannot be written.
        let details = group.isFirst ? try? report.write(run: options.output) : nil
        return report.error(details: details, lastGood: store.names.last.map { store.directory + "/" + $0 })
    }
}
