import Foundation

/// Tests of whether a difference is more than chance.
public enum SignificanceTest {
    /// How likely at least (or at most) `successes` among `trials` are where each has the chance `probability`: exact and
    /// one-sided, as in arXiv 2103.00020, appendix C.
    public static func binomial(
        _ successes: Int, of trials: Int, probability: Double, isGreater: Bool
    ) -> Double {
        if isGreater {
            // P(X ≥ k) = I_p(k, n − k + 1)
            return successes <= 0
                ? 1 : SpecialFunctions.incompleteBeta(probability, Double(successes), Double(trials - successes + 1))
        }
        // P(X ≤ k) = 1 − P(X ≥ k + 1)
        return successes >= trials
            ? 1
            : SpecialFunctions.incompleteBeta(1 - probability, Double(trials - successes), Double(successes + 1))
    }

    /// McNemar's exact two-sided test of two classifiers on the same samples.
    /// - Parameters:
    ///   - onlyFirst: samples that the first alone has right.
    ///   - onlySecond: samples that the second alone has right.
    public static func mcNemar(onlyFirst: Int, onlySecond: Int) -> Double {
        let (fewer, all) = (min(onlyFirst, onlySecond), onlyFirst + onlySecond)
        return min(1, 2 * binomial(fewer, of: all, probability: 0.5, isGreater: false))
    }
}
