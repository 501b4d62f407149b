/// Element-by-element operators and matrix products.
private enum Math {
    static let addTensor = Operator("aten::add", overload: "Tensor")
    static let addScalar = Operator("aten::add", overload: "Scalar")
    static let subtractTensor = Operator("aten::sub", overload: "Tensor")
    static let subtractScalar = Operator("aten::sub", overload: "Scalar")
    static let multiplyTensor = Operator("aten::mul", overload: "Tensor")
    static let multiplyScalar = Operator("aten::mul", overload: "Scalar")
    static let divideTensor = Operator("aten::div", overload: "Tensor")
    static let divideScalar = Operator("aten::div", overload: "Scalar")
    static let negate = Operator("aten::neg")
    static let exponential = Operator("aten::exp")
    static let logarithm = Operator("aten::log")
    static let absolute = Operator("aten::abs")
    static let log2 = Operator("aten::log2")
    static let exp2 = Operator("aten::exp2")
    static let softplus = Operator("aten::softplus")
    static let dot = Operator("aten::dot")
    static let maximum = Operator("aten::maximum")
    static let clampMinimum = Operator("aten::clamp_min")
    static let clamp = Operator("aten::clamp")
    static let solve = Operator("aten::linalg_solve")
    static let matmul = Operator("aten::matmul")
    static let isFinite = Operator("aten::isfinite")
    static let equal = Operator("aten::eq", overload: "Tensor")
    static let greater = Operator("aten::gt", overload: "Tensor")
    static let maskedFill = Operator("aten::masked_fill", overload: "Scalar")
}

extension Tensor {
    /// Element by element, the shapes broadcast to each other, as with all four operators.
    public static func + (left: Tensor, right: Tensor) throws -> Tensor {
        try Math.addTensor.one(.tensor(left), .tensor(right))
    }
    /// A number added to every element.
    public static func + (left: Tensor, right: Double) throws -> Tensor {
        try Math.addScalar.one(.tensor(left), .double(right))
    }
    /// Element by element, broadcasting.
    public static func - (left: Tensor, right: Tensor) throws -> Tensor {
        try Math.subtractTensor.one(.tensor(left), .tensor(right))
    }
    /// A number taken from every element.
    public static func - (left: Tensor, right: Double) throws -> Tensor {
        try Math.subtractScalar.one(.tensor(left), .double(right))
    }
    /// Element by element, broadcasting; ``matmul(_:)`` is the matrix product.
    public static func * (left: Tensor, right: Tensor) throws -> Tensor {
        try Math.multiplyTensor.one(.tensor(left), .tensor(right))
    }
    /// Every element times a number.
    public static func * (left: Tensor, right: Double) throws -> Tensor {
        try Math.multiplyScalar.one(.tensor(left), .double(right))
    }
    /// Element by element, broadcasting; whole numbers give real ones.
    public static func / (left: Tensor, right: Tensor) throws -> Tensor {
        try Math.divideTensor.one(.tensor(left), .tensor(right))
    }
    /// Every element divided by a number.
    public static func / (left: Tensor, right: Double) throws -> Tensor {
        try Math.divideScalar.one(.tensor(left), .double(right))
    }
    /// Every element with the other sign.
    public static prefix func - (operand: Tensor) throws -> Tensor { try Math.negate.one(.tensor(operand)) }

    /// eˣ of every element.
    public func exponential() throws -> Tensor { try Math.exponential.one(.tensor(self)) }
    /// The natural logarithm of every element.
    public func logarithm() throws -> Tensor { try Math.logarithm.one(.tensor(self)) }
    /// The logarithm to base 2 of every element.
    public func log2() throws -> Tensor { try Math.log2.one(.tensor(self)) }
    /// 2ˣ of every element.
    public func exp2() throws -> Tensor { try Math.exp2.one(.tensor(self)) }

    /// ln(1 + eˣ), without overflow.
    public func softplus() throws -> Tensor { try Math.softplus.one(.tensor(self)) }

    /// The larger of two elements.
    public func maximum(_ other: Tensor) throws -> Tensor { try Math.maximum.one(.tensor(self), .tensor(other)) }

    /// Elements below `bound` raised to it.
    public func clamped(from bound: Double) throws -> Tensor {
        try Math.clampMinimum.one(.tensor(self), .double(bound))
    }

    /// Elements outside of a range moved to its nearer end.
    public func clamped(to range: ClosedRange<Double>) throws -> Tensor {
        try Math.clamp.one(.tensor(self), .double(range.lowerBound), .double(range.upperBound))
    }

    /// X in AX = B.
    /// - Throws: `TorchError` for a singular A.
    public static func solution(of a: Tensor, _ b: Tensor) throws -> Tensor {
        try Math.solve.one(.tensor(a), .tensor(b))
    }

    /// Σ of products of elements in the same place, a scalar; both are contiguous and of one shape.
    public func dot(_ other: Tensor) throws -> Tensor {
        try Math.dot.one(.tensor(reshaped([-1])), .tensor(other.reshaped([-1])))
    }

    /// Every element without its sign.
    public func absolute() throws -> Tensor { try Math.absolute.one(.tensor(self)) }

    /// The matrix product over the last two dimensions, broadcasting the others: `[…, n, k] × […, k, m] -> […, n, m]`.
    public func matmul(_ other: Tensor) throws -> Tensor { try Math.matmul.one(.tensor(self), .tensor(other)) }

    /// True where an element is neither infinite nor not-a-number.
    public func isFinite() throws -> Tensor { try Math.isFinite.one(.tensor(self)) }

    /// True where elements are equal.
    public func equal(to other: Tensor) throws -> Tensor { try Math.equal.one(.tensor(self), .tensor(other)) }

    /// True where this tensor's element is the greater.
    public func greater(than other: Tensor) throws -> Tensor { try Math.greater.one(.tensor(self), .tensor(other)) }

    /// `value` wherever `mask` is true.
    public func filled(where mask: Tensor, with value: Double) throws -> Tensor {
        try Math.maskedFill.one(.tensor(self), .tensor(mask), .double(value))
    }
}
