import Foundation
import Torch
import TorchNN

extension EfficientNet: ClassifierTower {
    /// ReLU6's.
    package var stateRange: ClosedRange<Double> { 0...6 }

    package var stateProjection: Parameter? { (head as? TimmMatrixHead)?.projection.weight }

    /// The last normalization leaves each channel with its own shift and scale as mean and deviation, here taken for a normal
    /// distribution's, which ReLU6 then cuts at 0 and 6.
    package func stateMoments() throws -> (mean: Tensor, deviation: Tensor) {
        let shifts = try last.norm.bias.tensor.detached().elements(Float.self).map(Double.init)
        let scales = try last.norm.weight.tensor.detached().elements(Float.self).map { max(abs(Double($0)), 1e-12) }
        let moments = zip(shifts, scales).map { Self.momentsOfCut(mean: $0, deviation: $1, at: stateRange) }
        func column(_ values: [Double]) throws -> Tensor { try Tensor(values.map(Float.init), shape: [values.count]) }
        return (try column(moments.map(\.mean)), try column(moments.map(\.deviation)))
    }

    /// Mean and deviation of a normal variable that is cut at two bounds (not truncated: what lies beyond lies on them).
    static func momentsOfCut(
        mean: Double, deviation: Double, at range: ClosedRange<Double>
    ) -> (mean: Double, deviation: Double) {
        func density(_ z: Double) -> Double { exp(-z * z / 2) / (2 * Double.pi).squareRoot() }
        func below(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
        let (low, high) = (range.lowerBound, range.upperBound)
        let (a, b) = ((low - mean) / deviation, (high - mean) / deviation)
        let inside = below(b) - below(a)
        let first = low * below(a) + high * (1 - below(b)) + mean * inside + deviation * (density(a) - density(b))
        let second =
            low * low * below(a) + high * high * (1 - below(b)) + (mean * mean + deviation * deviation) * inside
            + deviation * deviation * (a * density(a) - b * density(b))
            + 2 * mean * deviation * (density(a) - density(b))
        return (first, max(0, second - first * first).squareRoot())
    }
}
