import Foundation

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
