import CLIP
import CLIPTraining
import Torch
import TorchNN

/// What predicts captions from pictures: an image tower with something behind it, and the loss of what it says.
package protocol CaptionPrediction: AnyObject {
    var model: DualEncoder { get }
    /// Everything that learns, by name: the image tower and what stands behind it.
    var learned: [(name: String, parameter: Parameter)] { get }
    /// - Parameters:
    ///   - pictures: preprocessed, `[B, 3, S, S]`.
    ///   - captions: texts, row for row.
    ///   - tokens: the same captions' token ids.
    /// - Returns: a scalar to be differentiated.
    func loss(pictures: Tensor, captions: [String], tokens: [[Int32]]) throws -> Tensor
    /// Scores of texts, see ``ZeroShotScorer``; called without gradients.
    /// - Returns: for pictures `[B, 3, S, S]`, `[B, texts]`.
    func scorer(for texts: [String]) throws -> (_ pictures: Tensor) throws -> Tensor
}

/// Teaches a ``CaptionPrediction`` with the optimizer, schedule and clipping that ``Trainer`` has.
package final class PredictiveObjective: LearningObjective {
    private let prediction: any CaptionPrediction
    private let configuration: TrainingConfiguration
    private let optimizer: AdamW
    private let norms: [any TrainingSensitive]
    private var step = 0

    package init(_ prediction: any CaptionPrediction, configuration: TrainingConfiguration) throws {
        try configuration.validate()
        self.prediction = prediction
        self.configuration = configuration
        norms = try prediction.model.visual.modules()
        let learned = prediction.learned
        optimizer = try AdamW(
            [
                .init(learned.filter { $0.parameter.shape.count >= 2 }, weightDecay: configuration.weightDecay),
                .init(learned.filter { $0.parameter.shape.count < 2 }, weightDecay: 0),
            ],
            beta1: configuration.beta1, beta2: configuration.beta2, epsilon: configuration.epsilon)
    }

    package var parameterCount: Int { prediction.learned.reduce(0) { $0 + $1.parameter.tensor.count } }

    package func train(on batch: TrainingBatch) throws -> Double {
        try optimizer.clearGradients()
        defer { norms.setTraining(false) }
        norms.setTraining(true)
        let loss = try Engine.autocast(configuration.precision.autocastType, on: prediction.model.device) {
            try prediction.loss(pictures: batch.pictures, captions: batch.texts, tokens: batch.captions)
        }
        let value = try loss.item()
        guard value.isFinite else {
            throw TrainingError.notFinite(step: step, what: "loss", samples: batch.locations)
        }
        try loss.backward()
        let clipping = try GradientClipping(optimizer.gradients(), bound: configuration.gradientNorm)
        guard clipping.norm.isFinite else {
            throw TrainingError.notFinite(step: step, what: "gradient", samples: batch.locations)
        }
        try optimizer.step(
            learningRate: configuration.schedule.rate(at: step), gradientFactor: clipping.factor)
        step += 1
        return value
    }

    package func scorer(for texts: [String]) throws -> ZeroShotScorer {
        let (precision, device) = (configuration.precision.autocastType, prediction.model.device)
        func plain(_ body: () throws -> Tensor) throws -> Tensor {
            try Engine.inference {
                try Engine.autocast(precision, on: device, body).converted(to: .float32).moved(to: .cpu)
            }
        }
        let scores = try Engine.inference { try prediction.scorer(for: texts) }
        return { pictures in try plain { try scores(pictures) } }
    }
}
