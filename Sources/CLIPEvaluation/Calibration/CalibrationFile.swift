import Files
import Foundation

/// `calibration.json`: what turns a model's similarities into probabilities and "none of these", for one set of labels.
public struct CalibrationFile: Sendable, Equatable, Codable {
    /// What such a file is called.
    public static let fileName = "calibration.json"
    /// The form that is written, and the only one that is read.
    public static let currentVersion = 1
    private static let mostBytes = 1 << 20

    /// The form of the file.
    public let version: Int
    /// The model's fingerprint: with another model the numbers mean nothing.
    public let model: String
    /// Which labels, and with which templates, in words.
    public let labelSetDescription: String
    /// For probabilities among the labels; nil where none was fitted.
    public let temperature: TemperatureScaling?
    /// For the probability that one answer is right by its similarity; nil where none was fitted.
    public let platt: PlattScaling?
    /// For "none of these"; nil where none was chosen.
    public let threshold: RejectionThreshold?
    /// The expected calibration error with the model's own scale, in [0, 1].
    public let errorBefore: Double
    /// The expected calibration error once calibrated, in [0, 1].
    public let errorAfter: Double
    /// What the data set is called.
    public let dataSet: String
    /// Tells which samples they were.
    public let dataSetFingerprint: String
    /// Samples that it was fitted on.
    public let sampleCount: Int

    /// What ``CalibrationReport`` holds, with what it was made of.
    /// - Parameters:
    ///   - report: fitted and measured.
    ///   - model: the model's fingerprint.
    ///   - labelSetDescription: which labels and templates.
    ///   - dataSet: what the data set is called.
    ///   - dataSetFingerprint: tells which samples they were.
    public init(
        _ report: CalibrationReport, model: String, labelSetDescription: String, dataSet: String,
        dataSetFingerprint: String
    ) {
        self.init(
            model: model, labelSetDescription: labelSetDescription, temperature: report.temperature,
            platt: report.platt, threshold: report.threshold, errorBefore: report.before.expectedError,
            errorAfter: report.after.expectedError, dataSet: dataSet, dataSetFingerprint: dataSetFingerprint,
            sampleCount: report.validationCount)
    }

    /// Of what was fitted one by one; see the properties.
    package init(
        model: String, labelSetDescription: String, temperature: TemperatureScaling?, platt: PlattScaling?,
        threshold: RejectionThreshold?, errorBefore: Double, errorAfter: Double, dataSet: String,
        dataSetFingerprint: String, sampleCount: Int
    ) {
        version = Self.currentVersion
        (self.model, self.labelSetDescription) = (model, labelSetDescription)
        (self.temperature, self.platt, self.threshold) = (temperature, platt, threshold)
        (self.errorBefore, self.errorAfter) = (errorBefore, errorAfter)
        (self.dataSet, self.dataSetFingerprint, self.sampleCount) = (dataSet, dataSetFingerprint, sampleCount)
    }

    /// Writes the file; what was there before stays until the new one is whole.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` for numbers that no calibration has, such as those that are not
    ///   finite; ``EvaluationError/file(_:)``.
    public func write(to path: String) throws {
        if let problem { throw EvaluationError.samples(name: "calibration", problem: problem) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(self)
        try EvaluationError.wrapping { () throws(FileFault) in try WholeFile.write(json, to: path) }
    }

    /// Reads a file that ``write(to:)`` wrote.
    /// - Throws: ``EvaluationError/file(_:)`` for one that cannot be read; ``EvaluationError/damaged(path:reason:)`` for one of
    ///   another version, one that is no calibration, and one with numbers that are not finite or out of range.
    public init(path: String) throws {
        let data = try EvaluationError.wrapping { () throws(FileFault) in
            try WholeFile.data(path, limit: Self.mostBytes)
        }
        let form = try Self.decode(Form.self, data, path)
        guard form.version == Self.currentVersion else {
            let reason = "it is of version \(form.version), and only \(Self.currentVersion) is read: calibrate again"
            throw EvaluationError.damaged(path: path, reason: reason)
        }
        self = try Self.decode(Self.self, data, path)
        if let problem { throw EvaluationError.damaged(path: path, reason: problem) }
    }

    private struct Form: Decodable {
        let version: Int
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ data: Data, _ path: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw EvaluationError.damaged(path: path, reason: reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        func name(_ keys: [any CodingKey]) -> String { keys.map(\.stringValue).joined(separator: ".") }
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return "it has no \"\(name(context.codingPath + [key]))\""
        case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty:
            // Foundation says no more of 1e999, which no Double can hold.
            return "it is not JSON, or a number in it is not finite"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "it is not the JSON of a calibration"
                : "its \"\(name(context.codingPath))\" is not what a calibration has there"
        default: return "it is not the JSON of a calibration"
        }
    }

    /// What is wrong with the numbers, if anything.
    private var problem: String? {
        let finite: [(String, [Double])] = [
            ("temperature", temperature.map { [$0.scale] } ?? []),
            ("platt", platt.map { [$0.slope, $0.intercept] } ?? []),
            ("threshold", threshold?.numbers ?? []),
            ("errorBefore", [errorBefore]), ("errorAfter", [errorAfter]),
        ]
        if let (name, _) = finite.first(where: { !$0.1.allSatisfy(\.isFinite) }) {
            return "its \"\(name)\" is not finite"
        }
        if let temperature, !TemperatureScaling.bounds.contains(temperature.scale) {
            return "its temperature's scale \(temperature.scale) is not in \(TemperatureScaling.bounds)"
        }
        guard (0...1).contains(errorBefore), (0...1).contains(errorAfter) else {
            return "its calibration errors \(errorBefore) and \(errorAfter) are not from 0 to 1"
        }
        return sampleCount > 0 ? nil : "it was fitted on \(sampleCount) samples"
    }
}

extension RejectionThreshold {
    /// All that has to be finite.
    fileprivate var numbers: [Double] {
        let intervals = [acceptance.insiders, acceptance.outsiders] + (acceptance.right.map { [$0] } ?? [])
        return [threshold, falseAcceptance, equalErrorThreshold, equalErrorRate, areaUnderCurve]
            + intervals.flatMap { [$0.value, $0.low, $0.high, $0.confidence] }
    }
}
