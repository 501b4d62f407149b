import Foundation

/// Shares of 1 by their log odds, for ``ChartAxis/Scale/logit``.
enum Logit {
    /// The shares that have a place: 0 and 1 themselves lie infinitely far away.
    private static let limits = 0.001...0.999

    /// The ticks that are taken first, in this order, where there is room.
    private static let main = [0.5, 0.1, 0.9, 0.01, 0.99, 0.25, 0.75, 0.05, 0.95, 0.001, 0.999]
    /// Those that are added where few of the first are in sight.
    private static let more = [0.02, 0.98, 0.005, 0.995, 0.2, 0.8, 0.03, 0.97, 0.002, 0.998, 0.3, 0.7, 0.07, 0.93]

    static func odds(_ share: Double) -> Double { log(share) - log1p(-share) }

    /// The share whose log odds are given.
    static func share(_ odds: Double) -> Double { 1 / (1 + exp(-odds)) }

    /// Whether a share lies where it is drawn.
    static func holds(_ share: Double) -> Bool { limits.contains(share) }

    static func clamped(_ share: Double) -> Double { min(max(share, limits.lowerBound), limits.upperBound) }

    /// Ends some way apart, given the smallest and the largest share; (0.01, 0.99) where `low` is above `high`.
    static func extent(low: Double, high: Double) -> (low: Double, high: Double) {
        guard low <= high else { return (0.01, 0.99) }
        let ends = (low: odds(low), high: odds(high))
        return ends.high - ends.low < 0.01 ? (share(ends.low - 0.5), share(ends.high + 0.5)) : (low, high)
    }

    /// Round shares: closer together towards 0 and 1.
    /// - Parameter count: about how many are wanted.
    /// - Returns: nil where the scale is so nearly linear between its ends that evenly spaced ticks do.
    static func ticks(low: Double, high: Double, count: Int) -> [Double]? {
        let slopes = [low * (1 - low), high * (1 - high)]
        let steepest = low <= 0.5 && high >= 0.5 ? 0.25 : max(slopes[0], slopes[1])
        guard steepest > 3 * min(slopes[0], slopes[1]) else { return nil }
        let width = odds(high) - odds(low)
        let distance = width * 0.47 / Double(max(1, count))
        var taken: [Double] = []
        func add(_ shares: [Double]) {
            for share in shares where share >= low && share <= high {
                let here = odds(share)
                if taken.allSatisfy({ abs(odds($0) - here) >= distance }) { taken.append(share) }
            }
        }
        add(main)
        if taken.count < 4 { add(more) }
        return taken.count < 2 ? nil : taken.sorted()
    }

    static func label(_ share: Double, numbers: ChartAxis.Numbers) -> String {
        guard numbers == .percent else { return Decimals.significant(share, 4) }
        return Decimals.withoutZeros(Decimals.fixed(share * 100, 3)) + " %"
    }
}
