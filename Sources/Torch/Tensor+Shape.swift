/// Operators that rearrange, pick and join.
private enum Shape {
    static let reshape = Operator("aten::reshape")
    static let permute = Operator("aten::permute")
    static let transpose = Operator("aten::transpose", overload: "int")
    static let unsqueeze = Operator("aten::unsqueeze")
    static let squeeze = Operator("aten::squeeze", overload: "dim")
    static let expand = Operator("aten::expand")
    static let slice = Operator("aten::slice", overload: "Tensor")
    static let select = Operator("aten::select", overload: "int")
    static let indexSelect = Operator("aten::index_select")
    static let indexCopy = Operator("aten::index_copy")
    static let index = Operator("aten::index", overload: "Tensor")
    static let concatenate = Operator("aten::cat")
    static let stack = Operator("aten::stack")
    static let flip = Operator("aten::flip")
    static let pad = Operator("aten::constant_pad_nd")
    static let split = Operator("aten::split", overload: "Tensor")
}

extension Tensor {
    /// The same elements in another shape; one size may be -1, to be worked out.
    public func reshaped(_ shape: [Int]) throws -> Tensor { try Shape.reshape.one(.tensor(self), .ints(shape)) }

    /// Dimensions in another order.
    public func permuted(_ dimensions: [Int]) throws -> Tensor {
        try Shape.permute.one(.tensor(self), .ints(dimensions))
    }

    /// Two dimensions exchanged; by default the last two.
    public func transposed(_ first: Int = -2, _ second: Int = -1) throws -> Tensor {
        try Shape.transpose.one(.tensor(self), .int(first), .int(second))
    }

    /// A dimension of size 1 inserted.
    public func unsqueezed(_ dimension: Int) throws -> Tensor {
        try Shape.unsqueeze.one(.tensor(self), .int(dimension))
    }

    /// A dimension of size 1 removed.
    public func squeezed(_ dimension: Int) throws -> Tensor { try Shape.squeeze.one(.tensor(self), .int(dimension)) }

    /// Dimensions of size 1 repeated without a copy; -1 keeps a size.
    public func expanded(_ shape: [Int]) throws -> Tensor { try Shape.expand.one(.tensor(self), .ints(shape)) }

    /// Elements `range` of one dimension, without a copy. The range is cut to what there is.
    public func slice(_ range: Range<Int>, dimension: Int = 0) throws -> Tensor {
        try Shape.slice.one(.tensor(self), .int(dimension), .int(range.lowerBound), .int(range.upperBound))
    }

    /// Element `index` of one dimension, which disappears.
    public func select(_ index: Int, dimension: Int = 0) throws -> Tensor {
        try Shape.select.one(.tensor(self), .int(dimension), .int(index))
    }

    /// Elements of one dimension by position.
    /// - Parameter indices: int64 `[N]`.
    public func rows(_ indices: Tensor, dimension: Int = 0) throws -> Tensor {
        try Shape.indexSelect.one(.tensor(self), .int(dimension), .tensor(indices))
    }

    /// A copy in which row `indices[i]` is row `i` of `rows`: `[N, …]` from int64 `[n]` and `[n, …]`. No index may come
    /// twice.
    public func replacingRows(_ indices: Tensor, with rows: Tensor) throws -> Tensor {
        try Shape.indexCopy.one(.tensor(self), .int(0), .tensor(indices), .tensor(rows))
    }

    /// For each row `b` of `[B, L, …]`, element `positions[b]`: `[B, …]`.
    public func atPositions(_ positions: Tensor) throws -> Tensor {
        let rows = try Tensor.range(shape.first ?? 0, device: device)
        return try Shape.index.one(.tensor(self), .tensors([rows, positions]))
    }

    /// Tensors joined along an existing dimension.
    public static func concatenated(_ tensors: [Tensor], dimension: Int = 0) throws -> Tensor {
        try Shape.concatenate.one(.tensors(tensors), .int(dimension))
    }

    /// Tensors of one shape joined along a new dimension.
    public static func stacked(_ tensors: [Tensor], dimension: Int = 0) throws -> Tensor {
        try Shape.stack.one(.tensors(tensors), .int(dimension))
    }

    /// Consecutive pieces of `size` along one dimension; the last may be smaller.
    public func split(_ size: Int, dimension: Int = 0) throws -> [Tensor] {
        let length = shape[dimension < 0 ? rank + dimension : dimension]
        let pieces = max(1, (length + max(1, size) - 1) / max(1, size))
        return try Shape.split.all([.tensor(self), .int(size), .int(dimension)], capacity: pieces).compactMap { $0 }
    }

    /// Dimensions reversed.
    public func flipped(_ dimensions: [Int]) throws -> Tensor { try Shape.flip.one(.tensor(self), .ints(dimensions)) }

    /// Zeros put around: pairs (before, after) from the last dimension backwards.
    public func padded(_ amounts: [Int], value: Double = 0) throws -> Tensor {
        try Shape.pad.one(.tensor(self), .ints(amounts), .double(value))
    }
}
