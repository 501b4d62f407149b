import Torch

/// A loss over the embeddings of a whole batch, taken apart from the towers that made them: its value, and its gradient
/// with respect to the embeddings, computed by hand in tiles, so that memory does not grow with the batch's square.
///
/// The batch may be spread over processes, each with equally many pairs: each gets the gradient of its own rows of the
/// one mean loss over the global batch. Gradients of parameters are therefore *summed* over processes, not averaged,
/// and that goes for the temperature and the bias too: what a process gets of theirs is its pictures' share.
///
/// Everything that is decided by which loss it is, is answered here; a loss is added by a type of its own and a line in
/// ``Losses/all``.
public protocol EmbeddingLoss: Sendable {
    /// What it is chosen by, and what stands in a run's settings.
    static var name: String { get }
    /// What it is known as, in a few words.
    static var title: String { get }
    /// Settings of its own, beside those that every loss has.
    static var parameters: [LossParameter] { get }
    /// What it reports beside its total, in the order of drawing.
    static var terms: [LossTerm] { get }
    /// What it needs in order to be computed as it is configured.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for settings that it cannot have.
    static func needs(_ configuration: LossConfiguration) throws -> LossNeeds
    /// The loss of a model that tells nothing apart.
    /// - Parameter batchSize: pairs of a step, over all processes.
    static func chance(batchSize: Int) -> LossChance

    init(_ configuration: LossConfiguration, tiling: Tiling)

    /// What it remembers of the samples it has seen; nil where a step depends on its own batch alone.
    var state: (any LossState)? { get }

    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where the batch lacks what the loss needs.
    func gradients(of batch: EmbeddedBatch, over communicator: any Communicator) throws -> EmbeddingGradients
}

extension EmbeddingLoss {
    /// None.
    public static var parameters: [LossParameter] { [] }
    /// None.
    public var state: (any LossState)? { nil }
}

/// What a loss needs of the model that it trains, and of each batch. A model with a part that the loss does not reach is
/// refused: that part would stay as it is, without a word.
public struct LossNeeds: Sendable, Equatable {
    /// The model has a bias, which is added to its similarities.
    public var logitBias = false
    /// The model has a part that writes captions.
    public var captionDecoder = false
    /// The batch has ``EmbeddedBatch/captionKeys``.
    public var captionKeys = false
    /// The batch has ``EmbeddedBatch/sampleNumbers``.
    public var sampleNumbers = false
    /// The batch has ``EmbeddedBatch/teacher``.
    public var teacher = false

    /// What follows from settings that every loss has.
    public init(_ configuration: LossConfiguration) {
        captionKeys = configuration.duplicates != .negatives
        teacher = configuration.distillationWeight != nil
    }
}

/// What guessing costs.
public struct LossChance: Sendable, Hashable {
    /// In the loss's own unit, as ``LossValue/contrastive``.
    public var value: Double
    /// What it is of the batch's size, in words; nil where a line in a plot would mean little.
    public var formula: String?

    public init(_ value: Double, formula: String? = nil) {
        self.value = value
        self.formula = formula
    }
}

/// A number that a loss can be given, by name.
public struct LossParameter: Sendable, Equatable {
    /// In a run's settings.
    public let name: String
    /// Its value where none is given.
    public let standard: Double
    /// Values lie above the lower bound, and may reach the upper.
    public let bounds: ClosedRange<Double>

    public init(_ name: String, standard: Double, above lower: Double, upTo upper: Double) {
        self.name = name
        self.standard = standard
        bounds = lower...upper
    }
}

/// What a loss remembers of samples between steps, by their stable numbers: a part of a run's checkpoints.
///
/// It is equal on all processes, so that a run may go on with another number of them.
public protocol LossState: AnyObject, Sendable {
    /// Names the part's file.
    var name: String { get }
    /// All of it, by name. Numbers of samples are int64.
    func tensors() throws -> [String: Tensor]
    /// Takes back what ``tensors()`` gave.
    /// - Throws: `StateMismatch` naming everything that does not fit.
    func load(_ tensors: [String: Tensor]) throws
    /// Forgets every sample: the numbers now mean others.
    func forget()
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
    /// What is added to similarities; nil for models without one.
    public var logitBias: Double?
    /// Equal where captions are; see ``CaptionKey``. Empty where nobody asks for duplicates.
    public var captionKeys: [Int64]
    /// The same pair's number is the same in every epoch; see `PairSample.number`. May be empty where nobody asks.
    public var sampleNumbers: [Int64]
    /// Nil where nobody is learned from.
    public var teacher: Teacher?

    public init(
        pictures: Tensor, texts: Tensor, logitScale: Double, logitBias: Double? = nil, captionKeys: [Int64] = [],
        sampleNumbers: [Int64] = [], teacher: Teacher? = nil
    ) {
        self.pictures = pictures
        self.texts = texts
        self.logitScale = logitScale
        self.logitBias = logitBias
        self.captionKeys = captionKeys
        self.sampleNumbers = sampleNumbers
        self.teacher = teacher
    }
}

/// The gradient of a loss with respect to what it was given.
public struct EmbeddingGradients: Sendable {
    /// Over the global batch.
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
