import CLIP
import CLIPData
import Foundation
import Imaging

/// What another distribution of pictures does to accuracy (arXiv 2103.00020, section 3.3).
public struct RobustnessResult: Sendable, Equatable, Codable {
    /// One other distribution.
    public struct Shift: Sendable, Equatable, Codable {
        /// What it is called.
        public let name: String
        /// Samples.
        public let count: Int
        /// Top-1 there.
        public let accuracy: Interval
        /// How far it is below the reference, in shares.
        public let drop: Double
        /// Beside what models of the same reference accuracy have; nil without a line of such models.
        public let effective: EffectiveRobustness?
    }

    /// One corruption, at one severity after another.
    public struct Corrupted: Sendable, Equatable, Codable {
        /// ImageNet-C's name of it.
        public let kind: String
        /// noise, blur, weather or digital.
        public let group: String
        /// From 1 to 5.
        public let severities: [Int]
        /// Top-1 at each.
        public let accuracy: [Interval]
    }

    /// Top-1 on the reference.
    public let reference: Interval
    /// Samples of it.
    public let count: Int
    /// Other sets.
    public let shifts: [Shift]
    /// The mean over the shifts; nil without any.
    public let meanShifted: Interval?
    /// The same pictures, corrupted.
    public let corruptions: [Corrupted]
    /// The mean over kinds of the means over severities, with a bootstrap interval over pictures; nil without any.
    public let meanCorrupted: Interval?
}

/// What accuracy is measured under.
public struct Robustness: Sendable {
    /// Kinds to corrupt the reference by.
    public var corruptions: [Corruption] = []
    /// How strongly.
    public var severities = [1, 3, 5]
    /// Samples of the reference that are corrupted, drawn by the seed; nil for all.
    public var sample: Int? = 500
    /// Draws the samples and what is random in corruptions.
    public var seed: UInt64 = 0
    /// Reference and shifted accuracies of models to compare with, as `name,reference,shifted`; published ones where the sets are
    /// known.
    public var baseline: BaselineFit?

    /// No corruption.
    public init() {}
}

extension Evaluator {
    /// Accuracy on a reference and on what it shifts to.
    /// - Parameters:
    ///   - shifts: with classes of the reference's names: all of them, or some.
    ///   - progress: told what is measured next.
    /// - Throws: ``EvaluationError/mismatch(path:expected:found:)`` for a shift with classes that the reference has not.
    public func robustness(
        _ robustness: Robustness, reference: EvaluationSet, shifts: [EvaluationSet], prompts: ClassPrompts,
        progress: (String) -> Void = { _ in }
    ) throws -> RobustnessResult {
        let whole = try embedded(reference)
        let own = Self.accuracy(try rightness(whole, prompts))
        let measured = try shifts.map { shift in
            progress(shift.name)
            return try self.shift(shift, of: reference, prompts, own, robustness.baseline)
        }
        var corrupted: [RobustnessResult.Corrupted] = []
        var shares: [String: (right: Int, count: Int)] = [:]
        if !robustness.corruptions.isEmpty {
            let base = try robustness.sample.map { try reference.sampled($0, seed: robustness.seed) } ?? reference
            for kind in robustness.corruptions {
                let accuracies = try robustness.severities.map { severity in
                    progress("\(kind.rawValue) \(severity)")
                    let change = Change("\(kind.rawValue) \(severity) by \(robustness.seed)") { picture, place in
                        let own = SplitMix64.seed(robustness.seed, UInt64(place), UInt64(severity))
                        return try kind.applied(to: picture, severity: severity, seed: own)
                    }
                    let isRight = try rightness(embedded(base, change: change), prompts)
                    for (key, isRight) in isRight {
                        shares[key, default: (0, 0)].right += isRight ? 1 : 0
                        shares[key, default: (0, 0)].count += 1
                    }
                    return Self.accuracy(isRight)
                }
                corrupted.append(
                    RobustnessResult.Corrupted(
                        kind: kind.rawValue, group: kind.group, severities: robustness.severities, accuracy: accuracies)
                )
            }
        }
        let means = shares.sorted { $0.key < $1.key }.map { Double($0.value.right) / Double($0.value.count) }
        return try RobustnessResult(
            reference: own, count: whole.labelled().count, shifts: measured,
            meanShifted: measured.isEmpty ? nil : Interval.mean(of: measured.map(\.accuracy)),
            corruptions: corrupted, meanCorrupted: means.isEmpty ? nil : Bootstrap().mean(of: means))
    }

    /// Whether each picture's class comes first, with the sample's key.
    private func rightness(
        _ all: EmbeddedSet, _ prompts: ClassPrompts
    ) throws -> [(key: String, isRight: Bool)] {
        let set = try all.labelled()
        let answers = try ClassificationResult.answers(similarities(set, prompts), name: set.name)
        return try zip(set.samples, zip(answers, set.labels())).map { ($0.key, $1.0[0] == $1.1) }
    }

    private static func accuracy(_ isRight: [(key: String, isRight: Bool)]) -> Interval {
        .wilson(isRight.count { $0.isRight }, of: isRight.count)
    }

    /// A shift may have some of the reference's classes alone, as ImageNet-R has: the others are no choices then.
    private func shift(
        _ shift: EvaluationSet, of reference: EvaluationSet, _ prompts: ClassPrompts, _ own: Interval,
        _ baseline: BaselineFit?
    ) throws -> RobustnessResult.Shift {
        let places = try shift.classNames.map { name in
            guard let place = reference.classNames.firstIndex(of: name) else {
                throw EvaluationError.mismatch(
                    path: shift.name, expected: "\(reference.name), which has no class \"\(name)\"",
                    found: "other classes")
            }
            return place
        }
        var asked = prompts
        asked.names = places.map { prompts.names[$0] }
        asked.sentences = prompts.sentences.map { all in places.map { all[$0] } }
        let set = try embedded(shift)
        let accuracy = Self.accuracy(try rightness(set, asked))
        return try RobustnessResult.Shift(
            name: shift.name, count: set.labelled().count, accuracy: accuracy, drop: own.value - accuracy.value,
            effective: baseline.map { EffectiveRobustness(reference: own, shifted: accuracy, fit: $0) })
    }
}
