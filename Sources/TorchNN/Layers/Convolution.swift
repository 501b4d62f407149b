import Torch

/// A two-dimensional convolution: `[B, in, H, W] -> [B, out, H', W']`.
public final class Convolution: Module {
    /// `[out, in / groups, kernel, kernel]`
    public let weight: Parameter
    /// `[out]`
    public let bias: Parameter?
    /// Rows and columns from one place of the kernel to the next.
    public let stride: Int
    /// Rows and columns of zeros around the pictures.
    public let padding: Int
    /// Parts that channels are divided into; as many as channels for a depthwise convolution.
    public let groups: Int

    /// Initialized uniformly within ±1/√(in/groups·kernel²), as PyTorch's `nn.Conv2d`.
    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1,
        bias hasBias: Bool = true
    ) throws {
        self.stride = stride
        self.padding = padding
        self.groups = groups
        let inputs = inputs / groups
        weight = try Parameter(zeros: outputs, inputs, kernel, kernel)
        bias = hasBias ? try Parameter(zeros: outputs) : nil
        let draw = Initializer.uniformByFanIn(inputs * kernel * kernel)
        try draw.apply(to: weight)
        if let bias { try draw.apply(to: bias) }
    }

    /// `[B, in, H, W] -> [B, out, H', W']`, H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.convolution(
            weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, groups: groups)
    }
}
