import CLIP
import Torch
import TorchNN

/// What one step did.
public struct StepReport: Sendable, Equatable {
    /// Counted from 0.
    public let step: Int
    public let loss: Double
    /// ln(1/τ) after the step.
    public let logitScale: Double
    public let learningRate: Double
    /// The gradient's norm before clipping.
    public let gradientNorm: Double
    /// The mean cosine between two of the batch's pictures, and between two of its captions.
    public let pictureCosine: Double
    public let textCosine: Double
}

/// Moves a model by contrastive steps (arXiv 2103.00020, section 2).
///
/// The loss's gradient is taken with respect to the embeddings of the whole batch and fed back to the towers chunk by
/// chunk (Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", arXiv 2101.06983), so
/// that a micro-batch costs the memory of its own activations, and the temperature's gradient is counted once.
///
/// Batch normalization, in ResNet towers, sees one micro-batch at a time: its statistics are the micro-batch's, so that
/// there, and only there, a step depends on the micro-batch's size. Both passes over a micro-batch compute the same
/// statistics; only the second moves the running ones, once per micro-batch.
public final class Trainer {
    public let model: DualEncoder
    public let configuration: TrainingConfiguration
    public let optimizer: AdamW
    private let loss: ContrastiveLoss
    private let norms: [BatchNorm2d]
    /// How far the last batch's embeddings lay apart.
    private var spread = (pictures: 0.0, texts: 0.0)
    /// Steps done so far.
    public internal(set) var step = 0

    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for settings that cannot be, or a model with parts that
    ///   the softmax loss over pairs does not reach.
    public init(model: DualEncoder, configuration: TrainingConfiguration) throws {
        try configuration.validate()
        try Self.check(model)
        self.model = model
        self.configuration = configuration
        loss = ContrastiveLoss(excludesDuplicateCaptions: configuration.excludesDuplicateCaptions)
        norms = model.modules()
        let named = model.namedParameters
        // Gains, biases, the class token and the temperature have fewer than two dimensions; only they are exempt.
        optimizer = try AdamW(
            [
                .init(named.filter { $0.parameter.shape.count >= 2 }, weightDecay: configuration.weightDecay),
                .init(named.filter { $0.parameter.shape.count < 2 }, weightDecay: 0),
            ],
            beta1: configuration.beta1, beta2: configuration.beta2, epsilon: configuration.epsilon)
    }

    /// A part that no gradient reaches would stay as it is, without a word.
    private static func check(_ model: DualEncoder) throws {
        if model.logitBias != nil {
            throw TrainingError.invalidOption(
                name: "model",
                problem: "it scores pairs with a sigmoid (SigLIP), and training has the softmax loss only, under which "
                    + "its bias would not learn. Choose a model without init_logit_bias.")
        }
        if model.captionDecoder != nil {
            throw TrainingError.invalidOption(
                name: "model",
                problem: "it writes captions (CoCa), and training has no loss for that part. Choose a model without "
                    + "multimodal_cfg.")
        }
    }

    /// Takes one step on a batch.
    /// - Throws: ``TrainingError/notFinite(step:what:samples:)`` before any parameter is changed by a bad gradient.
    public func train(on batch: TrainingBatch) throws -> StepReport {
        try optimizer.clearGradients()
        let value = try computeGradients(batch)
        let gradients = try optimizer.gradients()
        let norm = try clipGradients(gradients, norm: configuration.gradientNorm ?? .infinity)
        guard norm.isFinite else {
            throw TrainingError.notFinite(step: step, what: "gradient", samples: batch.locations)
        }
        let rate = configuration.schedule.rate(at: step)
        try optimizer.step(learningRate: rate)
        let scale = try model.logitScale.tensor.detached()
        try scale.clampInPlace(to: DualEncoder.logitScaleRange)
        defer { step += 1 }
        return StepReport(
            step: step, loss: value, logitScale: try scale.item(), learningRate: rate, gradientNorm: norm,
            pictureCosine: spread.pictures, textCosine: spread.texts)
    }

    /// Leaves the gradient of every parameter in place.
    /// - Returns: the loss.
    public func computeGradients(_ batch: TrainingBatch) throws -> Double {
        let size = configuration.microBatchSize
        // Whoever uses the model between steps gets it as it will be used when it is trained.
        defer { norms.setTraining(false) }
        norms.setTraining(true, updatesStatistics: batch.count <= size)
        guard batch.count > size else {
            let (pictures, texts) = try encode(batch, 0..<batch.count)
            let cut = try embeddingGradients(pictures: pictures.detached(), texts: texts.detached(), of: batch)
            try Tensor.backward([(pictures, cut.pictures), (texts, cut.texts)])
            return cut.loss
        }
        let chunks = stride(from: 0, to: batch.count, by: size).map { $0..<min($0 + size, batch.count) }
        var pictureParts: [Tensor] = []
        var textParts: [Tensor] = []
        try Engine.withoutGradients {
            for chunk in chunks {
                let (pictures, texts) = try encode(batch, chunk)
                pictureParts.append(pictures)
                textParts.append(texts)
            }
        }
        let cut = try embeddingGradients(
            pictures: Tensor.concatenated(pictureParts), texts: Tensor.concatenated(textParts), of: batch)
        norms.setTraining(true)
        for chunk in chunks {
            let (pictures, texts) = try encode(batch, chunk)
            try Tensor.backward([(pictures, cut.pictures.slice(chunk)), (texts, cut.texts.slice(chunk))])
        }
        return cut.loss
    }

    /// Part of a batch through both towers, in 32 bits again at the end.
    private func encode(_ batch: TrainingBatch, _ range: Range<Int>) throws -> (pictures: Tensor, texts: Tensor) {
        try Engine.autocast(configuration.precision.autocastType, on: model.device) {
            let pictures = try model.encode(pictures: batch.pictures.slice(range))
            let texts = try model.encode(captions: Array(batch.captions[range]))
            return (try pictures.converted(to: .float32), try texts.converted(to: .float32))
        }
    }

    /// The loss over the whole batch, its gradient with respect to the embeddings, and the temperature's, which is
    /// accumulated into its parameter.
    private func embeddingGradients(
        pictures: Tensor, texts: Tensor, of batch: TrainingBatch
    ) throws -> (loss: Double, pictures: Tensor, texts: Tensor) {
        spread = (try EmbeddingSpread.meanCosine(pictures), try EmbeddingSpread.meanCosine(texts))
        try pictures.setRequiresGradient()
        try texts.setRequiresGradient()
        let value = try loss(
            pictures: pictures, texts: texts, logitScale: model.logitScale.tensor, captions: batch.captions)
        let number = try value.item()
        guard number.isFinite else {
            throw TrainingError.notFinite(step: step, what: "loss", samples: batch.locations)
        }
        try value.backward()
        guard let pictureGradient = try pictures.gradient(), let textGradient = try texts.gradient() else {
            throw TorchError(context: "Trainer", message: "the loss left no gradient on the embeddings")
        }
        return (number, pictureGradient, textGradient)
    }
}
