import TestSupport
import Testing

@testable import Torch

/// Products by packed matrices beside the same products by plain ones.
@Suite struct PackedProductTests {
    struct Way: CustomTestStringConvertible, Sendable {
        let packing: MatrixPacking
        let kernels: MatrixPacking.Kernels

        var testDescription: String { "\(packing) by \(kernels)" }

        static let all = MatrixPacking.allCases.flatMap { packing in
            MatrixPacking.Kernels.allCases.map { Way(packing: packing, kernels: $0) }
        }.filter { $0.packing.isOffered(by: $0.kernels) }

        static let own = all.filter { $0.kernels == .own }
    }

    /// Columns and depths on all sides of what a kernel takes at a time.
    private static let shapes = [
        (1, 1, 1), (3, 5, 7), (9, 17, 33), (13, 48, 64), (25, 50, 130), (50, 96, 257), (30, 100, 48),
    ]

    private static func tensors(_ shape: (rows: Int, columns: Int, inner: Int), seed: UInt64) throws -> [Tensor] {
        try withSeed(seed) {
            [
                try Tensor.normal([shape.rows, shape.inner]), try Tensor.normal([shape.columns, shape.inner]),
                try Tensor.normal([shape.columns]), try Tensor.normal([shape.rows, shape.columns]),
            ]
        }
    }

    /// What a packing makes of rows: for bytes, whole numbers of a scale for each row. Those of a matrix lie evenly about 0; what
    /// is multiplied by it reaches from its least number to its largest, 0 among them.
    private static func rounded(_ rows: Tensor, _ packing: MatrixPacking, isMatrix: Bool) throws -> Tensor {
        guard packing == .int8 else { return try rows.converted(to: packing.dtype).converted(to: .float32) }
        let inner = rows.shape[1]
        let values = try rows.elements(Float.self)
        let all = stride(from: 0, to: values.count, by: inner).flatMap { start in
            let row = values[start..<start + inner]
            let (low, high) = (min(0, row.min() ?? 0), max(0, row.max() ?? 0))
            let scale = isMatrix ? max(high, -low) / 127 : (high - low) / 253
            return row.map { scale > 0 ? ($0 / scale).rounded(.toNearestOrEven) * scale : 0 }
        }
        return try Tensor(all, shape: rows.shape)
    }

    private static func end(_ product: Tensor, _ ending: ProductEnding) throws -> Tensor {
        switch ending {
        case .nothing: product
        case .gelu(let approximate): try product.gelu(approximate: approximate)
        case .silu: try product.silu()
        case .adding(let other): try product + other.converted(to: .float32)
        }
    }

    @Test(arguments: Way.all) func givesWhatPlainProductsGive(_ way: Way) throws {
        try Engine.inference {
            for (index, shape) in Self.shapes.enumerated() {
                let all = try Self.tensors(shape, seed: UInt64(index))
                let input = try all[0].converted(to: way.packing.dtype)
                let other = try all[3].converted(to: way.packing.dtype)
                let packed = try all[1].packed(way.packing, by: way.kernels)
                for bias in [nil, all[2]] {
                    let bias = try bias?.converted(to: way.packing.dtype)
                    let endings: [ProductEnding] = [
                        .nothing, .gelu(approximate: false), .gelu(approximate: true), .silu, .adding(other),
                    ]
                    for (place, ending) in endings.enumerated() {
                        let found = try input.product(withPacked: packed, bias: bias, ending: ending)
                        #expect(found.dtype == way.packing.dtype)
                        let rows = try Self.rounded(input.converted(to: .float32), way.packing, isMatrix: false)
                        let matrix = try Self.rounded(all[1], way.packing, isMatrix: true)
                        let plain = try rows.linear(weight: matrix, bias: bias?.converted(to: .float32))
                        try expectClose(
                            found.converted(to: .float32), Self.end(plain, ending),
                            tolerance: way.packing == .float32 ? 1e-5 : 8e-3,
                            "\(way.testDescription), \(shape), ending \(place), bias \(bias != nil)")
                    }
                }
            }
        }
    }

    @Test(arguments: Way.own) func aRowDependsOnNothingButItself(_ way: Way) throws {
        try Engine.inference {
            let all = try Self.tensors((29, 70, 90), seed: 9)
            let input = try all[0].converted(to: way.packing.dtype)
            let packed = try all[1].packed(way.packing, by: .own)
            let whole = try input.product(withPacked: packed, bias: nil, ending: .silu)
            for row in 0..<29 {
                let alone = try input.slice(row..<row + 1).product(withPacked: packed, bias: nil, ending: .silu)
                #expect(try alone.bytes() == whole.slice(row..<row + 1).bytes(), "row \(row)")
            }
        }
    }

    @Test(arguments: Way.own) func whatIsNoNumberStaysSoInItsRow(_ way: Way) throws {
        try Engine.inference {
            let matrix = try Tensor.ones([20, 8]).packed(way.packing, by: .own)
            for bad in [Float.nan, .infinity] {
                let rows = try Tensor(
                    [bad] + [Float](repeating: 1, count: 15) + [Float](repeating: 0, count: 8), shape: [3, 8])
                let found = try rows.converted(to: way.packing.dtype).product(
                    withPacked: matrix, bias: Tensor.ones([20])
                )
                .converted(to: .float32).elements(Float.self)
                #expect(found[0..<20].allSatisfy { !$0.isFinite })
                #expect(found[20..<40].allSatisfy { abs($0 - 9) < 0.05 })
                #expect(found[40..<60].allSatisfy { $0 == 1 })
            }
        }
    }

    @Test(arguments: Way.own) func wrongShapesAreErrors(_ way: Way) throws {
        try Engine.inference {
            let matrix = try Tensor.ones([20, 8]).packed(way.packing, by: .own)
            let rows = try Tensor.ones([2, 12], dtype: way.packing.dtype)
            #expect(throws: TorchError.self) { try rows.product(withPacked: matrix, bias: nil) }
            let fitting = try Tensor.ones([2, 8], dtype: way.packing.dtype)
            #expect(throws: TorchError.self) { try fitting.product(withPacked: matrix, bias: Tensor.ones([19])) }
            #expect(throws: TorchError.self) {
                try fitting.product(withPacked: matrix, bias: nil, ending: .adding(Tensor.ones([3, 20])))
            }
            #expect(throws: TorchError.self) { try Tensor.ones([8]).packed(way.packing, by: .own) }
        }
    }
}
