import Torch

/// A table of vectors looked up by integer: `[…] -> […, width]`.
public final class Embedding: Module {
    /// `[count, width]`
    public let weight: Parameter

    /// Initialized from the standard normal distribution, as PyTorch's `nn.Embedding`.
    public init(_ count: Int, _ width: Int) throws {
        weight = try Parameter(zeros: count, width)
        try Initializer.normal(1).apply(to: weight)
    }

    public func callAsFunction(_ indices: Tensor) throws -> Tensor { try weight.tensor.embedding(indices) }
}
