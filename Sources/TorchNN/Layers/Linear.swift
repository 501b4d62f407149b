import Torch

/// `x · weightᵀ + bias`: `[…, in] -> […, out]`.
public final class Linear: PackableLayer {
    /// `[out, in]`
    public let weight: Parameter
    /// `[out]`
    public let bias: Parameter?
    package var packing: Packing?

    package var packedParameters: [Parameter] { [weight] + [bias].compactMap { $0 } }

    /// Initialized uniformly within ±1/√in, as PyTorch's `nn.Linear`.
    public init(_ inputs: Int, _ outputs: Int, bias hasBias: Bool = true) throws {
        weight = try Parameter(zeros: outputs, inputs)
        bias = hasBias ? try Parameter(zeros: outputs) : nil
        try Initializer.uniformByFanIn(inputs).apply(to: weight)
        if let bias { try Initializer.uniformByFanIn(inputs).apply(to: bias) }
    }

    /// `[…, in] -> […, out]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor { try self(input, adding: nil) }

    /// With what is added to the output, of its shape; nil for nothing.
    package func callAsFunction(_ input: Tensor, adding other: Tensor?) throws -> Tensor {
        if let product = try packed(input, ending: other.map { .adding($0) } ?? .nothing) { return product }
        let output = try plain(input)
        return try other.map { try $0 + output } ?? output
    }

    /// With an activation after it.
    func callAsFunction(_ input: Tensor, then activation: Activation) throws -> Tensor {
        guard let ending = activation.ending else { return try activation(self(input)) }
        return try self(input, ending: ending, activation.callAsFunction)
    }

    /// With an activation after it, which a packed product can end with.
    package func callAsFunction(
        _ input: Tensor, ending: ProductEnding, _ activation: (Tensor) throws -> Tensor
    ) throws -> Tensor {
        try packed(input, ending: ending) ?? activation(plain(input))
    }

    /// Nil where the parameters are to be used.
    func packed(
        _ input: Tensor, factors: Packing.Factors = .init(), ending: ProductEnding
    ) throws -> Tensor? {
        try packing?.product(input, weight: weight, factors: factors, bias: { bias?.tensor }, ending: ending)
    }

    private func plain(_ input: Tensor) throws -> Tensor {
        try input.linear(of: packing, weight: weight.tensor, bias: bias?.tensor)
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
    public func callAsFunction(_ input: Tensor) throws -> Tensor { try self(input, adding: nil) }

    /// With what is added to the output, of its shape; nil for nothing.
    package func callAsFunction(_ input: Tensor, adding other: Tensor?) throws -> Tensor {
        // 1.702·q(x) = silu(1.702·x): the first matrix takes the factor in, the second one out.
        let factor = Activation.quickFactor
        if activation == .quickGELU,
            let hidden = try expand.packed(input, factors: .init(weight: factor, bias: factor), ending: .silu),
            let output = try contract.packed(
                hidden, factors: .init(weight: 1 / factor), ending: other.map { .adding($0) } ?? .nothing)
        {
            return output
        }
        return try contract(expand(input, then: activation), adding: other)
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
