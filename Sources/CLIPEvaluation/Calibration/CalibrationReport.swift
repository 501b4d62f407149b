import Torch

/// How well a model's answers say how sure they are, as it is and once calibrated: fitted on a validation part, measured on a
/// test part.
public struct CalibrationReport: Sendable, Equatable, Codable {
    /// Of the best choices of the test part, with the model's own scale (and bias).
    public let before: Calibration
    /// Of the same choices, with what was fitted.
    public let after: Calibration
    /// Of a model that chooses by a softmax; nil for one with a bias.
    public let temperature: TemperatureScaling?
    /// Of a model with a bias, which scores each pair by itself: how likely its best choice is right, by its cosine. Nil for
    /// one that chooses by a softmax.
    public let platt: PlattScaling?
    /// Chosen on the validation part; each sample is also an outsider there, by the best of the labels that are not its own.
    public let threshold: RejectionThreshold
    /// What the threshold lets through of the test part.
    public let testAcceptance: RejectionThreshold.Acceptance
    /// Samples that it was fitted on.
    public let validationCount: Int
    /// Samples that it was measured on.
    public let testCount: Int

    /// - Parameters:
    ///   - validation: cosines, float32 `[N, C]`, and the right label of each row, in [0, C). Samples that the model was not
    ///     trained on and that are not in the test part.
    ///   - test: cosines `[M, C]` with the same labels.
    ///   - scale: what the model multiplies cosines by.
    ///   - bias: what a model that scores each pair with a sigmoid adds (SigLIP, arXiv 2303.15343); nil for a softmax.
    ///   - falseAcceptance: the share of samples of no label that may be accepted, in [0, 1).
    /// - Throws: ``EvaluationError``, `TorchError`.
    public static func make(
        validation: (similarities: Tensor, labels: [Int]), test: (similarities: Tensor, labels: [Int]),
        scale: Double, bias: Double?, falseAcceptance: Double
    ) throws -> CalibrationReport {
        let fitted = try LabeledSimilarities(
            validation.similarities, labels: validation.labels, name: "the validation part")
        let measured = try LabeledSimilarities(test.similarities, labels: test.labels, name: "the test part")
        guard fitted.classCount == measured.classCount else {
            throw EvaluationError.samples(
                name: "the test part",
                problem: "\(measured.classCount) labels where the validation part has \(fitted.classCount)")
        }
        guard scale.isFinite, scale > 0, bias?.isFinite ?? true else {
            throw EvaluationError.samples(
                name: "the model", problem: "its scale \(scale) or its bias \(bias ?? 0) is not one of a model")
        }
        let (known, asked) = (try fitted.bestChoices(), try measured.bestChoices())
        let threshold = try RejectionThreshold.fit(
            inside: known.similarities, outside: known.others, isRight: known.isRight,
            falseAcceptance: falseAcceptance)
        let temperature = bias == nil ? try TemperatureScaling.fit(fitted, start: scale) : nil
        let platt = bias == nil ? nil : try PlattScaling.fit(scores: known.similarities, isRight: known.isRight)
        let before: [Double]
        if let bias {
            let own = PlattScaling(slope: -scale, intercept: -bias)
            before = asked.similarities.map(own.probability)
        } else {
            before = try measured.confidences(at: scale)
        }
        let after =
            try temperature.map { try measured.confidences(at: $0.scale) }
            ?? asked.similarities.map { platt?.probability($0) ?? 0 }
        return CalibrationReport(
            before: Calibration(confidences: before, isRight: asked.isRight),
            after: Calibration(confidences: after, isRight: asked.isRight), temperature: temperature, platt: platt,
            threshold: threshold,
            testAcceptance: try threshold.acceptance(
                inside: asked.similarities, outside: asked.others, isRight: asked.isRight),
            validationCount: validation.labels.count, testCount: test.labels.count)
    }
}
