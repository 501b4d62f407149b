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

    /// `[…, in] -> […, out]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.linear(weight: weight.tensor, bias: bias?.tensor)
    }
}

/// A table of vectors looked up by integer: `[…] -> […, width]`.
public final class Embedding: Module {
    /// `[count, width]`
    public let weight: Parameter

    /// Initialized from the standard normal distribution, as PyTorch's `nn.Embedding`.
    public init(_ count: Int, _ width: Int) throws {
        weight = try Parameter(zeros: count, width)
        try Initializer.normal(1).apply(to: weight)
    }

    /// Rows by index, which are int64 and below `count`: `[…] -> […, width]`.
    public func callAsFunction(_ indices: Tensor) throws -> Tensor { try weight.tensor.embedding(indices) }
}

/// Two linear layers with a non-linearity between, at each position: `[…, width] -> […, width]`.
public final class FeedForward: Module {
    /// `[hidden, width]`
    public let expand: Linear
    /// `[width, hidden]`
    public let contract: Linear
    /// Between the two, element by element.
    public let activation: Activation

    /// Both layers initialized as ``Linear``.
    public init(width: Int, hidden: Int, activation: Activation) throws {
        expand = try Linear(width, hidden)
        contract = try Linear(hidden, width)
        self.activation = activation
    }

    /// `[…, width] -> […, width]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try contract(activation(expand(input)))
    }
}

/// Two linear layers without bias and GELU between, as wide inside as the input: `[…, inputs] -> […, outputs]`. What
/// self-supervised learning projects with (SimCLR, Chen et al., arXiv 2002.05709), where CLIP has one matrix
/// (arXiv 2103.00020, section 2.3).
public final class ProjectionHead: Module {
    /// `[inputs, inputs]`
    public let expand: Linear
    /// `[outputs, inputs]`
    public let contract: Linear

    /// Both at inputs^-½, as CLIP's matrix.
    public init(_ inputs: Int, _ outputs: Int) throws {
        expand = try Linear(inputs, inputs, bias: false)
        contract = try Linear(inputs, outputs, bias: false)
        for linear in [expand, contract] {
            try Initializer.normal(1 / Double(inputs).squareRoot()).apply(to: linear.weight)
        }
    }

    /// `[…, inputs] -> […, outputs]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor { try contract(expand(input).gelu()) }
}
