import Torch

/// Mean 0, variance 1 of each channel over a batch, then a learned gain and bias (Ioffe and Szegedy, arXiv 1502.03167):
/// `[B, C, H, W] -> [B, C, H, W]`.
///
/// While it is trained it uses the batch's statistics and moves running ones towards them; otherwise it uses those. See
/// ``Module/setTraining(_:updatesStatistics:)``.
public final class BatchNorm2d: TrainingSensitive {
    /// The gain, `[C]`.
    public let weight: Parameter
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
    public let epsilon: Double
    public private(set) var isTraining = false
    /// Whether the running statistics move while it is trained.
    public private(set) var updatesStatistics = true

    /// Whether it uses the running statistics in training too, and leaves them as they are.
    public var isFrozen = false

    public init(_ channels: Int, epsilon: Double = 1e-5) throws {
        weight = try Parameter(ones: channels)
        bias = try Parameter(zeros: channels)
        runningMean = try Buffer([channels], filledWith: 0)
        runningVar = try Buffer([channels], filledWith: 1)
        numBatchesTracked = try Buffer([], filledWith: 0, dtype: .int64, isOptional: true)
        self.epsilon = epsilon
    }

    public func setMode(isTraining: Bool, updatesStatistics: Bool) {
        self.isTraining = isTraining && !isFrozen
        self.updatesStatistics = updatesStatistics
    }

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
