import Foundation
import Testing

@testable import CLIPEvaluation

/// Against numpy.polyfit, whose answers Fixtures/make_robustness.py wrote down.
@Suite struct RobustnessTests {
    private struct Expected: Decodable {
        let fits: [Fit]
        let corruptions: Corruptions
    }

    private struct Fit: Decodable {
        let reference: [Double]
        let shifted: [Double]
        let margin: Double
        let slope: Double
        let intercept: Double
        let rSquared: Double
        let predictions: [[Double]]
    }

    private struct Corruptions: Decodable {
        let accuracies: [String: [Double]]
        let others: [String: [Double]]
        let mean: Double
        let mCE: Double
    }

    private let expected: Expected

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/robustness", withExtension: "json"))
        expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }

    private func problem(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as EvaluationError {
            return error.description
        } catch {
            return nil
        }
    }

    @Test func linesAreNumPys() throws {
        #expect(expected.fits.count == 4)
        for (place, row) in expected.fits.enumerated() {
            let fit = try BaselineFit(reference: row.reference, shifted: row.shifted, margin: row.margin)
            #expect(fit.count == row.reference.count && fit.margin == row.margin)
            for (found, wanted) in [
                (fit.slope, row.slope), (fit.intercept, row.intercept), (fit.rSquared, row.rSquared),
            ] {
                #expect(abs(found - wanted) < 1e-9, "fit \(place): \(fit)")
            }
            for prediction in row.predictions {
                let found = fit.predicted(prediction[0])
                #expect(abs(found - prediction[1]) < 1e-9, "fit \(place) of \(prediction): \(found)")
            }
        }
    }

    /// A model of which nothing is right has a logit of −∞, and would leave no line at all.
    @Test func accuraciesOfNoneAndAllAreKeptFinite() throws {
        let fit = try BaselineFit(reference: [0, 0.5, 1], shifted: [0, 0.5, 1], margin: 0.01)
        #expect(abs(fit.slope - 1) < 1e-12 && abs(fit.intercept) < 1e-12 && abs(fit.rSquared - 1) < 1e-12)
        #expect(abs(fit.predicted(0) - 0.01) < 1e-12 && abs(fit.predicted(0.3) - 0.3) < 1e-12)
        #expect(BaselineFit.margin(samples: 50_000) == 1e-5)
        #expect(BaselineFit.margin(samples: 0) == 0.25)
    }

    @Test func oneShiftedAccuracyIsALevelLine() throws {
        let fit = try BaselineFit(reference: [0.5, 0.6, 0.7], shifted: [0.25, 0.25, 0.25])
        #expect(fit.rSquared == 1 && abs(fit.slope) < 1e-12 && abs(fit.predicted(0.9) - 0.25) < 1e-12)
    }

    @Test func whatHasNoLineIsRefused() {
        #expect(
            problem { _ = try BaselineFit(reference: [], shifted: []) }?.contains("of these 0 no two differ") == true)
        #expect(
            problem { _ = try BaselineFit(reference: [0.7, 0.7, 0.7], shifted: [0.1, 0.2, 0.3]) }
                == "baseline models: a line needs two of different reference accuracy, and of these 3 no two differ")
        // Both are taken for 1 − margin.
        #expect(problem { _ = try BaselineFit(reference: [1, 0.99], shifted: [0.5, 0.6], margin: 0.01) } != nil)
        #expect(
            problem { _ = try BaselineFit(reference: [0.1, 0.2], shifted: [0.1]) }?.contains("2 reference") == true)
        #expect(
            problem { _ = try BaselineFit(reference: [10, 20], shifted: [0, 0.1]) }?.contains("10.0 is no") == true)
        #expect(
            problem { _ = try BaselineFit(reference: [0.1, 0.2], shifted: [0, .nan]) }?.contains("nan is no") == true)
        #expect(problem { _ = try BaselineFit(reference: [0.1, 0.2], shifted: [0, 1], margin: 0.5) } != nil)
    }

    @Test func robustnessIsWhatTheLineDoesNotSay() throws {
        let fit = try BaselineFit(reference: [0.2, 0.8], shifted: [0.1, 0.6])
        let reference = Interval.wilson(700, of: 1000)
        let shifted = Interval.clopperPearson(120, of: 200)
        let found = EffectiveRobustness(reference: reference, shifted: shifted, fit: fit)
        #expect(found.predicted == fit.predicted(0.7) && found.predicted > 0.1 && found.predicted < 0.6)
        #expect(abs(found.effective.value - (0.6 - found.predicted)) < 1e-15 && abs(found.drop - 0.1) < 1e-15)
        #expect(abs(found.effective.low - (shifted.low - found.predicted)) < 1e-15)
        #expect(abs(found.effective.high - (shifted.high - found.predicted)) < 1e-15)
        #expect(found.effective.method == .clopperPearson && found.effective.confidence == 0.95)
        // A baseline is as robust as baselines are.
        let own = Interval(value: 0.6, low: 0.5, high: 0.7, confidence: 0.95, method: .wilson)
        let same = Interval(value: 0.8, low: 0.7, high: 0.9, confidence: 0.95, method: .wilson)
        #expect(abs(EffectiveRobustness(reference: same, shifted: own, fit: fit).effective.value) < 1e-12)
        let copy = try JSONDecoder().decode(EffectiveRobustness.self, from: JSONEncoder().encode(found))
        #expect(copy == found)
    }

    @Test func severalShiftsCountAlike() throws {
        let first = (reference: [0.5, 0.7, 0.9], shifted: [0.2, 0.5, 0.6])
        let second = (reference: [0.7, 0.7, 0.7], shifted: [0.4, 0.3, 0.8])
        let fit = try BaselineFit(sets: [first, second])
        let means = try BaselineFit(reference: [0.6, 0.7, 0.8], shifted: [0.3, 0.4, 0.7])
        #expect(abs(fit.slope - means.slope) < 1e-9 && abs(fit.intercept - means.intercept) < 1e-9, "\(fit), \(means)")
        #expect(fit.count == 3)
        #expect(problem { _ = try BaselineFit(sets: []) } != nil)
        #expect(problem { _ = try BaselineFit(sets: [first, ([0.1, 0.2], [0.1, 0.2])]) } != nil)
        // A mean of 150 % and 10 % is 80 %.
        let wrong = (reference: [1.5, 0.2, 0.3], shifted: [0.1, 0.2, 0.3])
        #expect(problem { _ = try BaselineFit(sets: [wrong, first]) }?.contains("1.5 is no accuracy") == true)
    }

    @Test func aMeanIsSurerThanItsParts() throws {
        let intervals = [
            Interval(value: 0.5, low: 0.4, high: 0.7, confidence: 0.95, method: .wilson),
            Interval(value: 0.7, low: 0.7, high: 0.8, confidence: 0.95, method: .wilson),
        ]
        let mean = try Interval.mean(of: intervals)
        #expect(abs(mean.value - 0.6) < 1e-12 && abs(mean.low - 0.55) < 1e-12)
        #expect(abs(mean.high - (0.6 + 0.05.squareRoot() / 2)) < 1e-12)
        let one = try Interval.mean(of: [intervals[0]])
        #expect(abs(one.low - 0.4) < 1e-12 && abs(one.high - 0.7) < 1e-12 && one.value == 0.5)
        #expect(problem { _ = try Interval.mean(of: []) } != nil)
        let other = Interval(value: 0.5, low: 0.4, high: 0.7, confidence: 0.9, method: .wilson)
        #expect(problem { _ = try Interval.mean(of: [intervals[0], other]) } != nil)
    }

    @Test func corruptionsAreNumPys() throws {
        let row = expected.corruptions
        let found = try CorruptionAccuracy(accuracies: row.accuracies)
        #expect(abs(found.mean - row.mean) < 1e-12 && found.accuracies == row.accuracies)
        #expect(abs((found.kinds["fog"] ?? 0) - (row.accuracies["fog"] ?? []).reduce(0, +) / 5) < 1e-12)
        let errors = row.accuracies.mapValues { $0.map { 1 - $0 } }
        let mCE = try CorruptionAccuracy.meanCorruptionError(errors: errors, baseline: row.others)
        #expect(abs(mCE - row.mCE) < 1e-12, "\(mCE)")
        // Sums over as many severities are in the ratio of their means.
        let means = row.others.mapValues { [$0.reduce(0, +) / Double($0.count)] }
        let same = try CorruptionAccuracy.meanCorruptionError(errors: errors, baseline: means)
        #expect(abs(mCE - same) < 1e-12)
        #expect(abs(try CorruptionAccuracy.meanCorruptionError(errors: errors, baseline: errors) - 1) < 1e-12)
    }

    @Test func corruptionsThatCannotBeComparedAreNamed() {
        func compared(_ errors: [String: [Double]], _ baseline: [String: [Double]]) -> String? {
            problem { _ = try CorruptionAccuracy.meanCorruptionError(errors: errors, baseline: baseline) }
        }
        #expect(compared(["fog": [0.1], "snow": [0.1]], ["fog": [0.1]])?.hasPrefix("corruption snow: the") == true)
        #expect(compared(["fog": [0.1]], ["fog": [0.1], "snow": [0.1]])?.hasPrefix("corruption snow: only") == true)
        #expect(compared(["fog": [0.1, 0.2, 0.3]], ["fog": [0.1, 0.2]])?.contains("3 severities") == true)
        #expect(compared(["fog": [0.1]], ["fog": [0]])?.contains("no error") == true)
        #expect(compared([:], [:]) == "corruptions: there are none")
        #expect(problem { _ = try CorruptionAccuracy(accuracies: ["fog": []]) }?.hasPrefix("corruption fog") == true)
        #expect(problem { _ = try CorruptionAccuracy(accuracies: ["fog": [1.2]]) } != nil)
    }
}
