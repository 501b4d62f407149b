import Torch

/// A learnable tensor of a module. Its values are replaced by loading and written in place by optimizers.
public final class Parameter {
    /// What there is now; replaced as a whole by loading and moving.
    public private(set) var tensor: Tensor

    /// Parameters start on the CPU in 32-bit floating point.
    public init(_ tensor: Tensor) throws {
        self.tensor = try tensor.setRequiresGradient()
    }

    /// A parameter of zeros, to be initialized or loaded. Inside ``Initializer/skipping(_:)`` all share one element: what is
    /// replaced by loading needs no memory before.
    public convenience init(zeros shape: Int...) throws {
        try self.init(Initializer.isSkipped ? Tensor.zeros([]).expanded(shape) : Tensor.zeros(shape))
    }

    /// A parameter of ones.
    public convenience init(ones shape: Int...) throws {
        try self.init(Tensor.ones(shape))
    }

    /// Fixed from the start.
    public var shape: [Int] { tensor.shape }

    /// Whether gradients are taken, and optimizers move it; true after creation.
    public var isTrainable: Bool { tensor.requiresGradient }

    /// Has it trained or left as it is. A gradient there is, is dropped.
    public func setTrainable(_ isTrainable: Bool) throws {
        try tensor.setRequiresGradient(isTrainable)
        if !isTrainable { try tensor.setGradient(nil) }
    }

    /// Replaces the values, and with them the element type and device. The shape must be the same.
    public func replace(with values: Tensor) throws {
        guard values.shape == shape else {
            throw TorchError(context: "Parameter", message: "shape \(values.shape) given for one of \(shape)")
        }
        tensor = try values.detached().setRequiresGradient(tensor.requiresGradient)
    }

    /// Moves or converts the values.
    public func convert(to dtype: DType? = nil, device: Device? = nil) throws {
        try replace(with: tensor, as: dtype ?? tensor.dtype, on: device ?? tensor.device)
    }

    /// Replaces the values by others, converted and moved. The shape must be the same.
    func replace(with source: Tensor, as dtype: DType, on device: Device) throws {
        try replace(with: source.detached().moved(to: device).converted(to: dtype))
        // Where they lie in a file, nothing of them is read again.
        if dtype != source.dtype || device != source.device { source.releaseFilePages() }
    }
}

/// A tensor of a module that belongs to its state but is not learned by gradients: running statistics, counters.
///
/// It keeps its element type whatever a model computes in: running statistics lose too much in 16 bits, and counters are
/// whole numbers.
public final class Buffer {
    /// What there is now; replaced as a whole by loading and moving.
    public private(set) var tensor: Tensor
    /// Whether a state without it can be loaded. Only for what older files of a kind do not have.
    public let isOptional: Bool
    private let initialValue: Double

    /// A buffer on the CPU with every element the same.
    public init(_ shape: [Int], filledWith value: Double, dtype: DType = .float32, isOptional: Bool = false) throws {
        tensor = try Tensor.full(shape, value, dtype: dtype)
        initialValue = value
        self.isOptional = isOptional
    }

    /// Fixed from the start.
    public var shape: [Int] { tensor.shape }

    /// Replaces the values by a copy, converted to this buffer's element type and moved to its device. The shape must be
    /// the same.
    public func replace(with values: Tensor) throws {
        guard values.shape == shape else {
            throw TorchError(context: "Buffer", message: "shape \(values.shape) given for one of \(shape)")
        }
        // A copy, since training writes into it and `values` may be a file's memory or another model's.
        tensor = try values.detached().converted(to: tensor.dtype).moved(to: tensor.device).copied()
    }

    /// Puts every element back to where it began.
    public func reset() throws { try tensor.fillInPlace(initialValue) }

    func move(to device: Device) throws { tensor = try tensor.moved(to: device) }
}

/// How a parameter's first values are drawn.
public enum Initializer: Sendable {
    /// Every element the same.
    case constant(Double)
    /// Normal with mean 0 and the given standard deviation.
    case normal(Double)
    /// Uniform between -bound and bound.
    case uniform(bound: Double)

    /// PyTorch's default for linear and convolution weights and biases: uniform within ±1/√fan-in
    /// (`kaiming_uniform_` with a = √5).
    public static func uniformByFanIn(_ fanIn: Int) -> Initializer {
        .uniform(bound: 1 / Double(max(1, fanIn)).squareRoot())
    }

    @TaskLocal fileprivate static var isSkipped = false

    /// Runs `body` leaving parameters at zero, not to be written in place, for modules whose values are about to be loaded: drawing hundreds of
    /// millions of random numbers to throw them away would take seconds.
    public static func skipping<R>(_ body: () throws -> R) rethrows -> R {
        try $isSkipped.withValue(true, operation: body)
    }

    /// Writes the first values in place, by libtorch's generator; nothing inside ``skipping(_:)``.
    public func apply(to parameter: Parameter) throws {
        if Self.isSkipped { return }
        let values = try parameter.tensor.detached()
        switch self {
        case .constant(let value): try values.fillInPlace(value)
        case .normal(let deviation): try values.fillNormalInPlace(standardDeviation: deviation)
        case .uniform(let bound): try values.fillUniformInPlace(in: -bound..<bound)
        }
    }
}
