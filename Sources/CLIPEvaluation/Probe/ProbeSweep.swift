import Foundation
import Torch

/// Chooses a probe's strength on a validation split, as arXiv 2103.00020 does (appendix A.3): 96 steps of the logarithm from
/// 1e-6 to 1e6, of which seven are tried first and then ever nearer ones around the best.
public struct ProbeSweep: Sendable {
    /// One strength that was tried.
    public struct Trial: Sendable, Equatable, Codable {
        /// C, the inverse of the penalty.
        public let strength: Double
        /// On the validation split.
        public let accuracy: Double
        /// Steps of L-BFGS.
        public let iterations: Int
        /// False where all steps allowed were taken.
        public let hasConverged: Bool

        enum CodingKeys: String, CodingKey {
            case strength, accuracy, iterations
            case hasConverged
        }
    }

    /// What was chosen.
    public struct Outcome: Sendable {
        /// Of the best accuracy; of several the smallest.
        public let strength: Double
        /// By strength.
        public let trials: [Trial]
        /// Learned from both splits with that strength.
        public let classifier: LogisticRegression
        /// How it was found.
        public let fit: LogisticRegression.Fit
    }

    /// All strengths, 97 with both ends.
    public static let strengths = (0...96).map { pow(10, -6 + 12 * Double($0) / 96) }
    /// Places between the first seven.
    private static let firstStep = 16

    /// Steps of L-BFGS for each strength.
    public var mostIterations = 1000
    /// Whether every strength is tried: a search takes the curve to have one peak.
    public var triesAll = false

    public init() {}

    /// - Parameters:
    ///   - train: what to learn.
    ///   - validation: what to choose by; with the same classes.
    ///   - progress: told of every strength that was tried.
    /// - Throws: ``EvaluationError``, `TorchError`.
    public func run(
        train: LogisticRegression.Samples, validation: LogisticRegression.Samples,
        progress: (Trial) -> Void = { _ in }
    ) throws -> Outcome {
        let curvature = CurvatureBound.pays(train) ? try CurvatureBound(train.features) : nil
        var search = Search(
            train: train, validation: validation, curvature: curvature, mostIterations: mostIterations)
        let all = Self.strengths.indices
        if triesAll {
            for place in all { try search.attempt(place, progress) }
        } else {
            for place in stride(from: 0, to: all.count, by: Self.firstStep) { try search.attempt(place, progress) }
            var step = Self.firstStep / 2
            while step > 0 {
                let best = search.best
                for place in [best - step, best + step] where all.contains(place) {
                    try search.attempt(place, progress)
                }
                step /= 2
            }
        }
        let strength = Self.strengths[search.best]
        let both = try LogisticRegression.Samples(
            features: Tensor.concatenated([train.features, validation.features]),
            labels: train.labels + validation.labels, classCount: train.classCount)
        let (classifier, fit) = try LogisticRegression.fit(
            both, strength: strength, curvature: CurvatureBound.pays(both) ? CurvatureBound(both.features) : nil,
            mostIterations: mostIterations)
        return Outcome(strength: strength, trials: search.inOrder, classifier: classifier, fit: fit)
    }

    private struct Search {
        let train: LogisticRegression.Samples
        let validation: LogisticRegression.Samples
        let curvature: CurvatureBound?
        let mostIterations: Int
        var trials: [Int: Trial] = [:]

        var inOrder: [Trial] { trials.sorted { $0.key < $1.key }.map(\.value) }

        /// Of equal ones the strongest penalty: it says least about what it has not seen.
        var best: Int {
            trials.min { ($1.value.accuracy, $0.key) < ($0.value.accuracy, $1.key) }?.key ?? 0
        }

        mutating func attempt(_ place: Int, _ progress: (Trial) -> Void) throws {
            guard trials[place] == nil else { return }
            // From nothing: at another strength's minimum the slope of a weak penalty is within the tolerance already, so that
            // not a step would be taken.
            let (classifier, fit) = try LogisticRegression.fit(
                train, strength: ProbeSweep.strengths[place], curvature: curvature, mostIterations: mostIterations)
            let trial = Trial(
                strength: ProbeSweep.strengths[place],
                accuracy: try classifier.accuracy(on: validation.features, labels: validation.labels),
                iterations: fit.iterations, hasConverged: fit.hasConverged)
            trials[place] = trial
            progress(trial)
        }
    }
}
