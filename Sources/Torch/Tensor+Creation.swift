/// Operators that make or convert tensors.
private enum Create {
    static let empty = Operator("aten::empty", overload: "memory_format")
    static let full = Operator("aten::full")
    static let arange = Operator("aten::arange")
    static let eye = Operator("aten::eye")
    static let randn = Operator("aten::randn")
    static let rand = Operator("aten::rand")
    static let convertType = Operator("aten::to", overload: "dtype")
    static let convertDevice = Operator("aten::to", overload: "device")
    static let pin = Operator("aten::pin_memory")
    static let clone = Operator("aten::clone")
    static let detach = Operator("aten::detach")
    static let contiguous = Operator("aten::contiguous")
    static let zerosLike = Operator("aten::zeros_like")
    static let onesLike = Operator("aten::ones_like")
}

extension Tensor {
    /// Every element `value`.
    public static func full(_ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu) throws
        -> Tensor
    {
        Engine.initialize()
        return try Create.full.one(.ints(shape), .double(value), .dtype(dtype), .none, .device(device))
    }

    /// Every element 0.
    public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        try full(shape, 0, dtype: dtype, device: device)
    }

    /// Every element 1.
    public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        try full(shape, 1, dtype: dtype, device: device)
    }

    /// Memory with no values set.
    public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        Engine.initialize()
        return try Create.empty.one(.ints(shape), .dtype(dtype), .none, .device(device))
    }

    /// 0, 1, … `count` - 1.
    public static func range(_ count: Int, dtype: DType = .int64, device: Device = .cpu) throws -> Tensor {
        try Create.arange.one(.int(count), .dtype(dtype), .none, .device(device))
    }

    /// The identity matrix `[count, count]`.
    public static func identity(_ count: Int, dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        try Create.eye.one(.int(count), .dtype(dtype), .none, .device(device))
    }

    /// Draws from the standard normal distribution.
    public static func normal(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        try Create.randn.one(.ints(shape), .dtype(dtype), .none, .device(device))
    }

    /// Draws from the uniform distribution on [0, 1).
    public static func uniform(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) throws -> Tensor {
        try Create.rand.one(.ints(shape), .dtype(dtype), .none, .device(device))
    }

    /// Zeros of this tensor's shape, type and device.
    public func zerosLike() throws -> Tensor { try Create.zerosLike.one(.tensor(self)) }

    /// Ones of this tensor's shape, type and device.
    public func onesLike() throws -> Tensor { try Create.onesLike.one(.tensor(self)) }

    /// The same values in another element type; this tensor itself where it has it already.
    public func converted(to dtype: DType) throws -> Tensor {
        dtype == self.dtype ? self : try Create.convertType.one(.tensor(self), .dtype(dtype))
    }

    /// The same values on another device; this tensor itself where it is there already.
    public func moved(to device: Device) throws -> Tensor {
        let here = self.device
        if here.kind == device.kind, device.index == nil || device.index == here.index { return self }
        return try Create.convertDevice.one(.tensor(self), .device(device), .dtype(dtype))
    }

    /// Host memory's values on another device, without waiting for the copy or for the work queued there before it.
    ///
    /// To a GPU the values go by pinned memory, which libtorch keeps until the copy is done: this tensor may be let go at
    /// once. Elsewhere it is ``moved(to:)``.
    public func uploaded(to device: Device) throws -> Tensor {
        guard device.kind == .cuda, self.device.kind == .cpu else { return try moved(to: device) }
        let pinned = try Create.pin.one(.tensor(self))
        return try Create.convertDevice.one(.tensor(pinned), .device(device), .dtype(dtype), .bool(true))
    }

    /// A copy with memory of its own.
    public func copied() throws -> Tensor { try Create.clone.one(.tensor(self)) }

    /// The same memory, cut off from differentiation.
    public func detached() throws -> Tensor { try Create.detach.one(.tensor(self)) }

    /// Row-major in memory; this tensor itself where it is so already.
    public func contiguous() throws -> Tensor { try Create.contiguous.one(.tensor(self)) }

    /// The same pictures `[B, C, H, W]` with the channels of a place side by side in memory, as convolutions like them.
    public func channelsLast() throws -> Tensor {
        try Create.contiguous.one(.tensor(self), .int(2))  // c10's MemoryFormat::ChannelsLast
    }
}
