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
    public var expectedError: Double { errorInterval.value }
    /// ``expectedError`` with a 95 % basic bootstrap interval over answers.
    public let errorInterval: Interval
    /// The largest difference of a bin.
    public let largestError: Double

    /// - Parameters:
    ///   - confidences: the probability of each answer given, in [0, 1].
    ///   - isRight: whether it is right.
    ///   - binCount: bins of equal width, each without its lower edge (as torchmetrics has them).
    public init(confidences: [Double], isRight: [Bool], binCount: Int = 15) {
        let places = confidences.map { min(binCount - 1, max(0, Int(($0 * Double(binCount)).rounded(.up)) - 1)) }
        func sums(_ answers: some Sequence<Int>) -> [(count: Int, confidence: Double, right: Int)] {
            var sums = Array(repeating: (count: 0, confidence: 0.0, right: 0), count: binCount)
            for answer in answers {
                let bin = places[answer]
                sums[bin].count += 1
                sums[bin].confidence += confidences[answer]
                if isRight[answer] { sums[bin].right += 1 }
            }
            return sums
        }
        bins = sums(confidences.indices).enumerated().map { place, sum in
            let count = Double(max(1, sum.count))
            return Bin(
                low: Double(place) / Double(binCount), high: Double(place + 1) / Double(binCount), count: sum.count,
                confidence: sum.confidence / count, accuracy: Double(sum.right) / count)
        }
        errorInterval = Bootstrap().reflected(count: confidences.count) { drawn in
            sums(drawn).reduce(0) { $0 + abs(Double($1.right) - $1.confidence) } / Double(max(1, drawn.count))
        }
        largestError = bins.filter { $0.count > 0 }.map { abs($0.accuracy - $0.confidence) }.max() ?? 0
    }
}
