import CTorch

/// A libtorch tensor. Copies of the reference share one tensor; the last one to go releases it.
///
/// libtorch's tensors are reference-counted atomically and reading them from several threads is safe. Writing to one
/// in place (the methods that end in `InPlace`) while another thread uses it is not.
public final class Tensor: @unchecked Sendable {
    let handle: ct_tensor
    /// The type of the elements.
    public let dtype: DType

    /// Takes over an owned handle.
    init(owning handle: ct_tensor?, _ context: @autoclosure () -> String) throws {
        guard let handle else { throw TorchError(context: context(), message: "libtorch returned no tensor") }
        guard let dtype = DType(rawValue: ct_tensor_dtype(handle)) else {
            let code = ct_tensor_dtype(handle)
            ct_tensor_release(handle)
            throw TorchError(context: context(), message: "libtorch's element type \(code) is not supported here")
        }
        self.handle = handle
        self.dtype = dtype
    }

    deinit { ct_tensor_release(handle) }

    // MARK: From and to host memory

    /// Copies `elements`, row-major, into a new CPU tensor of the given shape.
    public convenience init<Element: TensorElement>(_ elements: [Element], shape: [Int]) throws {
        try self.init(
            owning: elements.withUnsafeBytes { try Tensor.copy($0, shape: shape, dtype: Element.dtype) }, "Tensor")
    }

    /// A one-dimensional tensor of `elements`.
    public convenience init<Element: TensorElement>(_ elements: [Element]) throws {
        try self.init(elements, shape: [elements.count])
    }

    /// Copies raw bytes, row-major, into a new CPU tensor.
    public convenience init(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws {
        try self.init(owning: Tensor.copy(bytes, shape: shape, dtype: dtype), "Tensor")
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws -> ct_tensor? {
        try checkSize(of: bytes, shape: shape, dtype: dtype)
        Engine.initialize()
        let sizes = shape.map(Int64.init)
        var made: ct_tensor?
        try check(
            ct_tensor_from_host(bytes.baseAddress, sizes, sizes.count, dtype.rawValue, &made), "Tensor \(shape)")
        return made
    }

    /// A CPU tensor over memory that `owner` keeps alive and nobody writes to; nothing is copied.
    /// - Parameter bytes: row-major elements, aligned for `dtype`.
    public convenience init(
        borrowing bytes: UnsafeRawBufferPointer, ownedBy owner: AnyObject, shape: [Int], dtype: DType
    ) throws {
        try Tensor.checkSize(of: bytes, shape: shape, dtype: dtype)
        Engine.initialize()
        let context = Unmanaged.passRetained(owner)
        let sizes = shape.map(Int64.init)
        var made: ct_tensor?
        let status = ct_tensor_borrowing_host(
            UnsafeMutableRawPointer(mutating: bytes.baseAddress), sizes, sizes.count, dtype.rawValue,
            { pointer in if let pointer { Unmanaged<AnyObject>.fromOpaque(pointer).release() } },
            context.toOpaque(), &made)
        if status != 0 { context.release() }
        try check(status, "Tensor \(shape)")
        try self.init(owning: made, "Tensor")
    }

    private static func checkSize(of bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws {
        var wanted = dtype.byteCount
        for size in shape {
            let (product, overflow) = wanted.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else {
                throw TorchError(context: "Tensor", message: "shape \(shape) is negative or too large")
            }
            wanted = product
        }
        guard bytes.count == wanted else {
            let message = "\(bytes.count) bytes given where shape \(shape) of \(dtype) takes \(wanted)"
            throw TorchError(context: "Tensor", message: message)
        }
    }

    /// The elements, row-major, converted to `Element` where the tensor holds another type.
    public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) throws -> [Element] {
        let source = try converted(to: Element.dtype)
        let count = source.count
        return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            try check(ct_tensor_to_host(source.handle, bytes.baseAddress, bytes.count), "elements")
            initialized = count
        }
    }

    /// The bytes of the elements as they are, row-major.
    public func bytes() throws -> [UInt8] {
        let count = count * dtype.byteCount
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try check(ct_tensor_to_host(handle, buffer.baseAddress, count), "bytes")
            initialized = count
        }
    }

    /// The only element of a tensor that has one.
    public func item() throws -> Double {
        guard count == 1 else {
            throw TorchError(context: "item", message: "a tensor of shape \(shape) has \(count) elements, not one")
        }
        return try elements(Double.self)[0]
    }

    // MARK: What it is

    /// The size of each dimension.
    public var shape: [Int] {
        let rank = ct_tensor_rank(handle)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: rank) { sizes in
            ct_tensor_sizes(handle, sizes.baseAddress)
            return sizes.map { Int($0) }
        }
    }

    /// The number of dimensions; 0 for a scalar.
    public var rank: Int { ct_tensor_rank(handle) }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Where the elements are.
    public var device: Device { Device(code: ct_tensor_device(handle)) ?? .cpu }
}

extension Tensor: CustomStringConvertible {
    /// Shape, element type and device; no values.
    public var description: String { "Tensor(shape: \(shape), dtype: \(dtype), device: \(device))" }
}
