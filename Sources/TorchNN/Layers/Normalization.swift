import Torch

/// Mean 0, variance 1 of each channel over a batch, then a learned gain and bias (Ioffe and Szegedy, arXiv 1502.03167):
/// `[B, C, H, W] -> [B, C, H, W]`.
///
/// While it is trained it uses the batch's statistics and moves running ones towards them; otherwise it uses those. See
/// ``Module/setTraining(_:updatesStatistics:)``.
public final class BatchNorm2d: TrainingSensitive {
    /// The gain, `[C]`.
    public let weight: Parameter
    /// The shift, `[C]`.
    public let bias: Parameter
    /// `[C]`
    public let runningMean: Buffer
    /// `[C]`, the unbiased estimate.
    public let runningVar: Buffer
    /// How many batches have moved the running statistics, an int64 scalar. Files from before PyTorch 0.4 lack it, and
    /// nothing is computed from it.
    public let numBatchesTracked: Buffer

    /// The share of a new batch in the running statistics.
    public let momentum = 0.1
    /// Added to variances, so that none is zero.
    public let epsilon: Double
    /// Whether the batch's own statistics are used.
    public private(set) var isTraining = false
    /// Whether the running statistics move while it is trained.
    public private(set) var updatesStatistics = true

    /// Whether it uses the running statistics in training too, and leaves them as they are.
    public var isFrozen = false

    /// Gain 1, bias 0, running statistics of mean 0 and variance 1.
    public init(_ channels: Int, epsilon: Double = 1e-5) throws {
        weight = try Parameter(ones: channels)
        bias = try Parameter(zeros: channels)
        runningMean = try Buffer([channels], filledWith: 0)
        runningVar = try Buffer([channels], filledWith: 1)
        numBatchesTracked = try Buffer([], filledWith: 0, dtype: .int64, isOptional: true)
        self.epsilon = epsilon
    }

    /// Takes the mode unless it is frozen.
    public func setMode(isTraining: Bool, updatesStatistics: Bool) {
        self.isTraining = isTraining && !isFrozen
        self.updatesStatistics = updatesStatistics
    }

    /// `[B, C, H, W] -> [B, C, H, W]`; while it is trained, running statistics move as a side effect.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        let tracks = !isTraining || updatesStatistics
        // Statistics stay in 32 bits; libtorch takes a 16-bit input with them if gain and bias are of their type.
        let dtype = runningMean.tensor.dtype
        let output = try input.batchNormalized(
            gain: weight.tensor.converted(to: dtype), bias: bias.tensor.converted(to: dtype),
            runningMean: tracks ? runningMean.tensor : nil, runningVariance: tracks ? runningVar.tensor : nil,
            training: isTraining, momentum: momentum, epsilon: epsilon)
        if isTraining, updatesStatistics { try numBatchesTracked.tensor.addInPlace(1) }
        return output
    }
}

/// Mean 0, variance 1 over the last dimension, then a learned gain and bias (arXiv 1607.06450).
public final class LayerNorm: Module {
    /// The gain, `[width]`.
    public let weight: Parameter
    /// The shift, `[width]`.
    public let bias: Parameter
    /// Added to variances, so that none is zero.
    public let epsilon: Double

    /// Gain 1, bias 0.
    public init(_ width: Int, epsilon: Double = 1e-5) throws {
        weight = try Parameter(ones: width)
        bias = try Parameter(zeros: width)
        self.epsilon = epsilon
    }

    /// `[…, width] -> […, width]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.layerNormalized(gain: weight.tensor, bias: bias.tensor, epsilon: epsilon)
    }
}
