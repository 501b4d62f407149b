import CLIP
import CLIPData
import Files
import Foundation
import Torch

/// Trains on one batch again and again, each picture always the same view: a model, a loss and gradients that work learn
/// any batch by heart. Where that fails, more data cannot help.
public final class OverfitCheck {
    /// How it went.
    public struct Verdict: Sendable, Equatable {
        /// The loss of the first step; NaN where the check was stopped before.
        public let firstLoss: Double
        /// The loss of the last step taken: the first below ``threshold``, where there is one.
        public let lastLoss: Double
        /// Steps taken, which end as soon as the batch is learned.
        public let steps: Int
        /// What the loss had to fall below.
        public let threshold: Double
        /// Captions of the batch that are not the only one of their kind.
        public let repeatedCaptions: Int
        /// Whether the loss fell below ``threshold``; never for NaN.
        public var isLearned: Bool { lastLoss < threshold }
    }

    /// How much of the way from guessing to the least that is possible may be left.
    static let allowedShare = 0.1
    /// Steps where none are asked for.
    public static let defaultSteps = 300

    private let clip: CLIPModel
    private let configuration: TrainingConfiguration
    private let source: PairSource
    private let loaderThreads: Int

    /// - Parameters:
    ///   - clip: the model, with its tokenizer and preprocessing.
    ///   - configuration: its steps are the most that are taken; its warm-up is cut to a few.
    ///   - source: where pairs come from.
    ///   - loaderThreads: threads that decode.
    public init(
        _ clip: CLIPModel, configuration: TrainingConfiguration, training source: PairSource,
        loaderThreads: Int = 2
    ) {
        self.clip = clip
        var settings = configuration
        settings.warmupSteps = min(10, configuration.warmupSteps)
        self.configuration = settings
        self.source = source
        self.loaderThreads = loaderThreads
    }

    /// - Parameters:
    ///   - stop: how an end is asked for.
    ///   - onStep: told of every step.
    public func run(stop: StopRequest = StopRequest(), onStep: (StepReport) -> Void = { _ in }) throws -> Verdict {
        let batch = try firstBatch()
        try clip.model.ownMemory()
        let trainer = try Trainer(model: clip.model, configuration: configuration)
        let counts = Dictionary(batch.captions.map { ($0, 1) }, uniquingKeysWith: +)
        // Among k equal captions nothing tells which is whose: the least loss of such a row is ln k.
        let floor =
            configuration.loss.duplicates == .excluded
            ? 0 : counts.values.reduce(0) { $0 + Double($1) * log(Double($1)) } / Double(batch.count)
        let chance = TrainingWatch.Expectation(configuration).chanceLoss
        let threshold = floor + Self.allowedShare * (chance - floor)
        var losses: [Double] = []
        while losses.count < configuration.totalSteps, losses.last.map({ $0 >= threshold }) ?? true, !stop.isRequested {
            let report = try trainer.train(on: batch)
            losses.append(report.loss)
            onStep(report)
        }
        return Verdict(
            firstLoss: losses.first ?? .nan, lastLoss: losses.last ?? .nan, steps: losses.count, threshold: threshold,
            repeatedCaptions: counts.values.filter { $0 > 1 }.reduce(0, +))
    }

    private func firstBatch() throws -> TrainingBatch {
        let decoder = try PairDecoder(tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: nil)
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: configuration.seed), epoch: 0,
            options: PairLoaderOptions(batchSize: configuration.batchSize, dropsLast: true, threads: loaderThreads)
        ) { sample, seed in try decoder.decode(sample, seed: seed) }
        defer { loader.cancel() }
        guard let batch = try loader.next() else {
            throw TrainingError.invalidOption(
                name: "batch size", problem: "there are fewer usable pairs than one batch of \(configuration.batchSize)"
            )
        }
        return try decoder.batch(batch.content)
    }
}

extension OverfitCheck.Verdict: CustomStringConvertible {
    /// - Throws: ``TrainingError/notLearned(from:to:threshold:steps:repeatedCaptions:)`` for a batch that was not learned.
    public func check() throws {
        guard isLearned else { throw failure }
    }

    private var failure: TrainingError {
        .notLearned(
            from: firstLoss, to: lastLoss, threshold: threshold, steps: steps, repeatedCaptions: repeatedCaptions)
    }

    public var description: String {
        guard isLearned else { return "\(failure)" }
        func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
        return "learned: the loss of one batch went from \(text(firstLoss)) to \(text(lastLoss)) in \(steps) steps "
            + "(below \(text(threshold))). Model, loss, gradients and this batch's data work; if training on everything "
            + "does not, look at its learning rate, warm-up, batch size and captions."
    }
}
