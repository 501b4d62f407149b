import Foundation

/// A measured value with an interval of confidence.
public struct Interval: Sendable, Equatable, Codable {
    /// How the interval was made.
    public enum Method: String, Sendable, Codable {
        /// Wilson's score interval of a share (Wilson 1927).
        case wilson
        /// Clopper and Pearson's exact interval of a share (1934), as in arXiv 2103.00020, appendix C.
        case clopperPearson = "clopper-pearson"
        /// The percentiles of means over samples drawn anew with replacement (Efron 1979).
        case bootstrap
        /// Those percentiles reflected at the value, which what is drawn anew is too high or too low for (Efron 1979).
        case basicBootstrap = "basic bootstrap"
        /// The mean of a few runs ± 1.96 standard errors.
        case standardError = "standard error"
    }

    /// What was measured.
    public let value: Double
    /// The lower end.
    public let low: Double
    /// The upper end.
    public let high: Double
    /// How often such intervals hold the true value: 0.95.
    public let confidence: Double
    /// How the ends were found.
    public let method: Method

    /// An interval that was found elsewhere.
    public init(value: Double, low: Double, high: Double, confidence: Double, method: Method) {
        (self.value, self.low, self.high) = (value, low, high)
        (self.confidence, self.method) = (confidence, method)
    }

    /// Wilson's interval of `successes` among `trials`; all of [0, 1] where there are none.
    public static func wilson(_ successes: Int, of trials: Int, confidence: Double = 0.95) -> Interval {
        let (count, share) = (Double(trials), Self.share(successes, trials))
        guard trials > 0 else { return Interval(value: 0, low: 0, high: 1, confidence: confidence, method: .wilson) }
        let z = SpecialFunctions.inverseNormalAbove((1 - confidence) / 2)
        let z2 = z * z
        let center = (share + z2 / (2 * count)) / (1 + z2 / count)
        let half = z / (1 + z2 / count) * (share * (1 - share) / count + z2 / (4 * count * count)).squareRoot()
        return Interval(
            value: share, low: successes == 0 ? 0 : center - half, high: successes == trials ? 1 : center + half,
            confidence: confidence, method: .wilson)
    }

    /// Clopper and Pearson's interval of `successes` among `trials`; all of [0, 1] where there are none.
    public static func clopperPearson(_ successes: Int, of trials: Int, confidence: Double = 0.95) -> Interval {
        let (won, lost) = (Double(successes), Double(trials - successes))
        let tail = (1 - confidence) / 2
        let low = successes == 0 ? 0 : SpecialFunctions.inverseIncompleteBeta(tail, won, lost + 1)
        let high = successes == trials ? 1 : SpecialFunctions.inverseIncompleteBeta(1 - tail, won + 1, lost)
        return Interval(
            value: share(successes, trials), low: low, high: high, confidence: confidence, method: .clopperPearson)
    }

    private static func share(_ successes: Int, _ trials: Int) -> Double {
        trials == 0 ? 0 : Double(successes) / Double(trials)
    }
}
