/// Products of 32-bit matrices, as fast as the machine has them.
private enum Product {
    static let oneDNN = Operator("mkldnn::_linear_pointwise")
    static let linear = Operator("aten::linear")

    /// Whether this libtorch has oneDNN's operator: on AMD's processors it is more than twice as fast as the library
    /// behind `aten::mm` (190 against 85 GFLOP/s a core on Zen 5).
    static let hasOneDNN: Bool = {
        guard let probe = try? Tensor.ones([2, 2]) else { return false }
        return (try? viaOneDNN(probe, probe, nil)) != nil
    }()

    static func viaOneDNN(_ left: Tensor, _ right: Tensor, _ bias: Tensor?) throws -> Tensor {
        try oneDNN.one(.tensor(left), .tensor(right), .tensor(bias), .string("none"), .doubles([]), .string(""))
    }
}

extension Tensor {
    /// `self · otherᵀ + bias` in 32 bits: `[n, k] × [m, k]ᵀ -> [n, m]`, with `bias` `[m]`. Not differentiable.
    public func productWithTransposed(_ other: Tensor, bias: Tensor? = nil) throws -> Tensor {
        if Product.hasOneDNN, dtype == .float32, other.dtype == .float32, device.kind == .cpu {
            return try Product.viaOneDNN(self, other, bias)
        }
        return try Product.linear.one(.tensor(self), .tensor(other), .tensor(bias))
    }
}
