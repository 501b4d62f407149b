import CLIP
import CLIPData
import Torch

/// What a training run is asked to do, apart from model and data.
public struct TrainingConfiguration: Sendable, Equatable, Codable {
    /// Pairs per step, all of them each other's negatives.
    public var batchSize: Int
    /// Pairs that go through the towers at a time; the gradient is the whole batch's all the same.
    public var microBatchSize: Int
    /// Steps of the whole run, with the warm-up; the schedule ends there.
    public var totalSteps: Int
    /// The peak learning rate; by default the paper's for ViT-B/32 and ResNet-50 (arXiv 2103.00020, tables 19 and 20).
    public var learningRate: Double = 5e-4
    /// Steps in which the learning rate rises to its peak; by default the paper's (table 18).
    public var warmupSteps: Int = 2_000
    /// Decoupled decay of matrices and embeddings; gains, biases and the temperature have none.
    public var weightDecay: Double = 0.2
    /// What Adam keeps of the gradients' mean at each step, from 0 to below 1.
    public var beta1: Double = 0.9
    /// What Adam keeps of their squares' mean; the paper has 0.98 for vision transformers and 0.999 for ResNets.
    public var beta2: Double = 0.98
    /// Added to the root of the squares' mean in Adam; 1e-6 is the paper's for vision transformers (table 18).
    public var epsilon: Double = 1e-6
    /// The gradient's longest allowed norm; nil for no clipping.
    public var gradientNorm: Double?
    /// What the towers' matrix products are computed in. Parameters and optimizer are always 32 bits.
    public var precision = Precision.fp32
    /// What the order of pairs, their views and their captions derive from.
    public var seed: UInt64 = 0
    /// Which loss, and what equal captions mean to it.
    public var loss = LossConfiguration()
    /// How views of pictures are drawn.
    public var augmentation = TrainingAugmentation()
    /// How often one of a pair's other captions stands in for its main one.
    public var alternativeCaptionProbability: Double = 0
    /// Whether each use of a pair draws one of its captions by their weights.
    public var weighsCaptions = false
    /// How often captions are in another language.
    public var languages = LanguageSampling()

    /// What a classifier's classes count beside the pairs, where they are learned; see ``AnchorLoss``.
    public var anchorWeight = 0.3

    /// What goes beyond the plain recipe.
    public var techniques = TechniqueConfiguration()

    /// The largest batch that goes through the towers at once where nothing else is asked for.
    public static let largestUndivided = 1024

    /// - Parameters:
    ///   - batchSize: pairs per step.
    ///   - microBatchSize: by default the whole batch, or 256 pairs of one above ``largestUndivided``.
    ///   - totalSteps: steps in all.
    public init(batchSize: Int, microBatchSize: Int? = nil, totalSteps: Int) {
        self.batchSize = batchSize
        self.microBatchSize = microBatchSize ?? (batchSize <= Self.largestUndivided ? batchSize : 256)
        self.totalSteps = totalSteps
    }

    /// How a pair's caption is chosen: ``weighsCaptions`` goes before ``alternativeCaptionProbability``.
    public var captionSampling: CaptionSampling {
        if weighsCaptions { return .weighted }
        return alternativeCaptionProbability > 0
            ? .random(alternativeProbability: alternativeCaptionProbability) : .first
    }

    /// The learning rate of each step, from the peak, the warm-up and the technique's shape.
    public var schedule: LearningRateSchedule {
        LearningRateSchedule(
            peak: learningRate, warmupSteps: warmupSteps, totalSteps: totalSteps, shape: techniques.schedule)
    }

    /// - Throws: ``TrainingError/invalidOption(name:problem:)``.
    public func validate() throws {
        func need(_ condition: Bool, _ name: String, _ problem: String) throws {
            if !condition { throw TrainingError.invalidOption(name: name, problem: problem) }
        }
        try need(batchSize > 1, "batch size", "at least 2 pairs are needed to contrast")
        try need(microBatchSize > 0, "micro-batch size", "at least 1 is needed")
        try need(totalSteps > 0, "steps", "at least 1 is needed")
        try need(learningRate > 0 && learningRate.isFinite, "learning rate", "a number above 0 is needed")
        try need(warmupSteps >= 0, "warm-up", "0 or more steps are needed")
        try need(weightDecay >= 0 && weightDecay.isFinite, "weight decay", "0 or more is needed")
        try need((0..<1).contains(beta1) && (0..<1).contains(beta2), "betas", "numbers from 0 to below 1 are needed")
        try need(
            (0...1).contains(alternativeCaptionProbability), "alternative captions", "a share from 0 to 1 is needed")
        try need(anchorWeight > 0 && anchorWeight.isFinite, "anchors' weight", "a number above 0 is needed")
        try need((0...1).contains(languages.share), "languages' share", "a share from 0 to 1 is needed")
        try need(
            augmentation.areaRange.lowerBound > 0 && augmentation.areaRange.upperBound <= 1, "crop scale",
            "shares of the picture's area above 0 and up to 1 are needed")
        try techniques.validate()
        try loss.validate()
        try need(gradientNorm.map { $0 > 0 } ?? true, "gradient norm", "a number above 0 is needed")
    }
}
