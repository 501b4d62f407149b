import Torch

/// How a parameter's first values are drawn.
public enum Initializer: Sendable {
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

    @TaskLocal private static var isSkipped = false

    /// Runs `body` leaving parameters at zero, for modules whose values are about to be loaded: drawing hundreds of
    /// millions of random numbers to throw them away would take seconds.
    public static func skipping<R>(_ body: () throws -> R) rethrows -> R {
        try $isSkipped.withValue(true, operation: body)
    }

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
