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
    /// ``MatrixPacking/dtype`` throughout, on the CPU. They are packed when they are first needed, so that a tower nobody asks
    /// costs nothing, from parameters that stay as they were loaded: in a file's memory, where they lie there. Where gradients are
    /// taken, the parameters are used as ever.
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
    /// By the rows of the parameter that they are of.
    private var matrices: [Range<Int>: Made<PackedMatrix>] = [:]  // guarded by `lock`
    private var kernel: Made<Tensor>?  // guarded by `lock`

    private struct Made<Values> {
        /// What it was made of.
        let source: Tensor
        let values: Values
        let bias: Tensor?
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
        let matrix = try made(\.matrices[rows], of: weight.tensor) { source in
            let weight = try source.slice(rows).reshaped([rows.count, -1])
            return (
                try Self.times(weight, factors.weight).packed(packing),
                try bias().map { try Self.times($0, factors.bias).converted(to: dtype) }
            )
        }
        return try input.product(withPacked: matrix.values, bias: matrix.bias, ending: ending)
    }

    /// ``Convolution``, with a normalization after it in one with its kernel; nil where the parameters are to be used.
    func convolution(
        _ input: Tensor, _ layer: Convolution, norm: BatchNorm2d?, ending: ConvolutionEnding
    ) throws -> Tensor? {
        let computed = Self.convolutionType(packing)
        guard isUsed(for: input), Tensor.packsKernels(computed) else { return nil }
        let kernel = try made(\.kernel, of: layer.weight.tensor) { source in
            var (weight, bias) = (try source.detached(), try layer.bias?.tensor.detached())
            if let norm {
                let (scale, shift) = try norm.scaleAndShift()
                weight = try weight * scale.reshaped([-1, 1, 1, 1])
                bias = try bias.map { try $0 * scale + shift } ?? shift
            }
            return (
                try weight.converted(to: computed).packedKernel(layer.shape, for: input.shape),
                try bias?.converted(to: computed)
            )
        }
        let output = try input.converted(to: computed).convolution(
            withPacked: kernel.values, bias: kernel.bias, layer.shape, ending: ending.converted(to: computed))
        return try output.converted(to: dtype)
    }

    /// Where a processor multiplies bfloat16 more slowly than 32-bit numbers, two conversions cost less than the difference.
    private static func convolutionType(_ packing: MatrixPacking) -> DType {
        packing == .float32 || !MatrixPacking.bfloat16IsFaster ? .float32 : .bfloat16
    }

    private func isUsed(for input: Tensor) -> Bool {
        guard !Engine.recordsGradients else {
            // A step may follow, which writes into the parameters.
            lock.withLock { (matrices, kernel) = ([:], nil) }
            return false
        }
        return input.dtype == dtype && input.device.kind == .cpu
    }

    /// What was made of a parameter as it is now, or is made the first time.
    private func made<Values>(
        _ place: ReferenceWritableKeyPath<Packing, Made<Values>?>, of source: Tensor,
        _ make: (Tensor) throws -> (values: Values, bias: Tensor?)
    ) throws -> Made<Values> {
        try lock.withLock {
            if let known = self[keyPath: place], known.source === source { return known }
            // Kept for as long as the model, and not only in inference mode.
            let made = try Engine.outsideInference {
                try Engine.withoutGradients {
                    let (values, bias) = try make(source)
                    return Made(source: source, values: values, bias: try bias?.contiguous())
                }
            }
            self[keyPath: place] = made
            // Read again only where something else is to be made of it.
            source.releaseFilePages()
            return made
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
