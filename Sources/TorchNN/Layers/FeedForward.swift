import Torch

/// Two linear layers with a non-linearity between, at each position: `[…, width] -> […, width]`.
public final class FeedForward: Module {
    public let expand: Linear
    public let contract: Linear
    public let activation: Activation

    public init(width: Int, hidden: Int, activation: Activation) throws {
        expand = try Linear(width, hidden)
        contract = try Linear(hidden, width)
        self.activation = activation
    }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try contract(activation(expand(input)))
    }
}
