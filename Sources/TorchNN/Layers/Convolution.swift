import Torch

/// A two-dimensional convolution: `[B, in, H, W] -> [B, out, H', W']`.
public final class Convolution: PackableLayer {
    /// `[out, in / groups, kernel, kernel]`
    public let weight: Parameter
    /// `[out]`
    public let bias: Parameter?
    /// How the kernel moves; as many groups as channels for a depthwise convolution.
    public let shape: ConvolutionShape
    package var packing: Packing?

    package var packedParameters: [Parameter] { [weight] + [bias].compactMap { $0 } }

    /// Initialized uniformly within ±1/√(in/groups·kernel²), as PyTorch's `nn.Conv2d`.
    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1,
        bias hasBias: Bool = true
    ) throws {
        shape = ConvolutionShape(stride: stride, padding: padding, groups: groups)
        let inputs = inputs / groups
        weight = try Parameter(zeros: outputs, inputs, kernel, kernel)
        bias = hasBias ? try Parameter(zeros: outputs) : nil
        let draw = Initializer.uniformByFanIn(inputs * kernel * kernel)
        try draw.apply(to: weight)
        if let bias { try draw.apply(to: bias) }
    }

    /// `[B, in, H, W] -> [B, out, H', W']`, H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        if let output = try packing?.convolution(input, self, norm: nil, ending: .nothing) { return output }
        let (weight, bias) = (weight.tensor, bias?.tensor)
        return try input.convolution(
            weight: packing == nil ? weight : weight.converted(to: input.dtype),
            bias: packing == nil ? bias : bias?.converted(to: input.dtype), stride: shape.stride,
            padding: shape.padding, groups: shape.groups)
    }

    /// Normalized by a layer after it, and ended as said. Where matrices are packed the normalization, which then is by running
    /// statistics, is one with the kernel.
    package func callAsFunction(
        _ input: Tensor, norm: BatchNorm2d, ending: ConvolutionEnding = .nothing
    ) throws -> Tensor {
        if !norm.isTraining, let output = try packing?.convolution(input, self, norm: norm, ending: ending) {
            return output
        }
        let output = try norm(self(input))
        switch ending {
        case .nothing: return output
        case .relu: return try output.relu()
        case .relu6: return try output.relu6()
        case .adding(let other): return try output + other
        case .addingThenRelu(let other): return try (output + other).relu()
        }
    }
}

extension BatchNorm2d {
    /// What multiplies each channel and what is added to it, float32 `[C]` each, by the running statistics.
    func scaleAndShift() throws -> (scale: Tensor, shift: Tensor) {
        let gains = try weight.tensor.detached().elements(Double.self)
        let scales = try zip(gains, runningVar.tensor.elements(Double.self)).map { $0 / ($1 + epsilon).squareRoot() }
        let scale = try Tensor(scales.map(Float.init))
        return (scale, try bias.tensor.detached().converted(to: .float32) - runningMean.tensor * scale)
    }
}
