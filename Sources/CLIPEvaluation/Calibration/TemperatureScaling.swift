import Torch

/// The factor on cosines with which their softmax says how likely each label is (Guo et al., "On Calibration of Modern
/// Neural Networks", arXiv 1706.04599, section 4.2, where its inverse is called the temperature).
///
/// It changes no answer, only how sure the answer is.
public struct TemperatureScaling: Sendable, Equatable, Codable {
    /// The factor, within ``bounds``.
    public let scale: Double

    /// The scales that are allowed. Where every sample is right by a margin, a larger scale is always better; where the
    /// similarities say nothing, a smaller one is. An answer at a bound is the bound's choice, not the data's.
    public static let bounds = 1e-3...1e4

    /// Whether ``bounds`` alone held the scale: the samples are too few or too easy, or the similarities say nothing.
    public var isAtBound: Bool { scale <= Self.bounds.lowerBound || scale >= Self.bounds.upperBound }

    /// Probabilities of the labels, `[N, C]` for cosines `[N, C]`.
    /// - Throws: `TorchError`.
    public func probabilities(_ similarities: Tensor) throws -> Tensor {
        try (similarities * scale).softmax(along: -1)
    }

    /// The scale within ``bounds`` that minimizes the mean −ln softmax(scale·cosine)[label].
    /// - Parameters:
    ///   - similarities: cosines, float32 `[N, C]`, of samples the model was not trained on.
    ///   - labels: the right label of each row, in [0, C).
    ///   - start: where to begin: the model's own scale is near.
    /// - Throws: ``EvaluationError``, `TorchError`.
    public static func fit(similarities: Tensor, labels: [Int], start: Double) throws -> TemperatureScaling {
        try fit(LabeledSimilarities(similarities, labels: labels), start: start)
    }

    static func fit(_ samples: LabeledSimilarities, start: Double) throws -> TemperatureScaling {
        guard start.isFinite, start > 0 else {
            throw EvaluationError.samples(name: "start", problem: "\(start) is not a positive scale to begin at")
        }
        // The loss is convex: its slope grows with the scale, and where it keeps its sign up to a bound, the bound is best.
        var (low, high) = (bounds.lowerBound, bounds.upperBound)
        if try samples.derivatives(at: low).slope >= 0 { return TemperatureScaling(scale: low) }
        if try samples.derivatives(at: high).slope <= 0 { return TemperatureScaling(scale: high) }
        var scale = min(high, max(low, start))
        var before = Double.infinity
        for _ in 0..<mostSteps {
            let (slope, curvature) = try samples.derivatives(at: scale)
            if slope == 0 { break }
            if slope < 0 { low = scale } else { high = scale }
            // Newton's step where it stays between the two and the last one halved the slope; else the middle of the
            // logarithm, as a good scale may be decades away.
            let newton = scale - slope / curvature
            let isTrusted = newton > low && newton < high && abs(slope) < before / 2
            let next = isTrusted ? newton : (low * high).squareRoot()
            let change = abs(next - scale)
            (scale, before) = (next, abs(slope))
            if change <= tolerance * scale { break }
        }
        return TemperatureScaling(scale: scale)
    }

    /// Bisection alone would take about 40.
    private static let mostSteps = 200
    /// Of the scale; the last Newton step leaves far less.
    private static let tolerance = 1e-9
}
