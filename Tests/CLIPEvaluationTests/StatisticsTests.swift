import Foundation
import Testing

@testable import CLIPEvaluation

/// Against SciPy, statsmodels and scikit-learn, whose answers Fixtures/make_statistics.py wrote down.
@Suite struct StatisticsTests {
    private struct Expected: Decodable {
        let intervals: [[Double]]
        let binomial: [[Double]]
        let mcnemar: [[Double]]
        let precision: [Scores]
        let calibration: [Answers]
    }

    private struct Scores: Decodable {
        let scores: [Float]
        let isRight: [Bool]
        let expected: Double

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            scores = try row.decode([Float].self)
            isRight = try row.decode([Bool].self)
            expected = try row.decode(Double.self)
        }
    }

    private struct Answers: Decodable {
        let confidences: [Double]
        let isRight: [Bool]
        let bins: Int
        let expected: Double

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            confidences = try row.decode([Double].self)
            isRight = try row.decode([Bool].self)
            bins = try row.decode(Int.self)
            expected = try row.decode(Double.self)
        }
    }

    private let expected: Expected

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/statistics", withExtension: "json"))
        expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }

    @Test func intervalsAreSciPys() {
        #expect(expected.intervals.count > 80)
        for row in expected.intervals {
            let (successes, trials) = (Int(row[0]), Int(row[1]))
            let wilson = Interval.wilson(successes, of: trials, confidence: row[2])
            let exact = Interval.clopperPearson(successes, of: trials, confidence: row[2])
            for (found, wanted) in zip([wilson.low, wilson.high, exact.low, exact.high], row[3...]) {
                #expect(abs(found - wanted) < 1e-9, "\(row): \(wilson), \(exact)")
            }
            #expect(wilson.value == row[0] / row[1] && exact.value == wilson.value)
        }
    }

    @Test func nothingMeasuredSaysNothing() {
        for interval in [Interval.wilson(0, of: 0), .clopperPearson(0, of: 0)] {
            #expect(interval.low == 0 && interval.high == 1 && interval.value == 0)
        }
    }

    @Test func exactTestsAreSciPysAndStatsmodels() {
        #expect(expected.binomial.count > 80 && expected.mcnemar.count == 6)
        for row in expected.binomial {
            let (successes, trials) = (Int(row[0]), Int(row[1]))
            let greater = SignificanceTest.binomial(successes, of: trials, probability: row[2], isGreater: true)
            let less = SignificanceTest.binomial(successes, of: trials, probability: row[2], isGreater: false)
            #expect(abs(greater - row[3]) < 1e-9 && abs(less - row[4]) < 1e-9, "\(row): \(greater), \(less)")
        }
        for row in expected.mcnemar {
            let found = SignificanceTest.mcNemar(onlyFirst: Int(row[0]), onlySecond: Int(row[1]))
            #expect(abs(found - row[2]) < 1e-9, "\(row): \(found)")
        }
    }

    @Test func averagePrecisionIsScikitLearns() {
        #expect(expected.precision.count == 4)
        for row in expected.precision {
            let found = AveragePrecision.score(row.scores, isRight: row.isRight)
            #expect(
                found.map { abs($0 - row.expected) < 1e-9 } == true, "\(row.expected): \(String(describing: found))")
        }
        #expect(AveragePrecision.score([1, 2], isRight: [false, false]) == nil)
    }

    @Test func calibrationIsScikitLearns() {
        #expect(expected.calibration.count == 3)
        for row in expected.calibration {
            let found = Calibration(confidences: row.confidences, isRight: row.isRight, binCount: row.bins)
            #expect(abs(found.expectedError - row.expected) < 1e-9, "\(row.expected): \(found.expectedError)")
            #expect(found.bins.reduce(0) { $0 + $1.count } == row.confidences.count)
            #expect(found.largestError >= found.expectedError)
            let interval = found.errorInterval
            #expect(interval.low <= interval.value && interval.value < interval.high && interval.low >= 0)
        }
    }

    /// The mean of a resample lies about the mean with its standard error, which the interval shows.
    @Test func resamplesSpreadAsMeansDo() {
        let values = (0..<400).map { Double($0 % 2) }
        let interval = Bootstrap().mean(of: values)
        #expect(interval.value == 0.5 && interval.method == .bootstrap)
        #expect(abs(interval.low - (0.5 - 1.96 * 0.025)) < 0.006 && abs(interval.high - (0.5 + 1.96 * 0.025)) < 0.006)
        #expect(Bootstrap().mean(of: values) == interval)
        var other = Bootstrap()
        other.seed = 1
        #expect(other.mean(of: values) != interval)
        #expect(Bootstrap().mean(of: [2]) == Interval(value: 2, low: 2, high: 2, confidence: 0.95, method: .bootstrap))
    }
}
