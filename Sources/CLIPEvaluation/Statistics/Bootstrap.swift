import CLIPData
import Foundation

/// Means over samples drawn anew with replacement (Efron, "Bootstrap Methods", 1979).
public struct Bootstrap: Sendable {
    /// Resamples.
    public var count = 2000
    /// How often such intervals hold the true value.
    public var confidence = 0.95
    /// The same seed draws the same resamples.
    public var seed: UInt64 = 0

    /// 2,000 resamples, 95 %.
    public init() {}

    /// The percentile interval of the mean of `values`. With 95 % confidence it lies between the 2.5th and the 97.5th
    /// percentile of the resamples' means.
    public func mean(of values: [Double]) -> Interval {
        statistic(count: values.count) { indices in
            indices.reduce(0) { $0 + values[$1] } / Double(max(1, indices.count))
        }
    }

    /// The percentile interval of any statistic of `count` samples.
    /// - Parameter statistic: given the places of a resample's members, in [0, count).
    public func statistic(count samples: Int, _ statistic: ([Int]) -> Double) -> Interval {
        let value = statistic(Array(0..<samples))
        guard samples > 0 else {
            return Interval(value: value, low: value, high: value, confidence: confidence, method: .bootstrap)
        }
        var generator = SplitMix64(seed: seed)
        var indices = Array(repeating: 0, count: samples)
        let drawn = (0..<count).map { _ in
            for place in indices.indices { indices[place] = Int.random(in: 0..<samples, using: &generator) }
            return statistic(indices)
        }.sorted()
        let tail = (1 - confidence) / 2
        return Interval(
            value: value, low: Self.quantile(drawn, tail), high: Self.quantile(drawn, 1 - tail), confidence: confidence,
            method: .bootstrap)
    }

    /// The basic interval of a statistic that is not negative, for one that resampling itself raises, as it does sums of
    /// distances: as far below the value as the resamples' upper percentile is above it, and the reverse.
    public func reflected(count samples: Int, _ statistic: ([Int]) -> Double) -> Interval {
        let plain = self.statistic(count: samples, statistic)
        let (low, high) = (2 * plain.value - plain.high, 2 * plain.value - plain.low)
        return Interval(
            value: plain.value, low: min(plain.value, max(0, low)), high: max(plain.value, high),
            confidence: confidence, method: .basicBootstrap)
    }

    /// Between the nearest two of sorted values, as NumPy's `quantile`.
    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let (lower, upper) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (place - Double(lower))
    }
}
