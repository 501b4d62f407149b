import Foundation

/// Distribution functions that intervals and tests are made of.
enum SpecialFunctions {
    /// The regularized incomplete beta function I_x(a, b): the beta distribution's share below `x`, for positive `a` and `b`.
    /// By its continued fraction (Numerical Recipes, section 6.4), in the half where that converges fast.
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x))
        return x < (a + 1) / (a + b + 2)
            ? front * betaFraction(x, a, b) / a : 1 - front * betaFraction(1 - x, b, a) / b
    }

    /// Lentz's evaluation of the continued fraction of ``incompleteBeta(_:_:_:)``.
    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        // Converges within about √max(a, b) terms.
        for term in 1..<100_000 {
            let m = Double(term)
            for numerator in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / kept(1 + numerator * d)
                c = kept(1 + numerator / c)
                result *= c * d
            }
            if abs(c * d - 1) < 1e-16 { break }
        }
        return result
    }

    /// The place below which the beta distribution has a share of `p`.
    static func inverseIncompleteBeta(_ p: Double, _ a: Double, _ b: Double) -> Double {
        if p <= 0 { return 0 }
        if p >= 1 { return 1 }
        // Bisection cannot fail, and a thousand of them take a millisecond.
        var (low, high) = (0.0, 1.0)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if incompleteBeta(middle, a, b) < p { low = middle } else { high = middle }
        }
    }

    /// The standard normal distribution's share above `z`.
    static func normalAbove(_ z: Double) -> Double { erfc(z / 2.0.squareRoot()) / 2 }

    /// The place above which the standard normal distribution has a share of `p`, by bisection.
    static func inverseNormalAbove(_ p: Double) -> Double {
        if p > 0.5 { return -inverseNormalAbove(1 - p) }
        var (low, high) = (0.0, 40.0)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if normalAbove(middle) > p { low = middle } else { high = middle }
        }
    }

    /// ln Γ(x) for positive x. Foundation's `lgamma` writes a global.
    private static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }
}
