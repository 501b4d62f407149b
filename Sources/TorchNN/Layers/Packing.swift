import Foundation
import Torch

/// A layer whose products can be computed with matrices packed for the processor (see `Tensor.packed()`).
package protocol PackableLayer: Module {
    /// Nil for a layer that computes with its parameters as they are.
    var packing: Packing? { get set }
    /// What packed matrices are made of. It stays as it was loaded, whatever is computed in.
    var packedParameters: [Parameter] { get }
}

extension Module {
    /// Has everything below compute in `dtype`, on the CPU, with matrices that are packed for the processor where a layer
    /// has any. They are packed when they are first needed, so that a tower nobody asks costs nothing, from parameters
    /// that stay as they were loaded: in a file's memory, where they lie there. Where gradients are taken, the parameters are
    /// used as ever.
    public func pack(computingIn dtype: DType) throws {
        let layers = modules(of: (any PackableLayer).self)
        let kept = Set(layers.flatMap(\.packedParameters).map(ObjectIdentifier.init))
        for layer in layers { layer.packing = Packing(dtype) }
        for parameter in parameters where !kept.contains(ObjectIdentifier(parameter)) {
            try parameter.convert(to: dtype)
        }
    }

    /// Undoes ``pack(computingIn:)``: all parameters are of `dtype`, on `device`, and used as they are.
    public func unpack(computingIn dtype: DType, on device: Device = .cpu) throws {
        for layer in modules(of: (any PackableLayer).self) { layer.packing = nil }
        try convert(to: dtype, device: device)
    }
}

/// The packed matrices of one layer.
package final class Packing: @unchecked Sendable {
    /// What is computed in.
    let dtype: DType
    private let lock = NSLock()
    private var made: [Range<Int>: Matrix] = [:]  // guarded by `lock`

    private struct Matrix {
        /// What it was made of.
        let source: Tensor
        let matrix: Tensor
        let bias: Tensor?
    }

    /// What matrix and bias are multiplied by, for a layer whose activation is another's of a multiple.
    struct Factors: Equatable {
        var weight = 1.0
        var bias = 1.0
    }

    init(_ dtype: DType) { self.dtype = dtype }

    /// `input · weightᵀ + bias`, ended as said; nil where the parameters are to be used: where gradients are taken, on another
    /// device, for inputs of another type.
    /// - Parameters:
    ///   - weight: `[out, …]`, of which what follows the first dimension is taken for one.
    ///   - rows: of the weight; nil for all.
    ///   - bias: of those rows; asked for when they are packed.
    package func product(
        _ input: Tensor, weight: Parameter, rows: Range<Int>? = nil, bias: () throws -> Tensor?,
        ending: ProductEnding = .nothing
    ) throws -> Tensor? {
        try product(input, weight: weight, rows: rows, factors: Factors(), bias: bias, ending: ending)
    }

    func product(
        _ input: Tensor, weight: Parameter, rows: Range<Int>? = nil, factors: Factors, bias: () throws -> Tensor?,
        ending: ProductEnding = .nothing
    ) throws -> Tensor? {
        guard isUsed(for: input) else { return nil }
        let rows = rows ?? 0..<weight.shape[0]
        let matrix = try matrix(of: weight.tensor, rows) { source in
            let weight = try source.slice(rows).reshaped([rows.count, -1])
            return (
                try Self.times(weight, factors.weight).converted(to: dtype).packed(),
                try bias().map { try Self.times($0, factors.bias) }
            )
        }
        return try input.product(withPacked: matrix.matrix, bias: matrix.bias, ending: ending)
    }

    /// ``Convolution``, with a normalization after it in one with its kernel; nil where the parameters are to be used.
    func convolution(
        _ input: Tensor, _ layer: Convolution, norm: BatchNorm2d?, ending: ConvolutionEnding
    ) throws -> Tensor? {
        guard isUsed(for: input), Tensor.packsKernels(dtype) else { return nil }
        let kernel = try matrix(of: layer.weight.tensor, Self.kernel) { source in
            var (weight, bias) = (try source.detached(), try layer.bias?.tensor.detached())
            if let norm {
                let (scale, shift) = try norm.scaleAndShift()
                weight = try weight * scale.reshaped([-1, 1, 1, 1])
                bias = try bias.map { try $0 * scale + shift } ?? shift
            }
            return (try weight.converted(to: dtype).packedKernel(layer.shape, for: input.shape), bias)
        }
        return try input.convolution(withPacked: kernel.matrix, bias: kernel.bias, layer.shape, ending: ending)
    }

    /// A convolution's only entry.
    private static let kernel = 0..<0

    private func isUsed(for input: Tensor) -> Bool {
        guard !Engine.recordsGradients else {
            // A step may follow, which writes into the parameters.
            lock.withLock { made = [:] }
            return false
        }
        return input.dtype == dtype && input.device.kind == .cpu
    }

    /// What was made of a parameter as it is now, or is made the first time.
    private func matrix(
        of source: Tensor, _ rows: Range<Int>, _ make: (Tensor) throws -> (matrix: Tensor, bias: Tensor?)
    ) throws -> Matrix {
        try lock.withLock {
            if let known = made[rows], known.source === source { return known }
            // Kept for as long as the model, and not only in inference mode.
            let matrix = try Engine.outsideInference {
                try Engine.withoutGradients {
                    let (matrix, bias) = try make(source)
                    return Matrix(
                        source: source, matrix: matrix, bias: try bias?.converted(to: dtype).contiguous())
                }
            }
            made[rows] = matrix
            return matrix
        }
    }

    private static func times(_ values: Tensor, _ factor: Double) throws -> Tensor {
        factor == 1 ? values : try values * factor
    }
}

extension Tensor {
    /// ``linear(weight:bias:)`` by parameters that may be of another type than what is computed in.
    package func linear(of packing: Packing?, weight: Tensor, bias: Tensor?) throws -> Tensor {
        guard packing != nil else { return try linear(weight: weight, bias: bias) }
        return try linear(weight: weight.converted(to: dtype), bias: bias?.converted(to: dtype))
    }
}
