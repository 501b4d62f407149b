import CLIPData
import Foundation
import Imaging
import Torch

/// A linear classifier of what the image tower sees (arXiv 2103.00020, section 3.2 and appendix A.3).
public struct ProbeResult: Sendable, Equatable, Codable {
    /// On the set that was not learned from.
    public let classification: ClassificationResult
    /// C, chosen on the validation split.
    public let strength: Double
    /// All strengths that were tried.
    public let trials: [ProbeSweep.Trial]
    /// Steps of L-BFGS of the last fit.
    public let iterations: Int
    /// Whether it came to the minimum.
    public let hasConverged: Bool
    /// Samples it learned from, with the validation split.
    public let trainCount: Int
    /// Samples of the validation split.
    public let validationCount: Int
    /// Numbers a picture.
    public let featureSize: Int
    /// For each sample whether its class came first.
    public let isRight: [Bool]

    /// The share of samples whose class comes first.
    public var accuracy: Interval { classification.top1 }

    private enum CodingKeys: String, CodingKey {
        case accuracy, strength, trials, iterations, right
        case hasConverged
        case trainCount
        case validationCount
        case featureSize
    }
}

extension ProbeResult {
    /// The figures by class lie beside the rest.
    public func encode(to encoder: any Encoder) throws {
        try classification.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(accuracy, forKey: .accuracy)
        try container.encode(strength, forKey: .strength)
        try container.encode(trials, forKey: .trials)
        try container.encode(iterations, forKey: .iterations)
        try container.encode(hasConverged, forKey: .hasConverged)
        try container.encode(trainCount, forKey: .trainCount)
        try container.encode(validationCount, forKey: .validationCount)
        try container.encode(featureSize, forKey: .featureSize)
        try container.encode(Marks(isRight), forKey: .right)
    }

    /// What ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            classification: try ClassificationResult(from: decoder),
            strength: try container.decode(Double.self, forKey: .strength),
            trials: try container.decode([ProbeSweep.Trial].self, forKey: .trials),
            iterations: try container.decode(Int.self, forKey: .iterations),
            hasConverged: try container.decode(Bool.self, forKey: .hasConverged),
            trainCount: try container.decode(Int.self, forKey: .trainCount),
            validationCount: try container.decode(Int.self, forKey: .validationCount),
            featureSize: try container.decode(Int.self, forKey: .featureSize),
            isRight: try container.decode(Marks.self, forKey: .right).values)
    }
}

/// Features with classes.
package struct LabelledFeatures: Sendable {
    package let name: String
    /// float32 `[N, F]`
    package let features: Tensor
    package let labels: [Int]
    package let classNames: [String]

    package init(name: String, features: Tensor, labels: [Int], classNames: [String]) {
        (self.name, self.features, self.labels, self.classNames) = (name, features, labels, classNames)
    }

    /// What a probe learns from: the image tower's states.
    /// - Throws: ``EvaluationError`` for samples without a class, or with several.
    package init(_ all: EmbeddedSet) throws {
        let set = try all.labelled()
        self.init(name: set.name, features: set.states, labels: try set.labels(), classNames: set.classNames)
    }

    /// The same samples with the places of their classes among other names, of which theirs are some.
    /// - Throws: ``EvaluationError/mismatch(path:expected:found:)`` for a class that is not among them.
    func relabelled(_ names: [String], of other: String) throws -> LabelledFeatures {
        guard classNames != names else { return self }
        let places = try classNames.map { name in
            guard let place = names.firstIndex(of: name) else {
                throw EvaluationError.mismatch(
                    path: self.name, expected: "\(other), which has no class \"\(name)\"", found: "other classes")
            }
            return place
        }
        return LabelledFeatures(
            name: self.name, features: features, labels: labels.map { places[$0] }, classNames: names)
    }

    func selecting(_ places: [Int]) throws -> LabelledFeatures {
        LabelledFeatures(
            name: name, features: try features.rows(Tensor(places.map(Int64.init))),
            labels: places.map { labels[$0] }, classNames: classNames)
    }

    func samples() throws -> LogisticRegression.Samples {
        try LogisticRegression.Samples(features: features, labels: labels, classCount: classNames.count, name: name)
    }

    /// Two parts, drawn by the seed: a share of each class is in the second, one at least of those with two.
    package func split(share: Double, seed: UInt64) throws -> (LabelledFeatures, LabelledFeatures) {
        var generator = SplitMix64(seed: seed)
        var (first, second): ([Int], [Int]) = ([], [])
        for (_, places) in Self.byClass(labels).sorted(by: { $0.key < $1.key }) {
            let mixed = places.shuffled(using: &generator)
            let count = places.count < 2 ? 0 : max(1, Int((Double(places.count) * share).rounded()))
            second += mixed.prefix(count)
            first += mixed.dropFirst(count)
        }
        return (try selecting(first.sorted()), try selecting(second.sorted()))
    }

    static func byClass(_ labels: [Int]) -> [Int: [Int]] {
        Dictionary(grouping: labels.indices) { labels[$0] }
    }
}

/// The probe's protocol.
public struct Probe: Sendable {
    /// What part of what is learned from chooses the strength, where there is no split of its own.
    public var validationShare = 0.2
    /// The strengths.
    public var sweep = ProbeSweep()
    /// Draws the validation split.
    public var seed: UInt64 = 0

    /// The paper's sweep, a fifth for validation.
    public init() {}

    /// All that decides what it comes to.
    var identity: String { "\(validationShare) \(seed) \(sweep.triesAll) \(sweep.mostIterations)" }

    /// - Parameters:
    ///   - train: what to learn.
    ///   - validation: what to choose the strength by; nil to take a share of `train`.
    ///   - test: what to measure on.
    package func run(
        train: LabelledFeatures, validation: LabelledFeatures? = nil, test: LabelledFeatures,
        progress: (ProbeSweep.Trial) -> Void = { _ in }
    ) throws -> (result: ProbeResult, classifier: LogisticRegression) {
        let validation = try validation?.relabelled(train.classNames, of: train.name)
        let test = try test.relabelled(train.classNames, of: train.name)
        guard test.features.shape[1] == train.features.shape[1] else {
            throw EvaluationError.samples(
                name: test.name,
                problem: "\(test.features.shape[1]) features a sample, and \(train.name) has \(train.features.shape[1])"
            )
        }
        let parts = try validation.map { (train, $0) } ?? train.split(share: validationShare, seed: seed)
        guard !parts.1.labels.isEmpty else {
            throw EvaluationError.samples(name: train.name, problem: "it is too small to keep a part for validation")
        }
        let outcome = try sweep.run(train: parts.0.samples(), validation: parts.1.samples(), progress: progress)
        let answers = try ClassificationResult.answers(
            Engine.withoutGradients { try outcome.classifier.scores(test.features) }, name: test.name)
        let result = ProbeResult(
            classification: try ClassificationResult(
                answers: answers, labels: test.labels, classNames: test.classNames, name: test.name),
            strength: outcome.strength, trials: outcome.trials, iterations: outcome.fit.iterations,
            hasConverged: outcome.fit.hasConverged, trainCount: parts.0.labels.count + parts.1.labels.count,
            validationCount: parts.1.labels.count, featureSize: train.features.shape[1],
            isRight: zip(answers, test.labels).map { $0[0] == $1 })
        return (result, outcome.classifier)
    }
}

/// Probes that learn from few samples a class (arXiv 2103.00020, section 3.1.5 and figure 6).
public struct FewShotResult: Sendable, Equatable, Codable {
    /// One number of samples a class.
    public struct Step: Sendable, Equatable, Codable {
        /// Samples a class.
        public let shots: Int
        /// The accuracy of each draw.
        public let accuracies: [Double]
        /// Their mean. The interval is the mean ± 1.96 standard errors over draws; all of it the value with one draw.
        public let accuracy: Interval
    }

    /// By shots.
    public let steps: [Step]
    /// What the names alone give; nil where that was not measured.
    public let zeroShot: Interval?
    /// The number of shots at which the probe is as good as the names alone, between the measured ones by the logarithm; nil where
    /// it never is, or always.
    public let catchesUpAt: Double?
    /// C of every probe.
    public let strength: Double

    enum CodingKeys: String, CodingKey {
        case steps, strength
        case zeroShot
        case catchesUpAt
    }
}

/// The few-shot protocol.
public struct FewShot: Sendable {
    /// Samples a class.
    public var shots = [1, 2, 4, 8, 16]
    /// How often they are drawn.
    public var draws = 5
    /// Draws them.
    public var seed: UInt64 = 0
    /// C, for features brought to unit length: nothing is left to choose it by.
    public var strength = 10.0

    /// 1, 2, 4, 8 and 16 a class, five times.
    public init() {}

    /// - Parameters:
    ///   - train: what is drawn from.
    ///   - test: what to measure on.
    ///   - zeroShot: the accuracy that names give.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` where a class has fewer samples than are to be drawn.
    package func run(
        train: LabelledFeatures, test: LabelledFeatures, zeroShot: Interval?, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> FewShotResult {
        let test = try test.relabelled(train.classNames, of: train.name)
        let byClass = LabelledFeatures.byClass(train.labels)
        let most = shots.max() ?? 0
        guard draws > 0, !shots.isEmpty, shots.allSatisfy({ $0 > 0 }) else {
            throw EvaluationError.setting(name: "shots", value: "\(shots)", reason: "at least one, each drawn once")
        }
        for (label, name) in train.classNames.enumerated() where (byClass[label]?.count ?? 0) < most {
            throw EvaluationError.samples(
                name: train.name,
                problem: "class \"\(name)\" has \(byClass[label]?.count ?? 0) samples, and \(most) are to be drawn")
        }
        let (learned, tested) = (try Self.unit(train.features), try Self.unit(test.features))
        let steps = try shots.sorted().map { count in
            let accuracies = try (0..<draws).map { draw in
                progress(count, draw)
                var generator = SplitMix64(seed: seed &+ UInt64(draw) &* 1_000_003 &+ UInt64(count))
                let places = train.classNames.indices.flatMap {
                    (byClass[$0] ?? []).shuffled(using: &generator).prefix(count)
                }
                let samples = try LogisticRegression.Samples(
                    features: learned.rows(Tensor(places.map(Int64.init))), labels: places.map { train.labels[$0] },
                    classCount: train.classNames.count, name: train.name)
                let classifier = try LogisticRegression.fit(samples, strength: strength).classifier
                return try classifier.accuracy(on: tested, labels: test.labels)
            }
            return FewShotResult.Step(shots: count, accuracies: accuracies, accuracy: Self.interval(accuracies))
        }
        return FewShotResult(
            steps: steps, zeroShot: zeroShot, catchesUpAt: zeroShot.flatMap { Self.crossing(steps, $0.value) },
            strength: strength)
    }

    private static func unit(_ features: Tensor) throws -> Tensor {
        try Engine.withoutGradients { try features.normalized() }
    }

    private static func interval(_ values: [Double]) -> Interval {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))
        let half = 1.96 * (variance / Double(values.count)).squareRoot()
        return Interval(
            value: mean, low: max(0, mean - half), high: min(1, mean + half), confidence: 0.95, method: .standardError)
    }

    /// Where the means first reach a height, between two of them.
    static func crossing(_ steps: [FewShotResult.Step], _ height: Double) -> Double? {
        guard let place = steps.firstIndex(where: { $0.accuracy.value >= height }) else { return nil }
        guard place > 0 else { return nil }
        let (below, above) = (steps[place - 1], steps[place])
        let share = (height - below.accuracy.value) / (above.accuracy.value - below.accuracy.value)
        let (from, to) = (log2(Double(below.shots)), log2(Double(above.shots)))
        return exp2(from + share * (to - from))
    }
}
