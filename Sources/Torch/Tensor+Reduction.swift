import CTorch

/// Operators that reduce or order elements.
private enum Reduce {
    static let sum = Operator("aten::sum")
    static let sumAlong = Operator("aten::sum", overload: "dim_IntList")
    static let mean = Operator("aten::mean")
    static let meanAlong = Operator("aten::mean", overload: "dim")
    static let maximum = Operator("aten::amax")
    static let minimum = Operator("aten::amin")
    static let argmax = Operator("aten::argmax")
    static let topk = Operator("aten::topk")
    static let norm = Operator("aten::linalg_vector_norm")
    static let softmax = Operator("aten::softmax", overload: "int")
    static let logSoftmax = Operator("aten::log_softmax", overload: "int")
    static let logSumExp = Operator("aten::logsumexp")
    static let all = Operator("aten::all")
    static let clampMinimum = Operator("aten::clamp_min")
}

extension Tensor {
    /// Σ of all elements, a scalar.
    public func sum() throws -> Tensor { try Reduce.sum.one(.tensor(self)) }

    /// Σ along a dimension, which goes, or with `keep` has size 1.
    public func sum(along dimension: Int, keep: Bool = false) throws -> Tensor {
        try Reduce.sumAlong.one(.tensor(self), .ints([dimension]), .bool(keep))
    }

    /// The mean of all elements, a scalar.
    public func mean() throws -> Tensor { try Reduce.mean.one(.tensor(self)) }

    /// The mean along a dimension, which goes, or with `keep` has size 1.
    public func mean(along dimension: Int, keep: Bool = false) throws -> Tensor {
        try Reduce.meanAlong.one(.tensor(self), .ints([dimension]), .bool(keep))
    }

    /// The largest element along a dimension.
    public func maximum(along dimension: Int, keep: Bool = false) throws -> Tensor {
        try Reduce.maximum.one(.tensor(self), .ints([dimension]), .bool(keep))
    }

    /// The smallest element along a dimension.
    public func minimum(along dimension: Int, keep: Bool = false) throws -> Tensor {
        try Reduce.minimum.one(.tensor(self), .ints([dimension]), .bool(keep))
    }

    /// The position of the (first) largest element along a dimension.
    public func argmax(along dimension: Int) throws -> Tensor {
        try Reduce.argmax.one(.tensor(self), .int(dimension))
    }

    /// The `count` largest elements along a dimension and their positions, largest first.
    public func largest(_ count: Int, along dimension: Int = -1) throws -> (values: Tensor, indices: Tensor) {
        let pair = try Reduce.topk.all([.tensor(self), .int(count), .int(dimension)])
        guard pair.count == 2, let values = pair[0], let indices = pair[1] else {
            throw TorchError(context: "topk", message: "the operator did not return values and positions")
        }
        return (values, indices)
    }

    /// The Euclidean length along a dimension, or of all elements.
    public func norm(along dimension: Int? = nil, keep: Bool = false) throws -> Tensor {
        try Reduce.norm.one(.tensor(self), .double(2), dimension.map { .ints([$0]) } ?? .none, .bool(keep))
    }

    /// Divided by the Euclidean length along a dimension, which is taken as at least 1e-12 (as `torch.nn.functional.normalize`).
    public func normalized(along dimension: Int = -1) throws -> Tensor {
        let length = try Reduce.clampMinimum.one(.tensor(norm(along: dimension, keep: true)), .double(1e-12))
        return try self / length
    }

    /// eˣ/Σeˣ along a dimension, computed without overflow.
    public func softmax(along dimension: Int) throws -> Tensor {
        try Reduce.softmax.one(.tensor(self), .int(dimension))
    }

    /// The logarithm of ``softmax(along:)``, computed without overflow.
    public func logSoftmax(along dimension: Int) throws -> Tensor {
        try Reduce.logSoftmax.one(.tensor(self), .int(dimension))
    }

    /// log Σ exp along a dimension, computed without overflow.
    public func logSumExp(along dimension: Int, keep: Bool = false) throws -> Tensor {
        try Reduce.logSumExp.one(.tensor(self), .ints([dimension]), .bool(keep))
    }

    /// Whether every element is true (or not zero).
    public func allTrue() throws -> Bool { try Reduce.all.one(.tensor(self)).item() != 0 }

    /// Whether no element is not a number or, in single precision, infinite.
    public func isAllFinite() throws -> Bool {
        // A checkpoint's weights are read for this alone, as fast as memory is.
        let known = ct_tensor_all_finite(handle)
        if known >= 0 { return known == 1 }
        return try converted(to: .float32).isFinite().allTrue()
    }
}
