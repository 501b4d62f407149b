import Foundation

/// Numbers as text, without the locale's habits.
package enum Decimals {
    /// A number with so many decimals.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let units = (abs(value) * scale).rounded()
        guard units < 1e15 else { return "\(value)" }
        let whole = Int(units / scale)
        let sign = value < 0 && units > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(Int(units - Double(whole) * scale))
        return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// 151277313 as "151,277,313".
    package static func grouped(_ number: Int) -> String {
        var digits = Array(String(number.magnitude))
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
        return (number < 0 ? "-" : "") + String(digits)
    }

    /// A number with so many significant digits at most, and no zeros at its end: 0.0125, 3.4e-07, 12,300.
    package static func significant(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        guard value != 0 else { return "0" }
        let exponent = Int(floor(log10(abs(value))))
        guard (-4..<9).contains(exponent) else { return scientific(value, digits - 1) }
        let decimals = max(0, min(12, digits - 1 - exponent))
        guard decimals > 0 else {
            let unit = pow(10, Double(max(0, exponent + 1 - digits)))
            return grouped(Int((value / unit).rounded() * unit))
        }
        return withoutZeros(fixed(value, decimals))
    }

    /// A number as 2.5e-04, with so many decimals of its mantissa at most.
    static func scientific(_ value: Double, _ decimals: Int) -> String {
        guard value != 0 else { return "0" }
        // A number near the edge of the range has a power of ten beyond it: the exponent comes from its text.
        var exponent = max(-307, Int(floor(log10(abs(value)))))
        var mantissa = withoutZeros(fixed(value / pow(10, Double(exponent)), decimals))
        if mantissa == "10" || mantissa == "-10" {
            mantissa = value < 0 ? "-1" : "1"
            exponent += 1
        }
        return "\(mantissa)e\(exponent)"
    }

    static func withoutZeros(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var result = text[...]
        while result.hasSuffix("0") { result.removeLast() }
        if result.hasSuffix(".") { result.removeLast() }
        return String(result)
    }
}
