import Torch

/// A loss over the embeddings of a whole batch, taken apart from the towers that made them: its value, and its gradient
/// with respect to the embeddings, computed by hand in tiles, so that memory does not grow with the batch's square.
///
/// The batch may be spread over processes, each with equally many pairs: each gets the gradient of its own rows of the
/// one mean loss over the global batch. Gradients of parameters are therefore *summed* over processes, not averaged,
/// and that goes for the temperature and the bias too: what a process gets of theirs is its pictures' share.
public protocol EmbeddingLoss: Sendable {
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where the batch lacks what the loss needs.
    func gradients(of batch: EmbeddedBatch, over communicator: any Communicator) throws -> EmbeddingGradients
}

/// What a loss compares: the embeddings of this process's pairs.
public struct EmbeddedBatch: Sendable {
    /// What another model makes of the same pairs; its embeddings may be of another size.
    public struct Teacher: Sendable {
        /// Float32 `[B, F]`, not normalized.
        public let pictures: Tensor
        /// Float32 `[B, F]`, not normalized.
        public let texts: Tensor
        /// ln(1/τ) of the teacher.
        public let logitScale: Double

        public init(pictures: Tensor, texts: Tensor, logitScale: Double) {
            self.pictures = pictures
            self.texts = texts
            self.logitScale = logitScale
        }
    }

    /// Float32 `[B, E]`, not normalized.
    public var pictures: Tensor
    /// Float32 `[B, E]`, not normalized; row for row the captions of `pictures`.
    public var texts: Tensor
    /// ln(1/τ).
    public var logitScale: Double
    public var logitBias: Double?
    /// Equal where captions are; see ``CaptionKey``. Empty where nobody asks for duplicates.
    public var captionKeys: [Int64]
    public var teacher: Teacher?

    public init(
        pictures: Tensor, texts: Tensor, logitScale: Double, logitBias: Double? = nil, captionKeys: [Int64] = [],
        teacher: Teacher? = nil
    ) {
        self.pictures = pictures
        self.texts = texts
        self.logitScale = logitScale
        self.logitBias = logitBias
        self.captionKeys = captionKeys
        self.teacher = teacher
    }
}

/// A loss over the global batch, the same on every process.
public struct LossValue: Sendable, Equatable {
    public var total: Double
    /// The cross-entropy of captions given pictures; nil for the sigmoid loss.
    public var pictureToText: Double?
    /// The cross-entropy of pictures given captions; nil for the sigmoid loss.
    public var textToPicture: Double?
    /// The cross-entropy against the teacher, both ways averaged and not yet weighted; nil without one.
    public var distillation: Double?
}

/// The gradient of a loss with respect to what it was given.
public struct EmbeddingGradients: Sendable {
    public let value: LossValue
    /// With respect to the pictures as they were given, `[B, E]`.
    public let pictures: Tensor
    /// With respect to the texts as they were given, `[B, E]`.
    public let texts: Tensor
    /// This process's share; the sum over processes is the gradient.
    public let logitScale: Double
    /// This process's share; nil for losses without a bias.
    public let logitBias: Double?
}

extension LossConfiguration {
    /// - Parameter tileBytes: memory for the tiles of similarities; nil for what suits the device.
    public func makeLoss(tileBytes: Int? = nil) -> any EmbeddingLoss {
        switch kind {
        case .softmax:
            SoftmaxLoss(
                duplicates: duplicates, distillationWeight: distillationWeight, tiling: Tiling(bytes: tileBytes))
        case .sigmoid: SigmoidLoss(duplicates: duplicates, tiling: Tiling(bytes: tileBytes))
        }
    }
}
