import Torch
import TorchNN

/// A residual block that narrows, convolves and widens (He et al., arXiv 1512.03385). It makes pictures smaller by
/// averaging, never by skipping places (Zhang, arXiv 1904.11486): `[B, inputs, H, W] -> [B, 4·planes, H/stride, W/stride]`.
package final class Bottleneck: Module {
    /// Channels that come out over ``planes``.
    static let expansion = 4

    package let convolution1: Convolution
    package let norm1: BatchNorm2d
    package let convolution2: Convolution
    package let norm2: BatchNorm2d
    package let convolution3: Convolution
    package let norm3: BatchNorm2d
    /// What brings the input into the output's shape; nil where it has that already.
    package let downsample: Downsample?
    private let stride: Int

    var norms: [BatchNorm2d] { [norm1, norm2, norm3] + (downsample.map { [$0.norm] } ?? []) }

    /// The last norm's gain starts at zero.
    init(inputs: Int, planes: Int, stride: Int) throws {
        let outputs = planes * Self.expansion
        self.stride = stride
        convolution1 = try Convolution(inputs, planes, kernel: 1, bias: false)
        norm1 = try BatchNorm2d(planes)
        convolution2 = try Convolution(planes, planes, kernel: 3, padding: 1, bias: false)
        norm2 = try BatchNorm2d(planes)
        convolution3 = try Convolution(planes, outputs, kernel: 1, bias: false)
        norm3 = try BatchNorm2d(outputs)
        downsample =
            stride > 1 || inputs != outputs ? try Downsample(inputs: inputs, outputs: outputs, stride: stride) : nil
        try Initializer.constant(0).apply(to: norm3.weight)
    }

    package func callAsFunction(_ input: Tensor) throws -> Tensor {
        var states = try convolution1(input, norm: norm1, ending: .relu)
        states = try convolution2(states, norm: norm2, ending: .relu)
        if stride > 1 { states = try states.averagePooled(stride) }
        return try convolution3(states, norm: norm3, ending: .addingThenRelu(downsample?(input) ?? input))
    }

    /// An average pooling, a convolution of single places, and a norm.
    package final class Downsample: Module {
        package let convolution: Convolution
        package let norm: BatchNorm2d
        private let stride: Int

        init(inputs: Int, outputs: Int, stride: Int) throws {
            self.stride = stride
            convolution = try Convolution(inputs, outputs, kernel: 1, bias: false)
            norm = try BatchNorm2d(outputs)
        }

        package func callAsFunction(_ input: Tensor) throws -> Tensor {
            try convolution(stride > 1 ? input.averagePooled(stride) : input, norm: norm)
        }
    }
}
