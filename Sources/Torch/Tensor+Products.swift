/// Products by matrices that lie as the processor's fastest kernels read them.
private enum Product {
    static let pack = Operator("mkldnn::_reorder_linear_weight")
    static let plain = Operator("mkldnn::_linear_pointwise")
    static let linear = Operator("aten::linear")

    /// Whether this libtorch has oneDNN's operator: on AMD's processors it is more than twice as fast as the library
    /// behind `aten::mm` (190 against 85 GFLOP/s a core on Zen 5).
    static let hasOneDNN: Bool = {
        guard let probe = try? Tensor.ones([2, 2]) else { return false }
        return (try? probe.viaOneDNN(probe, nil, .nothing)) != nil
    }()

    // Each type is tried when it is first asked for: a trial compiles kernels, which takes a moment.
    static let packsFloat32 = packs(.float32)
    static let packsBFloat16 = packs(.bfloat16)

    private static func packs(_ dtype: DType) -> Bool {
        guard let probe = try? Tensor.ones([16, 16], dtype: dtype), let packed = try? probe.packed() else {
            return false
        }
        return (try? probe.product(withPacked: packed, bias: nil)) != nil
    }
}

/// What is done to the elements of a product: an activation while they are in the processor's registers, a sum when they are
/// written. (oneDNN can add in the registers too, but then takes twice as long for the whole product, in libtorch 2.13.)
public enum ProductEnding {
    /// The product as it is.
    case nothing
    /// x·Φ(x), exact or by the tanh approximation.
    case gelu(approximate: Bool)
    /// x·σ(x)
    case silu
    /// Another tensor of the product's shape is added.
    case adding(Tensor)
}

extension Tensor {
    /// Whether products by packed matrices of a type can be had from this libtorch on this processor.
    public static func packs(_ dtype: DType) -> Bool {
        switch dtype {
        case .float32: Product.packsFloat32
        case .bfloat16: Product.packsBFloat16
        default: false
        }
    }

    /// A matrix `[m, k]` in the layout that ``product(withPacked:bias:ending:)`` reads. It is for nothing else.
    /// - Throws: `TorchError` where ``packs(_:)`` is false.
    public func packed() throws -> Tensor { try Product.pack.one(.tensor(contiguous()), .none) }

    /// `self · matrixᵀ + bias`, ended as said: `[…, k] × [m, k]ᵀ -> […, m]`, with `bias` `[m]`; all of one type, on the CPU.
    /// Not differentiable.
    /// - Parameter matrix: what ``packed()`` gave.
    public func product(withPacked matrix: Tensor, bias: Tensor?, ending: ProductEnding = .nothing) throws -> Tensor {
        try viaOneDNN(matrix, bias, ending)
    }

    /// `self · otherᵀ + bias` in 32 bits: `[n, k] × [m, k]ᵀ -> [n, m]`, with `bias` `[m]`. Not differentiable.
    public func productWithTransposed(_ other: Tensor, bias: Tensor? = nil) throws -> Tensor {
        if Product.hasOneDNN, dtype == .float32, other.dtype == .float32, device.kind == .cpu {
            return try viaOneDNN(other, bias, .nothing)
        }
        return try Product.linear.one(.tensor(self), .tensor(other), .tensor(bias))
    }

    fileprivate func viaOneDNN(_ matrix: Tensor, _ bias: Tensor?, _ ending: ProductEnding) throws -> Tensor {
        func plain(_ name: String, _ algorithm: String = "") throws -> Tensor {
            try Product.plain.one(
                .tensor(self), .tensor(matrix), .tensor(bias), .string(name), .doubles([]), .string(algorithm))
        }
        switch ending {
        case .nothing: return try plain("none")
        case .gelu(let approximate): return try plain("gelu", approximate ? "tanh" : "none")
        case .silu: return try plain("swish")
        case .adding(let other):
            let product = try plain("none")
            try product.addInPlace(other)
            return product
        }
    }
}
