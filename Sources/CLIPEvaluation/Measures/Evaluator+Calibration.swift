import CLIP
import CLIPData
import Foundation
import Torch

extension Evaluator {
    /// What is fitted, to be kept, with the figures before and after.
    public struct CalibrationOutcome: Sendable {
        /// The figures.
        public let report: CalibrationReport
        /// What "clip classify" reads.
        public let file: CalibrationFile
        /// What it was measured on.
        public let test: EmbeddedSet
    }

    /// Fits the temperature and the threshold of "none of these" on one part and measures on another.
    /// - Parameters:
    ///   - validation: to fit on; nil for half of `test`, drawn by the seed, the other half being measured on.
    ///   - falseAcceptance: the share of pictures of no label that may be given one.
    public func calibrated(
        _ test: EvaluationSet, validation: EvaluationSet?, prompts: ClassPrompts, falseAcceptance: Double,
        seed: UInt64 = 0
    ) throws -> CalibrationOutcome {
        var measured = try embedded(test).labelled()
        var fitted = try validation.map { try embedded($0).labelled() } ?? measured
        if validation == nil {
            var generator = SplitMix64(seed: seed)
            let mixed = Array(0..<measured.count).shuffled(using: &generator)
            let half = measured.count / 2
            guard half > 0 else {
                throw EvaluationError.samples(name: test.name, problem: "it is too small to be halved")
            }
            fitted = try measured.selecting(mixed[..<half].sorted())
            measured = try measured.selecting(mixed[half...].sorted())
        }
        guard fitted.classNames == measured.classNames else {
            throw EvaluationError.mismatch(path: fitted.name, expected: measured.name, found: "other classes")
        }
        let report = try CalibrationReport.make(
            validation: (similarities(fitted, prompts), fitted.labels()),
            test: (similarities(measured, prompts), measured.labels()),
            scale: clip.model.temperatureScale(), bias: clip.model.logitBias?.tensor.item(),
            falseAcceptance: falseAcceptance)
        let names = prompts.names
        let file = CalibrationFile(
            report, model: fingerprint,
            labelSetDescription: "\(names.count) labels: \(names.prefix(5).joined(separator: ", "))"
                + (names.count > 5 ? ", …" : ""), dataSet: fitted.name, dataSetFingerprint: fitted.fingerprint)
        return CalibrationOutcome(report: report, file: file, test: measured)
    }
}
