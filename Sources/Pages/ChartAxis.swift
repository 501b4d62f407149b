import Foundation

/// One of a chart's axes: what it is called, and how values lie on it.
package struct ChartAxis: Sendable, Equatable {
    package enum Scale: Sendable, Equatable {
        case linear
        /// Values that are not above 0 are left out.
        case logarithmic
        /// Shares of 1 by their log odds, log(p / (1 - p)): on these, accuracies under a shift of distribution lie
        /// along lines (arXiv 2103.00020, section 3.3). Values below 0.001 or above 0.999, 0 and 1 too, are drawn there.
        case logit
    }

    /// How the numbers at the ticks are written.
    package enum Numbers: Sendable, Equatable {
        case plain
        /// Shares of 1 as per cent.
        case percent
        /// Counts: no tick falls between two whole numbers.
        case whole
    }

    package var title: String
    package var scale: Scale
    package var numbers: Numbers
    /// What is shown; nil for what the values take up.
    package var range: ClosedRange<Double>?
    /// Whether a linear axis reaches down (or up) to zero whatever the values are.
    package var includesZero: Bool

    package init(
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

    let scale: ChartAxis.Scale
    let low: Double
    let high: Double
    let ticks: [Tick]

    /// Beyond this, differences of doubles overflow.
    private static let limit = 1e300

    /// - Parameters:
    ///   - tickCount: about how many ticks are wanted.
    ///   - isRounded: whether a linear axis ends at ticks instead of at its first and last value.
    init(_ axis: ChartAxis, values: some Sequence<Double>, tickCount: Int, isRounded: Bool) {
        scale = axis.scale
        let isWhole = axis.numbers == .whole
        var extent = Self.extent(axis, values)
        if axis.range == nil {
            switch scale {
            case .linear where isRounded:
                extent = ChartTicks.rounded(low: extent.low, high: extent.high, count: tickCount, isWhole: isWhole)
            case .linear: break
            case .logarithmic:
                // Room above and below, so that no line runs along the frame.
                let room = exp((log(extent.high) - log(extent.low)) * 0.04)
                extent = (max(1e-305, extent.low / room), min(1e305, extent.high * room))
            case .logit:
                let (low, high) = (Logit.odds(extent.low), Logit.odds(extent.high))
                let room = (high - low) * 0.04
                extent = (Logit.share(low - room), Logit.share(high + room))
            }
        }
        (low, high) = extent
        ticks = Self.ticks(axis, low: low, high: high, count: tickCount)
    }

    private static func ticks(_ axis: ChartAxis, low: Double, high: Double, count: Int) -> [Tick] {
        if axis.scale == .logarithmic {
            return ChartTicks.logarithmic(low: low, high: high, count: count).map {
                Tick(value: $0, label: ChartTicks.label($0, step: $0, largest: $0, numbers: axis.numbers))
            }
        }
        if axis.scale == .logit, let values = Logit.ticks(low: low, high: high, count: count) {
            return values.map { Tick(value: $0, label: Logit.label($0, numbers: axis.numbers)) }
        }
        let found = ChartTicks.linear(low: low, high: high, count: count, isWhole: axis.numbers == .whole)
        let largest = max(abs(low), abs(high))
        return found.values.map {
            Tick(value: $0, label: ChartTicks.label($0, step: found.step, largest: largest, numbers: axis.numbers))
        }
    }

    /// Where a value lies between the axis's ends, 0 and 1, or beyond them; nil for one that has no place.
    func position(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        let value = min(max(value, -Self.limit), Self.limit)
        switch scale {
        case .linear: return (value - low) / (high - low)
        case .logarithmic:
            // The ends' quotient may be too large for a number where their logarithms' difference is not.
            return value > 0 ? (log(value) - log(low)) / (log(high) - log(low)) : nil
        case .logit:
            let ends = (low: Logit.odds(low), high: Logit.odds(high))
            return (Logit.odds(Logit.clamped(value)) - ends.low) / (ends.high - ends.low)
        }
    }

    /// The smallest and the largest value that can be shown, some way apart.
    private static func extent(_ axis: ChartAxis, _ values: some Sequence<Double>) -> (low: Double, high: Double) {
        let isLogarithmic = axis.scale == .logarithmic
        let isLogit = axis.scale == .logit
        var low = Double.infinity
        var high = -Double.infinity
        func add(_ value: Double) {
            guard value.isFinite, !isLogarithmic || value > 0 else { return }
            let value = isLogit ? Logit.clamped(value) : value
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
        if isLogit { return Logit.extent(low: low, high: high) }
        if low > high { return (0, 1) }
        // Values that differ in their last bits only are one value.
        let least = max(abs(low), abs(high)) * 1e-9
        guard high - low <= least else { return (low, high) }
        let room = low == 0 ? 1 : max(abs(low) * 0.1, least)
        return (low - room, high + room)
    }
}

/// Round numbers to draw lines at.
enum ChartTicks {
    /// Ticks at multiples of 1, 2 or 5 times a power of ten.
    /// - Returns: the distance between two, and those within the ends, about `count` of them.
    static func linear(
        low: Double, high: Double, count: Int, isWhole: Bool = false
    ) -> (step: Double, values: [Double]) {
        let step = self.step(low: low, high: high, count: count, isWhole: isWhole)
        let slack = 1e-9
        let first = (low / step - slack).rounded(.up)
        let last = (high / step + slack).rounded(.down)
        guard first.isFinite, last >= first, last - first < 100 else { return (step, [low, high]) }
        // Adding zero turns a negative zero, which would be written with its sign, into zero.
        return (step, (0...Int(last - first)).map { (first + Double($0)) * step + 0 })
    }

    /// The ends moved outwards to the next ticks.
    static func rounded(low: Double, high: Double, count: Int, isWhole: Bool = false) -> (low: Double, high: Double) {
        let step = self.step(low: low, high: high, count: count, isWhole: isWhole)
        let ends = (((low / step + 1e-9).rounded(.down)) * step, ((high / step - 1e-9).rounded(.up)) * step)
        return ends.0.isFinite && ends.1.isFinite && ends.0 < ends.1 ? ends : (low, high)
    }

    /// Ticks at powers of ten, and between them where there are few.
    static func logarithmic(low: Double, high: Double, count: Int) -> [Double] {
        let decades = log10(high) - log10(low)
        guard decades.isFinite, decades > 0.7 else {
            return linear(low: low, high: high, count: count).values.filter { $0 > 0 }
        }
        let exponents = Int(floor(log10(low)))...Int(ceil(log10(high)))
        let factors: [Double] = decades < 2 ? [1, 2, 5] : decades < 3.5 ? [1, 3] : [1]
        let stride = factors.count > 1 ? 1 : max(1, Int((decades / Double(max(1, count))).rounded(.up)))
        let (least, most) = (low * (1 - 1e-9), high * (1 + 1e-9))
        var values: [Double] = []
        for exponent in exponents where exponent % stride == 0 {
            // A quotient by a whole power is exact where a product with a negative power is not.
            let power = pow(10, Double(abs(exponent)))
            values += factors.map { exponent < 0 ? $0 / power : $0 * power }
        }
        return values.filter { $0 >= least && $0 <= most }
    }

    /// A tick's number, with as many digits as tell it from its neighbors.
    static func label(_ value: Double, step: Double, largest: Double, numbers: ChartAxis.Numbers) -> String {
        if numbers == .percent { return Decimals.fixed(value * 100, decimals(step * 100)) + " %" }
        if value == 0 { return "0" }
        // 0.0005 is easily misread; 5e-4 is not.
        if largest < 1e-3 || (step < 1e-3 && largest < 1e-2) || largest >= 1e12 {
            return Decimals.scientific(value, max(0, magnitude(value) - magnitude(step)))
        }
        for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where largest >= unit * (unit == 1e3 ? 10 : 1) {
            return Decimals.withoutZeros(Decimals.fixed(value / unit, decimals(step / unit))) + suffix
        }
        return Decimals.fixed(value, decimals(step))
    }

    private static func step(low: Double, high: Double, count: Int, isWhole: Bool) -> Double {
        let rough = (high - low) / Double(max(1, count))
        guard rough.isFinite, rough > 0 else { return 1 }
        let unit = pow(10, floor(log10(rough)))
        let factor = [1.0, 2, 5].first { $0 * unit >= rough * 0.999 } ?? 10
        return max(factor * unit, isWhole ? 1 : .leastNormalMagnitude)
    }

    private static func magnitude(_ value: Double) -> Int {
        value == 0 || !value.isFinite ? 0 : Int(floor(log10(abs(value)) + 1e-9))
    }

    private static func decimals(_ step: Double) -> Int { max(0, min(12, -magnitude(step))) }
}
