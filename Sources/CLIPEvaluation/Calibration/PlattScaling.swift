import Foundation

/// How likely something is right, by its score: p = 1/(1 + exp(slope·score + intercept)) (Platt, "Probabilistic Outputs for
/// Support Vector Machines", 1999, section 2.2).
///
/// For a model that scores each pair by itself with a sigmoid, and for the confidence of a best choice by its similarity.
public struct PlattScaling: Sendable, Equatable, Codable {
    /// A; negative where higher scores are right more often.
    public let slope: Double
    /// B
    public let intercept: Double

    /// Parameters that were found elsewhere.
    public init(slope: Double, intercept: Double) {
        (self.slope, self.intercept) = (slope, intercept)
    }

    /// The probability that something of this score is right.
    public func probability(_ score: Double) -> Double {
        Self.probability(logOdds: slope * score + intercept)
    }

    /// The slope and the intercept of the highest likelihood. Each right sample counts as (R + 1)/(R + 2) right, of R, and
    /// each wrong one as 1/(W + 2), of W, as Platt has it: few samples then promise no certainty, and samples that are all
    /// right have an answer too.
    /// - Parameters:
    ///   - scores: of pairs, or of best choices.
    ///   - isRight: whether each is right.
    /// - Throws: ``EvaluationError`` for no samples, or scores that are not finite.
    public static func fit(scores: [Double], isRight: [Bool]) throws -> PlattScaling {
        guard scores.count == isRight.count, let least = scores.min(), let most = scores.max() else {
            throw EvaluationError.samples(
                name: "scores", problem: "\(scores.count) scores for \(isRight.count) answers that are right or wrong")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw EvaluationError.samples(name: "scores", problem: "some of them are not finite numbers")
        }
        // Cosines lie close together, where the slope and the intercept hardly differ. About their mean, in units of their
        // spread, they are found as exactly as can be; the likelihood is the same.
        let count = Double(scores.count)
        let mean = least == most ? least : scores.reduce(0, +) / count
        let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let spread = least == most ? 1 : variance.squareRoot()
        let fit = PlattObjective(scores: scores.map { ($0 - mean) / spread }, isRight: isRight).minimum()
        return PlattScaling(slope: fit.slope / spread, intercept: fit.intercept - fit.slope * mean / spread)
    }

    /// 1/(1 + exp(f)) without overflow; f is the logarithm of the odds of being wrong.
    fileprivate static func probability(logOdds f: Double) -> Double {
        f >= 0 ? exp(-f) / (1 + exp(-f)) : 1 / (1 + exp(f))
    }
}

/// −Σ t·ln p + (1 − t)·ln(1 − p), minimized by Newton's method with backtracking as Lin, Lin and Weng do ("A Note on Platt's
/// Probabilistic Outputs for Support Vector Machines", Machine Learning 68, 2007, section 3 and appendix).
private struct PlattObjective {
    let scores: [Double]
    let targets: [Double]
    let start: PlattScaling

    /// As in the paper.
    private static let mostSteps = 100
    private static let smallestStep = 1e-10
    private static let leastGain = 1e-4
    /// Added to the Hessian's diagonal, which is singular where all scores are equal.
    private static let ridge = 1e-12
    /// Of the gradient's mean over samples; the paper's 1e-5 of its sum is coarser.
    private static let tolerance = 1e-13

    init(scores: [Double], isRight: [Bool]) {
        let right = Double(isRight.count { $0 })
        let wrong = Double(isRight.count) - right
        self.scores = scores
        targets = isRight.map { $0 ? (right + 1) / (right + 2) : 1 / (wrong + 2) }
        start = PlattScaling(slope: 0, intercept: log((wrong + 1) / (right + 1)))
    }

    func minimum() -> PlattScaling {
        var place = start
        var value = self.value(place)
        for _ in 0..<Self.mostSteps {
            let (gradient, hessian) = derivatives(place)
            if max(abs(gradient.0), abs(gradient.1)) <= Self.tolerance * Double(scores.count) { break }
            let determinant = hessian.0 * hessian.2 - hessian.1 * hessian.1
            let direction = (
                -(hessian.2 * gradient.0 - hessian.1 * gradient.1) / determinant,
                -(hessian.0 * gradient.1 - hessian.1 * gradient.0) / determinant
            )
            let expected = gradient.0 * direction.0 + gradient.1 * direction.1
            var step = 1.0
            var next = (place: place, value: value)
            while step >= Self.smallestStep {
                next.place = PlattScaling(
                    slope: place.slope + step * direction.0, intercept: place.intercept + step * direction.1)
                next.value = self.value(next.place)
                // Near the minimum the gain is lost in rounding.
                if next.value <= value + Self.leastGain * step * expected + 4 * value.ulp { break }
                step /= 2
            }
            guard step >= Self.smallestStep else { break }
            (place, value) = next
        }
        return place
    }

    private func value(_ place: PlattScaling) -> Double {
        var sum = 0.0
        for (score, target) in zip(scores, targets) {
            let f = place.slope * score + place.intercept
            // The paper's two forms of one term, neither of which overflows.
            sum += f >= 0 ? target * f + log1p(exp(-f)) : (target - 1) * f + log1p(exp(f))
        }
        return sum
    }

    /// The gradient, and the Hessian's upper half.
    private func derivatives(_ place: PlattScaling) -> ((Double, Double), (Double, Double, Double)) {
        var gradient = (0.0, 0.0)
        var hessian = (Self.ridge, 0.0, Self.ridge)
        for (score, target) in zip(scores, targets) {
            let p = PlattScaling.probability(logOdds: place.slope * score + place.intercept)
            let (error, weight) = (target - p, p * (1 - p))
            gradient.0 += score * error
            gradient.1 += error
            hessian.0 += score * score * weight
            hessian.1 += score * weight
            hessian.2 += weight
        }
        return (gradient, hessian)
    }
}
