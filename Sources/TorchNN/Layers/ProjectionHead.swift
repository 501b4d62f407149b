import Torch

/// Two linear layers without bias and GELU between, as wide inside as the input: `[…, inputs] -> […, outputs]`. What
/// self-supervised learning projects with (SimCLR, Chen et al., arXiv 2002.05709), where CLIP has one matrix
/// (arXiv 2103.00020, section 2.3).
public final class ProjectionHead: Module {
    public let expand: Linear
    public let contract: Linear

    /// Both at inputs^-½, as CLIP's matrix.
    public init(_ inputs: Int, _ outputs: Int) throws {
        expand = try Linear(inputs, inputs, bias: false)
        contract = try Linear(inputs, outputs, bias: false)
        for linear in [expand, contract] {
            try Initializer.normal(1 / Double(inputs).squareRoot()).apply(to: linear.weight)
        }
    }

    public func callAsFunction(_ input: Tensor) throws -> Tensor { try contract(expand(input).gelu()) }
}
