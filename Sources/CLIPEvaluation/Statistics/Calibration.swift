import Foundation

/// Whether a share of p of the answers that are given with confidence p is right (Guo et al., "On Calibration of Modern Neural
/// Networks", arXiv 1706.04599).
public struct Calibration: Sendable, Equatable, Codable {
    /// Answers of about one confidence.
    public struct Bin: Sendable, Equatable, Codable {
        /// The lower edge, not of the bin.
        public let low: Double
        /// The upper edge, of the bin.
        public let high: Double
        /// Answers in it.
        public let count: Int
        /// The mean confidence; 0 without any.
        public let confidence: Double
        /// The share that is right; 0 without any.
        public let accuracy: Double
    }

    /// From low to high.
    public let bins: [Bin]
    /// Σ |accuracy − confidence|, each bin by its share of the answers.
    public let expectedError: Double
    /// The largest difference of a bin.
    public let largestError: Double

    /// - Parameters:
    ///   - confidences: the probability of each answer given, in [0, 1].
    ///   - isRight: whether it is right.
    ///   - binCount: bins of equal width, each without its lower edge (as torchmetrics has them).
    public init(confidences: [Double], isRight: [Bool], binCount: Int = 15) {
        var sums = Array(repeating: (count: 0, confidence: 0.0, right: 0), count: binCount)
        for (confidence, isRight) in zip(confidences, isRight) {
            let bin = min(binCount - 1, max(0, Int((confidence * Double(binCount)).rounded(.up)) - 1))
            sums[bin].count += 1
            sums[bin].confidence += confidence
            if isRight { sums[bin].right += 1 }
        }
        bins = sums.enumerated().map { place, sum in
            let count = Double(max(1, sum.count))
            return Bin(
                low: Double(place) / Double(binCount), high: Double(place + 1) / Double(binCount), count: sum.count,
                confidence: sum.confidence / count, accuracy: Double(sum.right) / count)
        }
        let all = Double(max(1, confidences.count))
        let gaps = bins.filter { $0.count > 0 }.map { (gap: abs($0.accuracy - $0.confidence), count: $0.count) }
        expectedError = gaps.reduce(0) { $0 + $1.gap * Double($1.count) } / all
        largestError = gaps.map(\.gap).max() ?? 0
    }
}
