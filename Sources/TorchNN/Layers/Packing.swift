import Foundation
import Torch

/// A layer whose products can be computed with matrices packed for the processor (see `MatrixPacking`).
package protocol PackableLayer: Module {
    /// Nil for a layer that computes with its parameters as they are.
    var packing: Packing? { get set }
    /// What packed matrices are made of. It stays as it was loaded, whatever is computed in.
    var packedParameters: [Parameter] { get }
}

extension Module {
    /// Has everything below compute with matrices that are packed for the processor where a layer has any, and in
    /// ``MatrixPacking/dtype`` throughout, on the CPU. They are packed when they are first needed, so that a tower nobody asks costs nothing, from parameters
    /// that stay as they were loaded: in a file's memory, where they lie there. Where gradients are taken, the parameters are
    /// used as ever.
    public func pack(as packing: MatrixPacking) throws {
        let layers = modules(of: (any PackableLayer).self)
        let kept = Set(layers.flatMap(\.packedParameters).map(ObjectIdentifier.init))
        for layer in layers { layer.packing = Packing(packing) }
        for parameter in parameters where !kept.contains(ObjectIdentifier(parameter)) {
            try parameter.convert(to: packing.dtype)
        }
    }

    /// Undoes ``pack(as:)``: all parameters are of `dtype`, on `device`, and used as they are.
    public func unpack(computingIn dtype: DType, on device: Device = .cpu) throws {
        for layer in modules(of: (any PackableLayer).self) { layer.packing = nil }
        try convert(to: dtype, device: device)
    }
}

/// The packed matrices of one layer.
package final class Packing: @unchecked Sendable {
    private let packing: MatrixPacking
    private let lock = NSLock()
    private var made: [Range<Int>: Matrix] = [:]  // guarded by `lock`

    private struct Matrix {
        /// What it was made of.
        let source: Tensor
        let values: Values
        let bias: Tensor?

        enum Values {
            case matrix(PackedMatrix)
            case kernel(Tensor)
        }
    }

    /// What matrix and bias are multiplied by, for a layer whose activation is another's of a multiple.
    struct Factors: Equatable {
        var weight = 1.0
        var bias = 1.0
    }

    init(_ packing: MatrixPacking) { self.packing = packing }

    /// What is computed in, between products of integers too.
    var dtype: DType { packing.dtype }

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
                .matrix(try Self.times(weight, factors.weight).packed(packing)),
                try bias().map { try Self.times($0, factors.bias).converted(to: dtype) }
            )
        }
        guard case .matrix(let packed) = matrix.values else { return nil }
        return try input.product(withPacked: packed, bias: matrix.bias, ending: ending)
    }

    /// ``Convolution``, with a normalization after it in one with its kernel; nil where the parameters are to be used.
    func convolution(
        _ input: Tensor, _ layer: Convolution, norm: BatchNorm2d?, ending: ConvolutionEnding
    ) throws -> Tensor? {
        let computed = Self.convolutionType(packing)
        guard isUsed(for: input), Tensor.packsKernels(computed) else { return nil }
        let kernel = try matrix(of: layer.weight.tensor, Self.kernel) { source in
            var (weight, bias) = (try source.detached(), try layer.bias?.tensor.detached())
            if let norm {
                let (scale, shift) = try norm.scaleAndShift()
                weight = try weight * scale.reshaped([-1, 1, 1, 1])
                bias = try bias.map { try $0 * scale + shift } ?? shift
            }
            return (
                .kernel(try weight.converted(to: computed).packedKernel(layer.shape, for: input.shape)),
                try bias?.converted(to: computed)
            )
        }
        guard case .kernel(let packed) = kernel.values else { return nil }
        return try input.converted(to: computed)
            .convolution(withPacked: packed, bias: kernel.bias, layer.shape, ending: ending.converted(to: computed))
            .converted(to: dtype)
    }

    /// Where a processor multiplies bfloat16 more slowly than 32-bit numbers, two conversions cost less than the difference.
    private static func convolutionType(_ packing: MatrixPacking) -> DType {
        packing == .float32 || !MatrixPacking.bfloat16IsFaster ? .float32 : .bfloat16
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
        of source: Tensor, _ rows: Range<Int>, _ make: (Tensor) throws -> (values: Matrix.Values, bias: Tensor?)
    ) throws -> Matrix {
        try lock.withLock {
            if let known = made[rows], known.source === source { return known }
            // Kept for as long as the model, and not only in inference mode.
            let matrix = try Engine.outsideInference {
                try Engine.withoutGradients {
                    let (values, bias) = try make(source)
                    return Matrix(
                        source: source, values: values, bias: try bias?.contiguous())
                }
            }
            made[rows] = matrix
            // Read again only where something else is to be made of it.
            source.releaseFilePages()
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
