import Torch

/// A learnable tensor of a module. Its values are replaced by loading and written in place by optimizers.
public final class Parameter {
    public private(set) var tensor: Tensor

    /// Parameters start on the CPU in 32-bit floating point.
    public init(_ tensor: Tensor) throws {
        self.tensor = try tensor.setRequiresGradient()
    }

    /// A parameter of zeros, to be initialized or loaded.
    public convenience init(zeros shape: Int...) throws {
        try self.init(Tensor.zeros(shape))
    }

    /// A parameter of ones.
    public convenience init(ones shape: Int...) throws {
        try self.init(Tensor.ones(shape))
    }

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
        var values = try tensor.detached()
        if let device { values = try values.moved(to: device) }
        if let dtype { values = try values.converted(to: dtype) }
        try replace(with: values)
    }
}
