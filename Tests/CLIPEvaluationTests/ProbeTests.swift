import CLIP
import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPEvaluation

@Suite struct ProbeTests {
    private static func folder() throws -> String {
        try #require(Bundle.module.resourcePath) + "/Fixtures"
    }

    private static func samples(_ classCount: Int) throws -> (LogisticRegression.Samples, [String: Tensor]) {
        let tensors = try TensorFile.read(folder() + "/probes.safetensors")
        let labels = try #require(tensors["labels-\(classCount)"]).elements(Int64.self).map { Int($0) }
        let features = try #require(tensors["features-\(classCount)"])
        return (try .init(features: features, labels: labels, classCount: classCount), tensors)
    }

    private static func strengths() throws -> [Double] {
        let data = try Data(contentsOf: URL(fileURLWithPath: folder() + "/probes.json"))
        return try #require(try JSONDecoder().decode([String: [Double]].self, from: data)["strengths"])
    }

    @Test(arguments: [2, 4]) func minimaAreScikitLearns(_ classCount: Int) throws {
        let (samples, tensors) = try Self.samples(classCount)
        let losses = try #require(tensors["losses-\(classCount)"]).elements(Float.self)
        for (place, strength) in try Self.strengths().enumerated() {
            let (classifier, fit) = try LogisticRegression.fit(samples, strength: strength)
            #expect(fit.hasConverged && fit.iterations > 0)
            #expect(abs(fit.loss - Double(losses[place])) < 2e-4, "C = \(strength): \(fit.loss), not \(losses[place])")
            let weights = try #require(tensors["weights-\(classCount)-\(place)"])
            try expectClose(classifier.weights, weights, tolerance: 0.005, "C = \(strength)")
            let bound = try CurvatureBound(samples.features)
            let fast = try LogisticRegression.fit(samples, strength: strength, curvature: bound)
            #expect(fast.fit.hasConverged && abs(fast.fit.loss - Double(losses[place])) < 1e-4)
            try expectClose(fast.classifier.weights, weights, tolerance: 0.005, "C = \(strength), with the bound")
        }
    }

    @Test(arguments: [2, 4]) func theCurvatureBoundSparesStepsAndChangesNothing(_ classCount: Int) throws {
        let (narrow, _) = try Self.samples(classCount)
        // Features that go together and one that never changes: what plain L-BFGS is slow at.
        let twins = try narrow.features * 0.02 + narrow.features.slice(0..<1, dimension: 1)
        let still = try Tensor.zeros([narrow.labels.count, 1])
        let features = try Tensor.concatenated([narrow.features, twins, still], dimension: 1)
        let samples = try LogisticRegression.Samples(
            features: features, labels: narrow.labels, classCount: classCount)
        let bound = try CurvatureBound(features)
        var steps = (fast: 0, plain: 0)
        for strength in [0.05, 1, 300, 1e6] {
            let plain = try LogisticRegression.fit(samples, strength: strength)
            let fast = try LogisticRegression.fit(samples, strength: strength, curvature: bound)
            #expect(plain.fit.hasConverged && fast.fit.hasConverged)
            #expect(fast.fit.loss < plain.fit.loss + 2e-5, "C = \(strength): \(fast.fit) and \(plain.fit)")
            #expect(abs(fast.fit.loss - plain.fit.loss) < 5e-4, "C = \(strength): \(fast.fit) and \(plain.fit)")
            if strength >= 1 { steps = (steps.fast + fast.fit.iterations, steps.plain + plain.fit.iterations) }
        }
        // Of all together: a step more or less of one is the processor's rounding.
        #expect(steps.fast < steps.plain, "\(steps)")
    }

    @Test func stepsAreLimited() throws {
        let (samples, _) = try Self.samples(4)
        let whole = try LogisticRegression.fit(samples, strength: 1)
        let short = try LogisticRegression.fit(samples, strength: 1, mostIterations: 2)
        #expect(!short.fit.hasConverged && short.fit.iterations == 2 && short.fit.loss > whole.fit.loss)
    }

    @Test func scoresAreProbabilitiesOfTheRightClass() throws {
        for classCount in [2, 4] {
            let (samples, _) = try Self.samples(classCount)
            let classifier = try LogisticRegression.fit(samples, strength: 1).classifier
            let scores = try classifier.scores(samples.features)
            #expect(scores.shape == [samples.labels.count, classCount])
            let accuracy = try classifier.accuracy(on: samples.features, labels: samples.labels)
            #expect(accuracy > 0.7 && accuracy < 1)
        }
    }

    /// The search finds what trying everything finds where there is one peak, and tries a quarter of it.
    @Test func theSearchFindsThePeakOfAllStrengths() throws {
        #expect(ProbeSweep.strengths.count == 97 && abs(ProbeSweep.strengths[8] / 1e-5 - 1) < 1e-12)
        let (samples, _) = try Self.samples(4)
        func part(_ range: Range<Int>) throws -> LogisticRegression.Samples {
            try .init(
                features: samples.features.slice(range), labels: Array(samples.labels[range]), classCount: 4)
        }
        let (train, validation) = (try part(0..<60), try part(60..<300))
        var sweep = ProbeSweep()
        var told = 0
        let found = try sweep.run(train: train, validation: validation) { _ in told += 1 }
        sweep.triesAll = true
        let all = try sweep.run(train: train, validation: validation)
        #expect(all.trials.count == 97 && found.trials.count == told && (12...17).contains(told))
        let best = try #require(found.trials.first { $0.strength == found.strength })
        let peak = try #require(all.trials.map(\.accuracy).max())
        #expect(best.accuracy == found.trials.map(\.accuracy).max())
        #expect(peak - best.accuracy < 0.01, "\(best), \(peak)")
        // What is handed out has learned from both splits.
        let again = try LogisticRegression.fit(samples, strength: found.strength)
        #expect(abs(again.fit.loss - found.fit.loss) < 1e-3)
    }

    @Test func badSamplesAreNamed() throws {
        let features = try Tensor([Float](repeating: 1, count: 6), shape: [3, 2])
        func problem(_ features: Tensor, _ labels: [Int]) -> EvaluationError? {
            do {
                _ = try LogisticRegression.Samples(features: features, labels: labels, classCount: 3, name: "train")
            } catch {
                return error as? EvaluationError
            }
            return nil
        }
        #expect(problem(features, [0, 1]) == .samples(name: "train", problem: "[3, 2] features for 2 labels"))
        #expect(problem(features, [0, 3, 1]) == .labelOutOfRange(name: "train", row: 1, label: 3, classCount: 3))
        #expect(problem(features, [0, 0, -1]) == .labelOutOfRange(name: "train", row: 2, label: -1, classCount: 3))
        #expect(problem(features, [1, 1, 1]) == .oneClass(name: "train"))
        let broken = try Tensor([Float](arrayLiteral: 1, 2, .nan, 4, 5, 6), shape: [3, 2])
        #expect(problem(broken, [0, 1, 2]) == .notFinite(name: "train"))
        #expect(problem(features, [0, 1, 2]) == nil)
    }

    /// Rosenbrock's valley, which simple descent does not get through.
    @Test func theOptimizerFindsTheWayThroughAValley() throws {
        var optimizer = LBFGS()
        optimizer.gradientTolerance = 1e-8
        var evaluations = 0
        let outcome = try optimizer.minimize(from: Tensor([-1.2, 1.0])) { place in
            evaluations += 1
            let values = try place.elements(Double.self)
            let (x, y) = (values[0], values[1])
            let gradient = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
            return (100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x), try Tensor(gradient))
        }
        try expectClose(outcome.point.place, Tensor([1.0, 1.0]), tolerance: 1e-6)
        #expect(outcome.hasConverged && evaluations < 80, "\(evaluations)")
    }
}
