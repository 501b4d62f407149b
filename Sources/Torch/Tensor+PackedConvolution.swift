/// Convolutions by kernels that lie as the processor's fastest code reads them.
private enum PackedConvolution {
    static let pack = Operator("mkldnn::_reorder_convolution_weight")
    static let plain = Operator("mkldnn::_convolution_pointwise")
    static let adding = Operator("mkldnn::_convolution_pointwise", overload: "binary")

    // As with products.
    static let packsFloat32 = packs(.float32)
    static let packsBFloat16 = packs(.bfloat16)

    private static func packs(_ dtype: DType) -> Bool {
        let shape = ConvolutionShape()
        guard let kernel = try? Tensor.ones([16, 16, 1, 1], dtype: dtype).packedKernel(shape, for: [1, 16, 2, 2]),
            let input = try? Tensor.ones([1, 16, 2, 2], dtype: dtype)
        else { return false }
        return (try? input.convolution(withPacked: kernel, bias: nil, shape)) != nil
    }
}

/// How a convolution's kernel moves over a picture.
public struct ConvolutionShape: Sendable, Equatable {
    /// Rows and columns from one place of the kernel to the next.
    public var stride = 1
    /// Rows and columns of zeros around the pictures.
    public var padding = 0
    /// Parts that channels are divided into.
    public var groups = 1

    public init(stride: Int = 1, padding: Int = 0, groups: Int = 1) {
        (self.stride, self.padding, self.groups) = (stride, padding, groups)
    }
}

/// What is done to the elements of a convolution before they are written, while they are in the processor's registers.
public enum ConvolutionEnding {
    /// The convolution as it is.
    case nothing
    /// max(0, x)
    case relu
    /// min(6, max(0, x))
    case relu6
    /// Another tensor of the output's shape is added.
    case adding(Tensor)
    /// Another tensor of the output's shape is added; then max(0, x).
    case addingThenRelu(Tensor)

    /// The same with what is added in another type.
    package func converted(to dtype: DType) throws -> ConvolutionEnding {
        switch self {
        case .nothing, .relu, .relu6: self
        case .adding(let other): .adding(try other.converted(to: dtype))
        case .addingThenRelu(let other): .addingThenRelu(try other.converted(to: dtype))
        }
    }
}

extension Tensor {
    /// Whether convolutions by packed kernels of a type can be had from this libtorch on this processor.
    public static func packsKernels(_ dtype: DType) -> Bool {
        switch dtype {
        case .float32: PackedConvolution.packsFloat32
        case .bfloat16: PackedConvolution.packsBFloat16
        default: false
        }
    }

    /// A kernel `[out, in / groups, H, W]` in the layout that ``convolution(withPacked:bias:_:ending:)`` reads. It is for
    /// nothing else.
    /// - Parameters:
    ///   - shape: how it will move.
    ///   - inputShape: `[B, in, H, W]`, of what it will be used on mostly. The layout that suits it is several times faster than
    ///     one that suits any.
    /// - Throws: `TorchError` where ``packsKernels(_:)`` is false.
    public func packedKernel(_ shape: ConvolutionShape, for inputShape: [Int]) throws -> Tensor {
        try PackedConvolution.pack.one(
            .tensor(contiguous()), .ints([shape.padding, shape.padding]), .ints([shape.stride, shape.stride]),
            .ints([1, 1]), .int(shape.groups), .ints(inputShape))
    }

    /// As ``convolution(weight:bias:stride:padding:groups:)``, ended as said; all of one type, on the CPU. Not differentiable.
    /// - Parameter kernel: what ``packedKernel(_:)`` gave for the same shape.
    public func convolution(
        withPacked kernel: Tensor, bias: Tensor?, _ shape: ConvolutionShape, ending: ConvolutionEnding = .nothing
    ) throws -> Tensor {
        let moves: [Operator.Argument] = [
            .ints([shape.padding, shape.padding]), .ints([shape.stride, shape.stride]), .ints([1, 1]),
            .int(shape.groups),
        ]
        func plain(_ name: String, _ scalars: [Double] = []) throws -> Tensor {
            try PackedConvolution.plain.first(
                [.tensor(self), .tensor(kernel), .tensor(bias)] + moves
                    + [.string(name), .doubles(scalars), .string("")])
        }
        func adding(_ other: Tensor, then name: String?) throws -> Tensor {
            try PackedConvolution.adding.first(
                [.tensor(self), .tensor(other), .tensor(kernel), .tensor(bias)] + moves
                    + [.string("add"), .none, name.map { .string($0) } ?? .none, .doubles([]), .none])
        }
        switch ending {
        case .nothing: return try plain("none")
        case .relu: return try plain("relu")
        case .relu6: return try plain("hardtanh", [0, 6])
        case .adding(let other): return try adding(other, then: nil)
        case .addingThenRelu(let other): return try adding(other, then: "relu")
        }
    }
}
