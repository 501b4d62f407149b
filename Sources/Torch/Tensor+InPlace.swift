/// Operators that write into their first argument.
private enum Write {
    static let copy = Operator("aten::copy_")
    static let fill = Operator("aten::fill_", overload: "Scalar")
    static let add = Operator("aten::add_", overload: "Scalar")
    static let clamp = Operator("aten::clamp_")
    static let normal = Operator("aten::normal_")
    static let multiply = Operator("aten::mul_", overload: "Scalar")
    static let uniform = Operator("aten::uniform_")
    static let foreachNorm = Operator("aten::_foreach_norm", overload: "Scalar")
    static let foreachAdd = Operator("aten::_foreach_add_", overload: "Scalar")
    static let foreachInterpolate = Operator("aten::_foreach_lerp_", overload: "Scalar")
    static let addTensor = Operator("aten::add_", overload: "Tensor")
    static let subtractTensor = Operator("aten::sub_", overload: "Tensor")
    static let subtractScalar = Operator("aten::sub_", overload: "Scalar")
    static let multiplyTensor = Operator("aten::mul_", overload: "Tensor")
    static let exp2 = Operator("aten::exp2_")
    static let sigmoid = Operator("aten::sigmoid_")
    static let maskedFill = Operator("aten::masked_fill_", overload: "Scalar")
    static let indexAdd = Operator("aten::index_add_")
    static let maximum = Operator("aten::maximum", overload: "out")
    static let fusedAdamW = Operator("aten::_fused_adamw_")
}

extension Tensor {
    /// Takes over the values of `source`, converting and moving them as needed.
    public func copyInPlace(_ source: Tensor) throws { try Write.copy.run(.tensor(self), .tensor(source)) }

    /// Writes one value everywhere.
    public func fillInPlace(_ value: Double) throws { try Write.fill.run(.tensor(self), .double(value)) }

    /// Adds a whole number, which is exact for integer tensors too.
    public func addInPlace(_ amount: Int) throws { try Write.add.run(.tensor(self), .int(amount)) }

    /// Multiplies every element by a number.
    public func multiplyInPlace(_ factor: Double) throws { try Write.multiply.run(.tensor(self), .double(factor)) }

    /// Raises elements below the range to its lower end, and lowers those above to its upper.
    public func clampInPlace(to range: ClosedRange<Double>) throws {
        try Write.clamp.run(.tensor(self), .double(range.lowerBound), .double(range.upperBound))
    }

    /// Adds `amount` times another tensor, broadcast to this one's shape.
    public func addInPlace(_ other: Tensor, times amount: Double = 1) throws {
        try Write.addTensor.run(.tensor(self), .tensor(other), .double(amount))
    }

    /// Subtracts a tensor, broadcast to this one's shape.
    public func subtractInPlace(_ other: Tensor) throws {
        try Write.subtractTensor.run(.tensor(self), .tensor(other))
    }

    /// Takes a number from every element.
    public func subtractInPlace(_ amount: Double) throws {
        try Write.subtractScalar.run(.tensor(self), .double(amount))
    }

    /// Multiplies by a tensor, broadcast to this one's shape.
    public func multiplyInPlace(_ other: Tensor) throws {
        try Write.multiplyTensor.run(.tensor(self), .tensor(other))
    }

    /// Two to the power of every element; several times faster than e's powers.
    public func exp2InPlace() throws { try Write.exp2.run(.tensor(self)) }

    /// 1/(1 + e⁻ˣ) of every element.
    public func sigmoidInPlace() throws { try Write.sigmoid.run(.tensor(self)) }

    /// Writes `value` wherever `mask` is true.
    public func fillInPlace(where mask: Tensor, with value: Double) throws {
        try Write.maskedFill.run(.tensor(self), .tensor(mask), .double(value))
    }

    /// Adds each row of `source` to this tensor's row of that index; rows named twice are added twice.
    /// - Parameter indices: int64, one per row of `source`.
    public func addRowsInPlace(_ source: Tensor, at indices: Tensor) throws {
        try Write.indexAdd.run(.tensor(self), .int(0), .tensor(indices), .tensor(source))
    }

    /// Keeps the larger of this tensor's element and the other's.
    public func maximumInPlace(_ other: Tensor) throws {
        try Write.maximum.run(.tensor(self), .tensor(other), .tensor(self))
    }

    /// Draws every element from a normal distribution.
    public func fillNormalInPlace(mean: Double = 0, standardDeviation: Double) throws {
        try Write.normal.run(.tensor(self), .double(mean), .double(standardDeviation))
    }

    /// Draws every element from a uniform distribution.
    public func fillUniformInPlace(in range: Range<Double>) throws {
        try Write.uniform.run(.tensor(self), .double(range.lowerBound), .double(range.upperBound))
    }

    /// The Euclidean length of all elements of all tensors together, as a scalar.
    public static func norm(of tensors: [Tensor]) throws -> Tensor {
        let norms = try Write.foreachNorm.all([.tensors(tensors)], capacity: tensors.count).compactMap { $0 }
        return try Tensor.stacked(norms).norm()
    }

    /// Adds a number to every element of every tensor, in one pass.
    public static func addInPlace(_ tensors: [Tensor], _ amount: Int) throws {
        try Write.foreachAdd.run(.tensors(tensors), .int(amount))
    }

    /// Moves every tensor by a share of the way to its target: tensor + share·(target − tensor).
    package static func interpolateInPlace(_ tensors: [Tensor], towards targets: [Tensor], by share: Double) throws {
        try Write.foreachInterpolate.run(.tensors(tensors), .tensors(targets), .double(share))
    }

    /// One step of AdamW over a group of parameters, in one pass over memory (Loshchilov and Hutter, arXiv 1711.05101).
    /// - Parameter gradientFactor: what gradients are multiplied by on the way; if not 1, in place.
    package static func adamWInPlace(
        parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor],
        gradientFactor: Double = 1, learningRate: Double, beta1: Double, beta2: Double, weightDecay: Double,
        epsilon: Double
    ) throws {
        // The operator divides by its scale.
        let scale =
            try gradientFactor == 1 ? nil : full([], 1 / gradientFactor, device: parameters.first?.device ?? .cpu)
        try Write.fusedAdamW.run(
            .tensors(parameters), .tensors(gradients), .tensors(firstMoments), .tensors(secondMoments), .tensors([]),
            .tensors(steps), .double(learningRate), .double(beta1), .double(beta2), .double(weightDecay),
            .double(epsilon), .bool(false), .bool(false), .tensor(scale))
    }
}
