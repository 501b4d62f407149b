/// What one step did.
public struct StepReport: Sendable, Equatable {
    /// Counted from 0.
    public let step: Int
    /// Over the global batch, the same on every process.
    public let value: LossValue
    /// ln(1/τ) after the step.
    public let logitScale: Double
    /// After the step; nil for models without one.
    public var logitBias: Double?
    /// The schedule's rate of this step; a tower may have its own peak or layer decay.
    public let learningRate: Double
    /// The gradient's norm before clipping.
    public let gradientNorm: Double
    /// The mean cosine between two of this process's pictures, before the step; nil where it was not taken.
    public var pictureCosine: Double?
    /// The same between two of its captions.
    public var textCosine: Double?

    /// What the step lowers.
    public var loss: Double { value.total }
}
