import Torch

/// A tensor of a module that belongs to its state but is not learned by gradients: running statistics, counters.
///
/// It keeps its element type whatever a model computes in: running statistics lose too much in 16 bits, and counters are
/// whole numbers.
public final class Buffer {
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
