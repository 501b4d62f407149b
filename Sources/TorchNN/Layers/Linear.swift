import Torch

/// `x · weightᵀ + bias`: `[…, in] -> […, out]`.
public final class Linear: Module {
    /// `[out, in]`
    public let weight: Parameter
    /// `[out]`
    public let bias: Parameter?

    /// Initialized uniformly within ±1/√in, as PyTorch's `nn.Linear`.
    public init(_ inputs: Int, _ outputs: Int, bias hasBias: Bool = true) throws {
        weight = try Parameter(zeros: outputs, inputs)
        bias = hasBias ? try Parameter(zeros: outputs) : nil
        try Initializer.uniformByFanIn(inputs).apply(to: weight)
        if let bias { try Initializer.uniformByFanIn(inputs).apply(to: bias) }
    }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.linear(weight: weight.tensor, bias: bias?.tensor)
    }
}
