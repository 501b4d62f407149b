import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPEvaluation

/// Against SciPy and scikit-learn, whose answers Fixtures/make_calibration.py wrote down.
@Suite struct CalibrationTests {
    private struct Expected: Decodable {
        let parts: [String: Part]
        let temperature: [String: Part]
        let platt: [String: Sigmoid]
        let thresholds: [Threshold]
        let report: [String: [Double]]
    }

    private struct Part: Decodable {
        let cosines: [[Float]]
        let labels: [Int]
        let scale: Double?
        let loss: Double?

        func similarities() throws -> Tensor {
            try Tensor(cosines.flatMap { $0 }, shape: [cosines.count, cosines[0].count])
        }

        /// The mean −ln softmax(scale·cosine)[label], as it is written.
        func loss(at scale: Double) -> Double {
            let losses = zip(cosines, labels).map { row, label in
                let logits = row.map { scale * (Double($0) - Double(row[label])) }
                let most = logits.max() ?? 0
                return most + log(logits.reduce(0) { $0 + exp($1 - most) })
            }
            return losses.reduce(0, +) / Double(losses.count)
        }
    }

    private struct Sigmoid: Decodable {
        let scores: [Double]
        let isRight: [Bool]
        let sklearn: [Double]
        let exact: [Double]
    }

    private struct Threshold: Decodable {
        let inside: [Double]
        let outside: [Double]
        let falseAcceptance: Double
        let threshold: Double
        let insiders: Int
        let outsiders: Int
        let equalErrorThreshold: Double
        let equalErrorRate: Double
        let area: Double
    }

    private let expected: Expected

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/calibration", withExtension: "json"))
        expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }

    private func part(_ name: String) throws -> (similarities: Tensor, labels: [Int]) {
        let part = try #require(expected.parts[name])
        return (try part.similarities(), part.labels)
    }

    // MARK: Temperature

    @Test(arguments: [0.01, 1, 14.3, 100, 10_000]) func scalesAreSciPysFromAnyStart(_ start: Double) throws {
        #expect(expected.temperature.count == 2)
        for (name, part) in expected.temperature {
            let (scale, loss) = (try #require(part.scale), try #require(part.loss))
            let found = try TemperatureScaling.fit(
                similarities: part.similarities(), labels: part.labels, start: start)
            #expect(abs(found.scale / scale - 1) < 1e-6, "\(name): \(found.scale), not \(scale)")
            #expect(abs(part.loss(at: found.scale) - loss) < 1e-12 && !found.isAtBound)
            #expect(part.loss(at: scale * 1.01) > loss && part.loss(at: scale / 1.01) > loss)
        }
    }

    @Test func derivativesAreThoseOfTheLossInBlocksOfAnySize() throws {
        let part = try #require(expected.temperature["hard"])
        let (scale, step) = (20.0, 1e-3)
        let values = [scale - step, scale, scale + step].map(part.loss(at:))
        let slope = (values[2] - values[0]) / (2 * step)
        let curvature = (values[2] - 2 * values[1] + values[0]) / (step * step)
        for rows in [1, 7, 40, nil] {
            let samples = try LabeledSimilarities(part.similarities(), labels: part.labels, blockRows: rows)
            let found = try samples.derivatives(at: scale)
            #expect(abs(found.slope - slope) < 1e-9, "\(found.slope), not \(slope)")
            #expect(abs(found.curvature - curvature) < 1e-8, "\(found.curvature), not \(curvature)")
        }
    }

    @Test func whatHasNoBestScaleIsAtABound() throws {
        let right = try Tensor([0.3, 0.2, 0.1, 0.25] as [Float], shape: [2, 2])
        let bounds = TemperatureScaling.bounds
        let easy = try TemperatureScaling.fit(similarities: right, labels: [0, 1], start: 100)
        #expect(easy.scale == bounds.upperBound && easy.isAtBound)
        let wrong = try TemperatureScaling.fit(similarities: right, labels: [1, 0], start: 100)
        #expect(wrong.scale == bounds.lowerBound && wrong.isAtBound)
        let silent = try TemperatureScaling.fit(similarities: Tensor.full([2, 2], 0.5), labels: [0, 1], start: 100)
        #expect(silent.scale == bounds.lowerBound)
    }

    @Test func probabilitiesAreTheSoftmaxAtTheScale() throws {
        let cosines = try Tensor([0.3, 0.2, 0.1, 0.25] as [Float], shape: [2, 2])
        let shares = [10, -15].map { Float(1 / (1 + exp(-Double($0) / 10))) }
        let wanted = try Tensor([shares[0], 1 - shares[0], shares[1], 1 - shares[1]], shape: [2, 2])
        try expectClose(TemperatureScaling(scale: 10).probabilities(cosines), wanted, tolerance: 1e-6)
    }

    @Test func samplesThatTellNothingAreRefused() throws {
        let two = try Tensor([0.3, 0.2, 0.1, 0.25] as [Float], shape: [2, 2])
        func fails(_ similarities: Tensor, _ labels: [Int], start: Double = 1) -> EvaluationError? {
            #expect(throws: EvaluationError.self) {
                try TemperatureScaling.fit(similarities: similarities, labels: labels, start: start)
            }
        }
        #expect(fails(two, [0])?.description == "similarities: [2, 2] similarities for 1 samples with a label")
        #expect(fails(two, [0, 2]) == .labelOutOfRange(name: "similarities", row: 1, label: 2, classCount: 2))
        let undefined = try Tensor([1, .nan] as [Float], shape: [1, 2])
        #expect(fails(undefined, [0])?.description.contains("not finite") == true)
        #expect(fails(try Tensor.zeros([2, 1]), [0, 0])?.description.contains("one label alone") == true)
        #expect(fails(two, [0, 1], start: 0)?.description.contains("start") == true)
        #expect(fails(two, [0, 1], start: .nan) != nil)
    }

    // MARK: Platt

    @Test func sigmoidsAreScikitLearns() throws {
        #expect(expected.platt.count == 5)
        for (name, row) in expected.platt {
            let found = try PlattScaling.fit(scores: row.scores, isRight: row.isRight)
            for (value, (exact, sklearn)) in zip([found.slope, found.intercept], zip(row.exact, row.sklearn)) {
                #expect(abs(value - exact) <= 1e-8 * max(1e-3, abs(exact)), "\(name): \(found), not \(row.exact)")
                #expect(abs(value - sklearn) <= 1e-4 * max(0.01, abs(sklearn)), "\(name): \(found), not \(row.sklearn)")
            }
        }
    }

    /// Of six of which two are right, the targets' mean is said.
    @Test func equalScoresGiveTheShareThatIsRight() throws {
        let found = try PlattScaling.fit(
            scores: Array(repeating: 0.1, count: 6), isRight: [true, true, false, false, false, false])
        let share = (2 * 3.0 / 4 + 4 * 1.0 / 6) / 6
        #expect(abs(found.probability(0.1) - share) < 1e-12 && found.slope == 0)
    }

    @Test func sigmoidsNeverOverflow() {
        let sigmoid = PlattScaling(slope: -1, intercept: 0.5)
        #expect(sigmoid.probability(1e6) == 1 && sigmoid.probability(-1e6) == 0)
        #expect(abs(sigmoid.probability(1) - 1 / (1 + exp(-0.5))) < 1e-15)
        #expect(throws: EvaluationError.self) { try PlattScaling.fit(scores: [], isRight: []) }
        #expect(throws: EvaluationError.self) { try PlattScaling.fit(scores: [1, .infinity], isRight: [true, false]) }
        #expect(throws: EvaluationError.self) { try PlattScaling.fit(scores: [1], isRight: [true, false]) }
    }

    // MARK: None of these

    @Test func thresholdsAreWhatTryingEveryScoreFinds() throws {
        #expect(expected.thresholds.count == 7)
        for (place, row) in expected.thresholds.enumerated() {
            let found = try RejectionThreshold.fit(
                inside: row.inside, outside: row.outside, falseAcceptance: row.falseAcceptance)
            #expect(found.threshold == row.threshold, "row \(place)")
            #expect(
                found.acceptance.insiders == .clopperPearson(row.insiders, of: row.inside.count), "row \(place)")
            #expect(
                found.acceptance.outsiders == .clopperPearson(row.outsiders, of: row.outside.count), "row \(place)")
            #expect(found.acceptance.right == nil)
            #expect(found.insiderCount == row.inside.count && found.outsiderCount == row.outside.count)
            #expect(abs(found.areaUnderCurve - row.area) < 1e-12, "row \(place): \(found.areaUnderCurve)")
            #expect(found.equalErrorThreshold == row.equalErrorThreshold, "row \(place)")
            #expect(abs(found.equalErrorRate - row.equalErrorRate) < 1e-12, "row \(place): \(found.equalErrorRate)")
            #expect(row.inside.count(where: found.accepts) == row.insiders)
        }
    }

    /// Nobody gets by, and yet one in six may: 1 − 0.025^(1/20).
    @Test func fewOutsidersProveLittle() throws {
        let outside = (0..<20).map { Double($0) / 100 }
        let found = try RejectionThreshold.fit(inside: [0.1, 0.5], outside: outside, falseAcceptance: 0)
        #expect(found.threshold == 0.19 && found.acceptance.outsiders.value == 0)
        #expect(abs(found.acceptance.outsiders.high - (1 - pow(0.025, 1.0 / 20))) < 1e-9)
    }

    @Test func everySampleIsAnOutsiderToTheOtherLabels() throws {
        let cosines = try Tensor([0.3, 0.2, 0.1, 0.4, 0.35, 0.1, 0.15, 0.1, 0.2] as [Float], shape: [3, 3])
        let best = try LabeledSimilarities(cosines, labels: [0, 1, 2], blockRows: 2).bestChoices()
        #expect(best.similarities == [0.3, 0.4, 0.2].map { Double(Float($0)) })
        #expect(best.others == [0.2, 0.4, 0.15].map { Double(Float($0)) })
        #expect(best.isRight == [true, false, true])
        let found = try RejectionThreshold.fit(similarities: cosines, labels: [0, 1, 2], falseAcceptance: 0.4)
        // One of three outsiders may pass; the insiders above are those of 0.3, right, and 0.4, wrong.
        #expect(found.threshold == Double(Float(0.2)))
        #expect(found.acceptance.insiders.value == 2.0 / 3 && found.acceptance.right == .clopperPearson(1, of: 2))
    }

    @Test func whatCannotChooseAThresholdIsRefused() {
        for (inside, outside, share) in [
            ([], [0.1], 0.1), ([0.1], [], 0.1), ([.nan], [0.1], 0.1), ([0.1], [.infinity], 0.1), ([0.1], [0.1], 1),
            ([0.1], [0.1], -0.1), ([0.1], [0.1], .nan),
        ] as [([Double], [Double], Double)] {
            #expect(throws: EvaluationError.self, "\(inside), \(outside), \(share)") {
                try RejectionThreshold.fit(inside: inside, outside: outside, falseAcceptance: share)
            }
        }
        #expect(throws: EvaluationError.self) {
            try RejectionThreshold.fit(inside: [0.2], outside: [0.1], isRight: [], falseAcceptance: 0)
        }
    }

    // MARK: All together

    @Test(arguments: [nil, -25.0]) func reportsErrorsOfTheTestPartBeforeAndAfter(_ bias: Double?) throws {
        let (validation, test) = (try part("validation"), try part("test"))
        let report = try CalibrationReport.make(
            validation: validation, test: test, scale: 100, bias: bias, falseAcceptance: 0.1)
        let wanted = try #require(expected.report[bias == nil ? "softmax" : "sigmoid"])
        for (found, wanted) in zip([report.before, report.after].map(\.expectedError), wanted) {
            #expect(abs(found - wanted) < 1e-7, "\(found), not \(wanted)")
        }
        #expect(report.after.expectedError < report.before.expectedError)
        #expect((report.temperature == nil) == (bias != nil) && (report.platt == nil) == (bias == nil))
        #expect(report.validationCount == validation.labels.count && report.testCount == test.labels.count)
        let threshold = try RejectionThreshold.fit(
            similarities: validation.similarities, labels: validation.labels, falseAcceptance: 0.1)
        #expect(report.threshold == threshold && report.threshold.acceptance.outsiders.value <= 0.1)
        #expect(report.testAcceptance != threshold.acceptance)
        let rejected = try #require(report.testAcceptance.right)
        let right = try LabeledSimilarities(test.similarities, labels: test.labels).bestChoices().isRight.count { $0 }
        #expect(rejected.value > Double(right) / Double(report.testCount))
    }

    @Test func partsOfOtherLabelsAreRefused() throws {
        let validation = try part("validation")
        let other = (similarities: try Tensor.zeros([2, 3]), labels: [0, 1])
        let cases: [(test: (similarities: Tensor, labels: [Int]), scale: Double, bias: Double?)] = [
            (other, 100, nil), (validation, 0, nil), (validation, 1, .nan),
        ]
        for (test, scale, bias) in cases {
            #expect(throws: EvaluationError.self) {
                try CalibrationReport.make(
                    validation: validation, test: test, scale: scale, bias: bias, falseAcceptance: 0.1)
            }
        }
    }

    // MARK: Files

    private func calibration(_ bias: Double?) throws -> CalibrationFile {
        let report = try CalibrationReport.make(
            validation: part("validation"), test: part("test"), scale: 100, bias: bias, falseAcceptance: 0.1)
        return CalibrationFile(
            report, model: "a1b2", labelSetDescription: "five labels / 7 templates", dataSet: "pictures",
            dataSetFingerprint: "c3d4")
    }

    @Test(arguments: [nil, -25.0]) func filesKeepEveryDigit(_ bias: Double?) throws {
        let file = try calibration(bias)
        try withTemporaryDirectory { folder in
            let path = folder + "/" + CalibrationFile.fileName
            try Data("what was there".utf8).write(to: URL(fileURLWithPath: path))
            try file.write(to: path)
            #expect(try CalibrationFile(path: path) == file)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [CalibrationFile.fileName])
        }
    }

    @Test func filesThatAreNoCalibrationSayWhy() throws {
        let file = try calibration(nil)
        try withTemporaryDirectory { folder in
            let path = folder + "/" + CalibrationFile.fileName
            try file.write(to: path)
            let whole = try String(contentsOfFile: path, encoding: .utf8)
            func reason(_ text: String) throws -> String {
                #expect(text != whole)
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: EvaluationError.self) { try CalibrationFile(path: path) }
                guard case .damaged(path, let reason) = error else { return "\(String(describing: error))" }
                return reason
            }
            let scale = try #require(file.temperature?.scale)
            let unreadable = "it is not JSON, or a number in it is not finite"
            #expect(try reason(String(whole.dropLast(10))) == unreadable)
            #expect(try reason(whole.replacing("\(scale)", with: "1e999")) == unreadable)
            #expect(try reason("[]") == "it is not the JSON of a calibration")
            #expect(try reason("{}") == "it has no \"version\"")
            #expect(
                try reason(whole.replacing("\"version\" : 1", with: "\"version\" : 2"))
                    == "it is of version 2, and only 1 is read: calibrate again")
            #expect(try reason(whole.replacing("\"dataSet\"", with: "\"set\"")) == "it has no \"dataSet\"")
            #expect(
                try reason(whole.replacing("\(scale)", with: "\"hot\""))
                    == "its \"temperature.scale\" is not what a calibration has there")
            #expect(try reason(whole.replacing("\(scale)", with: "-3.5")).hasPrefix("its temperature's scale -3.5"))
            #expect(
                try reason(whole.replacing("\"sampleCount\" : 120", with: "\"sampleCount\" : 0"))
                    == "it was fitted on 0 samples")
            let error = #expect(throws: EvaluationError.self) { try CalibrationFile(path: folder + "/none") }
            var isMissing = false
            if case .file(let fault) = error { isMissing = fault.isMissing }
            #expect(isMissing, "\(String(describing: error))")
        }
    }

    @Test func numbersThatAreNotFiniteAreNotWritten() throws {
        try withTemporaryDirectory { folder in
            for (scale, error, name) in [(Double.nan, 0.1, "temperature"), (20, .infinity, "errorAfter")] {
                let file = CalibrationFile(
                    model: "a1b2", labelSetDescription: "", temperature: TemperatureScaling(scale: scale), platt: nil,
                    threshold: nil, errorBefore: 0.2, errorAfter: error, dataSet: "", dataSetFingerprint: "",
                    sampleCount: 1)
                let problem = "its \"\(name)\" is not finite"
                #expect(throws: EvaluationError.samples(name: "calibration", problem: problem)) {
                    try file.write(to: folder + "/" + CalibrationFile.fileName)
                }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }
}
