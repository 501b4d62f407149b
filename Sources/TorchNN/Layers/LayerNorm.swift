import Torch

/// Mean 0, variance 1 over the last dimension, then a learned gain and bias (arXiv 1607.06450).
public final class LayerNorm: Module {
    /// The gain, `[width]`.
    public let weight: Parameter
    public let bias: Parameter
    public let epsilon: Double

    public init(_ width: Int, epsilon: Double = 1e-5) throws {
        weight = try Parameter(ones: width)
        bias = try Parameter(zeros: width)
        self.epsilon = epsilon
    }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.layerNormalized(gain: weight.tensor, bias: bias.tensor, epsilon: epsilon)
    }
}
