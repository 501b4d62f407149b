import Foundation

/// One of a chart's axes: what it is called, and how values lie on it.
public struct ChartAxis: Sendable, Equatable {
    public enum Scale: Sendable, Equatable {
        case linear
        /// Values that are not above 0 are left out.
        case logarithmic
    }

    /// How the numbers at the ticks are written.
    public enum Numbers: Sendable, Equatable {
        case plain
        /// Shares of 1 as per cent.
        case percent
        /// Counts: no tick falls between two whole numbers.
        case whole
    }

    public var title: String
    public var scale: Scale
    public var numbers: Numbers
    /// What is shown; nil for what the values take up.
    public var range: ClosedRange<Double>?
    /// Whether a linear axis reaches down (or up) to zero whatever the values are.
    public var includesZero: Bool

    public init(
        _ title: String = "", scale: Scale = .linear, numbers: Numbers = .plain, range: ClosedRange<Double>? = nil,
        includesZero: Bool = false
    ) {
        self.title = title
        self.scale = scale
        self.numbers = numbers
        self.range = range
        self.includesZero = includesZero
    }
}

/// An axis fitted to values.
struct FittedAxis {
    /// A line across the chart with its number.
    struct Tick: Equatable {
        var value: Double
        var label: String
    }

    let isLogarithmic: Bool
    let low: Double
    let high: Double
    let ticks: [Tick]

    /// Beyond this, differences of doubles overflow.
    private static let limit = 1e300

    /// - Parameters:
    ///   - tickCount: about how many ticks are wanted.
    ///   - isRounded: whether a linear axis ends at ticks instead of at its first and last value.
    init(_ axis: ChartAxis, values: some Sequence<Double>, tickCount: Int, isRounded: Bool) {
        isLogarithmic = axis.scale == .logarithmic
        var extent = Self.extent(axis, values)
        if axis.range == nil, isLogarithmic {
            // Room above and below, so that no line runs along the frame.
            let room = exp((log(extent.high) - log(extent.low)) * 0.04)
            extent = (max(1e-305, extent.low / room), min(1e305, extent.high * room))
        }
        let isWhole = axis.numbers == .whole
        if !isLogarithmic, isRounded, axis.range == nil {
            extent = ChartTicks.rounded(low: extent.low, high: extent.high, count: tickCount, isWhole: isWhole)
        }
        (low, high) = extent
        if isLogarithmic {
            ticks = ChartTicks.logarithmic(low: low, high: high, count: tickCount).map {
                Tick(value: $0, label: ChartTicks.label($0, step: $0, largest: $0, numbers: axis.numbers))
            }
        } else {
            let found = ChartTicks.linear(low: low, high: high, count: tickCount, isWhole: isWhole)
            let largest = max(abs(low), abs(high))
            ticks = found.values.map {
                Tick(
                    value: $0,
                    label: ChartTicks.label($0, step: found.step, largest: largest, numbers: axis.numbers))
            }
        }
    }

    /// Where a value lies between the axis's ends, 0 and 1, or beyond them; nil for one that has no place.
    func position(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        let value = min(max(value, -Self.limit), Self.limit)
        guard isLogarithmic else { return (value - low) / (high - low) }
        // The ends' quotient may be too large for a number where their logarithms' difference is not.
        return value > 0 ? (log(value) - log(low)) / (log(high) - log(low)) : nil
    }

    /// The smallest and the largest value that can be shown, some way apart.
    private static func extent(_ axis: ChartAxis, _ values: some Sequence<Double>) -> (low: Double, high: Double) {
        let isLogarithmic = axis.scale == .logarithmic
        var low = Double.infinity
        var high = -Double.infinity
        func add(_ value: Double) {
            guard value.isFinite, !isLogarithmic || value > 0 else { return }
            low = min(low, max(-limit, value))
            high = max(high, min(limit, value))
        }
        if let range = axis.range {
            add(range.lowerBound)
            add(range.upperBound)
        }
        if low > high || (axis.range != nil && low == high) { values.forEach(add) }
        if axis.includesZero, axis.range == nil { add(0) }
        if isLogarithmic {
            if low > high { return (1, 10) }
            low = max(low, 1 / limit)
            high = max(high, low)
            return high / low < 1.02 ? (low / 1.5, high * 1.5) : (low, high)
        }
        if low > high { return (0, 1) }
        // Values that differ in their last bits only are one value.
        let least = max(abs(low), abs(high)) * 1e-9
        guard high - low <= least else { return (low, high) }
        let room = low == 0 ? 1 : max(abs(low) * 0.1, least)
        return (low - room, high + room)
    }
}
