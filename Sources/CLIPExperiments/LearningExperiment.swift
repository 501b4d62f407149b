import CLIP
import CLIPData
import CLIPTraining
import Foundation
import Torch

/// Trains one image tower in several ways on the same pictures and follows zero-shot accuracy (arXiv 2103.00020, figure
/// 2): the same first weights, order, views, captions, batches, optimizer and schedule for all.
package final class LearningExperiment {
    /// What is the same for all arms.
    package struct Options: Sendable {
        /// The directory of curves.
        package var output: String
        package var seeds: [UInt64] = [0]
        /// Pictures processed in all, rounded down to whole steps of each arm.
        package var pictureCount: Int
        /// Pictures before the first evaluation; later ones follow at √2 times the one before.
        package var firstEvaluation = 1_000
        package var template = PromptTemplate.plain
        package var loaderThreads = 2

        package init(output: String, pictureCount: Int) {
            self.output = output
            self.pictureCount = pictureCount
        }
    }

    /// What happens along the way.
    package enum Event {
        /// A curve that was finished before.
        case kept(LearningCurve)
        case started(ExperimentArm, seed: UInt64, parameters: Int)
        case step(ExperimentArm, seed: UInt64, pictures: Int, of: Int, loss: Double, picturesPerSecond: Double)
        case evaluated(ExperimentArm, seed: UInt64, LearningCurve.Point)
    }

    private let options: Options
    private let configuration: TrainingConfiguration
    private let training: PairSource
    private let heldOut: PairSource
    private let modelName: String
    private let makeModel: (ExperimentArm) throws -> CLIPModel
    private let onSkip: @Sendable (SkippedSample) -> Void
    private var task: ZeroShotTask?
    private var texts: TrainingTexts?

    /// - Parameters:
    ///   - configuration: batch size, optimizer, views and captions of every arm; its steps and seed are replaced, and
    ///     its warm-up is stretched for arms with other batches.
    ///   - modelName: tells experiments with different models apart.
    ///   - makeModel: an arm's model with random weights, drawn from libtorch's generator.
    ///   - onSkip: told of every pair that is left out.
    package init(
        configuration: TrainingConfiguration, options: Options, training: PairSource, heldOut: PairSource,
        modelName: String, onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in },
        makeModel: @escaping (ExperimentArm) throws -> CLIPModel
    ) {
        self.configuration = configuration
        self.options = options
        self.training = training
        self.heldOut = heldOut
        self.modelName = modelName
        self.onSkip = onSkip
        self.makeModel = makeModel
    }

    /// Trains what has no finished curve yet. A run that is killed goes on with the curve it was at.
    /// - Parameter resuming: whether curves in the directory are kept; otherwise a directory that holds some is refused.
    /// - Returns: every arm's curves, arm by arm.
    package func run(
        _ arms: [ExperimentArm], resuming: Bool, onEvent: (Event) -> Void = { _ in }
    ) throws -> [LearningCurve] {
        let store = CurveStore(directory: options.output)
        if !resuming, store.holdsCurves { throw TrainingError.runExists(path: options.output) }
        if resuming, !store.exists { throw TrainingError.nothingToResume(path: options.output) }
        // Settings that do not fit are told before hours of work, not between.
        let jobs = try arms.flatMap { arm in try options.seeds.map { try settings(arm, seed: $0) } }
        let known = try jobs.map { try store.curve($0) }
        try store.prepare()
        return try zip(jobs, known).map { settings, curve in
            if let curve {
                onEvent(.kept(curve))
                return curve
            }
            let curve = try self.curve(settings, onEvent: onEvent)
            try store.save(curve)
            return curve
        }
    }

    func settings(_ arm: ExperimentArm, seed: UInt64) throws -> LearningCurve.Settings {
        var own = configuration
        own.seed = seed
        own.batchSize = arm.batchSize ?? configuration.batchSize
        own.microBatchSize = arm.batchSize == nil ? configuration.microBatchSize : own.batchSize
        own.loss.fixesTemperature = arm.fixesTemperature
        own.totalSteps = options.pictureCount / max(1, own.batchSize)
        let warmup = Double(configuration.warmupSteps) * Double(configuration.batchSize) / Double(max(1, own.batchSize))
        own.warmupSteps = Int(exactly: warmup.rounded()) ?? 0
        try own.validate()
        return LearningCurve.Settings(
            arm: arm, configuration: own, model: modelName, trainingData: training.specification,
            heldOutData: heldOut.specification, template: options.template.text,
            evaluations: LearningCurve.evaluations(
                first: options.firstEvaluation, batchSize: own.batchSize, totalSteps: own.totalSteps))
    }

    private func objective(_ arm: ExperimentArm, _ clip: CLIPModel, _ configuration: TrainingConfiguration) throws
        -> any LearningObjective
    {
        switch arm.objective {
        case .contrastive:
            return try ContrastiveObjective(clip, configuration: configuration)
        case .words:
            let vocabulary = try trainingTexts().words
            return try PredictiveObjective(
                WordPrediction(clip.model, vocabulary: vocabulary), configuration: configuration)
        case .captions:
            let vocabulary = try trainingTexts().tokens(clip.tokenizer)
            return try PredictiveObjective(
                CaptionLanguageModel(clip.model, tokenizer: clip.tokenizer, vocabulary: vocabulary),
                configuration: configuration)
        }
    }

    private func trainingTexts() throws -> TrainingTexts {
        if let texts { return texts }
        let read = try TrainingTexts(training, sampling: configuration.captionSampling)
        texts = read
        return read
    }

    private func zeroShotTask(_ clip: CLIPModel) throws -> ZeroShotTask {
        if let task { return task }
        let read = try ZeroShotTask(
            clip, source: heldOut, template: options.template, threads: options.loaderThreads, onSkip: onSkip)
        task = read
        return read
    }

    private func curve(_ settings: LearningCurve.Settings, onEvent: (Event) -> Void) throws -> LearningCurve {
        let (arm, configuration) = (settings.arm, settings.configuration)
        try Engine.seed(configuration.seed)
        // The image tower is drawn first: it begins alike in every arm.
        let clip = try makeModel(arm)
        let objective = try objective(arm, clip, configuration)
        let task = try zeroShotTask(clip)
        onEvent(.started(arm, seed: configuration.seed, parameters: objective.parameterCount))
        var points: [LearningCurve.Point] = []
        var losses: [Double] = []
        var seconds = 0.0
        try train(objective, clip, configuration) { step, loss, time in
            losses.append(loss)
            seconds += time
            let pictures = (step + 1) * configuration.batchSize
            let total = configuration.totalSteps * configuration.batchSize
            onEvent(
                .step(
                    arm, seed: configuration.seed, pictures: pictures, of: total, loss: loss,
                    picturesPerSecond: Double(configuration.batchSize) / max(1e-9, time)))
            guard settings.evaluations.contains(pictures) else { return }
            let accuracy = try task.accuracy(objective.scorer(for: task.texts))
            let mean = losses.reduce(0, +) / Double(losses.count)
            losses = []
            let point = LearningCurve.Point(
                pictures: pictures, loss: mean, accuracy: accuracy.categoryMean, pictureAccuracy: accuracy.pictureShare)
            points.append(point)
            onEvent(.evaluated(arm, seed: configuration.seed, point))
        }
        return LearningCurve(
            settings: settings, points: points, parameters: objective.parameterCount,
            heldOutPictures: task.pictureCount, categories: task.categories.count, trainingSeconds: seconds)
    }

    /// All steps, through as many epochs as they take; the last batch of an epoch is left out where it is not full.
    /// - Parameter afterStep: is given the step, counted from 0, its loss, and the seconds it took with loading.
    private func train(
        _ objective: any LearningObjective, _ clip: CLIPModel, _ configuration: TrainingConfiguration,
        afterStep: (Int, Double, Double) throws -> Void
    ) throws {
        let decoder = try PairDecoder(
            tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: configuration.augmentation,
            captionSampling: configuration.captionSampling, languages: configuration.languages)
        var loading = LoadingPlan()
        loading.threads = options.loaderThreads
        var position = TrainingPosition()
        let loop = EpochLoop(totalSteps: configuration.totalSteps, batchSize: configuration.batchSize)
        _ = try loop.run(
            position: { position },
            open: {
                try loading.batches(
                    of: training, at: DataCursor(epoch: position.epoch), batchSize: configuration.batchSize,
                    seed: configuration.seed, decoder: decoder, onSkip: onSkip)
            },
            take: { batch in
                let loss = try objective.train(on: batch.content)
                loop.pace.stepDone(pairs: configuration.batchSize)
                try afterStep(position.step, loss, loop.pace.stepSeconds)
                position.step += 1
                loop.pace.begin()
            },
            endEpoch: {
                position.epoch += 1
                return true
            })
    }
}
