import CTorch

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

    private static func packs(_ packing: MatrixPacking) -> Bool {
        guard let probe = try? Tensor.ones([16, 16], dtype: packing.dtype),
            let packed = try? probe.packed(packing, by: .library)
        else { return false }
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

    fileprivate var code: Int32 {
        switch self {
        case .nothing, .adding: Int32(CT_ENDING_NONE)
        case .gelu(let approximate): Int32(approximate ? CT_ENDING_GELU_TANH : CT_ENDING_GELU)
        case .silu: Int32(CT_ENDING_SILU)
        }
    }
}

/// What a packed matrix holds, and how it is multiplied.
public enum MatrixPacking: Sendable, Hashable, CaseIterable {
    /// 32-bit numbers.
    case float32
    /// bfloat16, added up in 32 bits.
    case bfloat16
    /// Bytes, -127 to 127, with a scale for each column of the product; rows become bytes with a scale of their own when they are
    /// multiplied ("dynamic"), and sums are whole numbers of 32 bits. What is multiplied and what comes out is bfloat16.
    case int8

    /// The type of what is multiplied and of what comes out.
    public var dtype: DType { self == .float32 ? .float32 : .bfloat16 }

    /// Whose code multiplies.
    package enum Kernels: Sendable, CaseIterable {
        /// libtorch's oneDNN.
        case library
        /// This package's: `Sources/CTorch/Products.cpp`.
        case own
    }

    fileprivate var arithmetic: Int32 {
        switch self {
        case .float32: Int32(CT_FLOATING)
        case .bfloat16: Int32(CT_HALVED)
        case .int8: Int32(CT_INTEGRAL)
        }
    }

    /// Whether this processor has such kernels.
    package func isOffered(by kernels: Kernels) -> Bool {
        switch (kernels, self) {
        case (.own, _): ct_has_product(arithmetic)
        case (.library, .float32): Product.packsFloat32
        case (.library, .bfloat16): Product.packsBFloat16
        case (.library, .int8): false
        }
    }

    /// Those that are faster here; nil for none.
    package var kernels: Kernels? {
        if ct_prefers_product(arithmetic) { return .own }
        return isOffered(by: .library) ? .library : nil
    }

    /// Whether products by packed matrices can be had on this processor.
    public var isAvailable: Bool { kernels != nil }

    /// Whether the processor multiplies bfloat16 faster than 32-bit numbers.
    public static var bfloat16IsFaster: Bool { MatrixPacking.bfloat16.kernels == .library }
}

extension Tensor {
    /// Has the system take back the memory of what lies in a mapped file and was never written to; it is read anew where it is
    /// needed again.
    /// - Returns: bytes.
    @discardableResult
    package func releaseFilePages() -> Int { ct_release_file_pages(handle) }
}

/// A matrix in the layout that ``Tensor/product(withPacked:bias:ending:)`` reads.
public struct PackedMatrix: Sendable {
    fileprivate enum Layout {
        case library
        case own(arithmetic: Int32, scales: Tensor?)
    }

    fileprivate let matrix: Tensor
    fileprivate let layout: Layout
    fileprivate let columns: Int
}

extension Tensor {
    /// A matrix `[m, k]` packed.
    /// - Throws: `TorchError` where ``MatrixPacking/isAvailable`` is false.
    public func packed(_ packing: MatrixPacking) throws -> PackedMatrix {
        try packed(packing, by: packing.kernels ?? .own)
    }

    package func packed(_ packing: MatrixPacking, by kernels: MatrixPacking.Kernels) throws -> PackedMatrix {
        switch kernels {
        case .library:
            let matrix = try converted(to: packing.dtype).contiguous()
            return PackedMatrix(
                matrix: try Product.pack.one(.tensor(matrix), .none), layout: .library, columns: shape[0])
        case .own:
            var made: ct_tensor?
            var scales: ct_tensor?
            try check(ct_pack_matrix(handle, packing.arithmetic, &made, &scales), "packing a matrix")
            return PackedMatrix(
                matrix: try Tensor(owning: made, "packing a matrix"),
                layout: .own(
                    arithmetic: packing.arithmetic,
                    scales: try scales.map { try Tensor(owning: $0, "packing a matrix") }),
                columns: shape[0])
        }
    }

    /// `self · matrixᵀ + bias`, ended as said: `[…, k] × [m, k]ᵀ -> […, m]`, with `bias` `[m]`; all but the matrix of
    /// ``MatrixPacking/dtype``, on the CPU. Not differentiable.
    public func product(withPacked matrix: PackedMatrix, bias: Tensor?, ending: ProductEnding = .nothing) throws
        -> Tensor
    {
        switch matrix.layout {
        case .library: return try viaOneDNN(matrix.matrix, bias, ending)
        case .own(let arithmetic, let scales):
            var other: Tensor?
            if case .adding(let sum) = ending { other = sum }
            var made: ct_tensor?
            try check(
                ct_packed_product(
                    handle, arithmetic, matrix.matrix.handle, scales?.handle, bias?.handle, Int64(matrix.columns),
                    ending.code, other?.handle, &made),
                "a packed product")
            return try Tensor(owning: made, "a packed product")
        }
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
