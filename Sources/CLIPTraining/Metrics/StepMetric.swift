import CLIP
import Foundation

/// What is measured at every step.
public struct StepMetric: Hashable, Sendable, CaseIterable {
    /// In `metrics.jsonl`.
    public let name: String
    /// The name in TensorBoard, which groups by what stands before the stroke.
    public let tag: String

    private init(_ name: String, tag: String) {
        self.name = name
        self.tag = tag
    }

    private init(_ name: String, in group: String) { self.init(name, tag: group + "/" + name) }

    /// What begins the names of a loss's terms.
    static let termPrefix = "loss_"

    /// A number that a loss reports beside its total.
    public static func term(_ name: String) -> StepMetric { StepMetric(termPrefix + name, tag: "loss/" + name) }

    /// What the step lowers.
    public static let loss = StepMetric("loss", tag: "loss/total")
    /// ln(1/τ) after the step.
    public static let logitScale = StepMetric("logit_scale", in: "model")
    /// 1/τ, which cosines are multiplied by: e to the power of the logit scale.
    public static let inverseTemperature = StepMetric("inverse_temperature", in: "model")
    /// After the step.
    public static let logitBias = StepMetric("logit_bias", in: "model")
    /// Of this step.
    public static let learningRate = StepMetric("lr", in: "optimizer")
    /// Before clipping.
    public static let gradientNorm = StepMetric("gradient_norm", in: "optimizer")
    /// Of this step, over all processes.
    public static let pairsPerSecond = StepMetric("pairs_per_second", in: "throughput")
    /// The share of a step's time in which it waited for pairs to be read and decoded.
    public static let dataWait = StepMetric("data_wait", in: "throughput")
    /// Pairs trained on so far, this step's included.
    public static let samplesSeen = StepMetric("samples_seen", in: "throughput")

    /// With the terms of every loss there is.
    public static let allCases: [StepMetric] =
        [.loss] + Losses.terms.map { term($0.name) } + [
            .logitScale, .inverseTemperature, .logitBias, .learningRate, .gradientNorm, .pairsPerSecond, .dataWait,
            .samplesSeen,
        ]
}

/// What one step measured.
public struct StepRecord: Sendable, Equatable {
    /// Counted from 0.
    public let step: Int
    /// Counted from 0.
    public let epoch: Int
    /// Finite numbers only: what could not be measured is not there.
    public let values: [StepMetric: Double]

    public init(step: Int, epoch: Int, values: [StepMetric: Double]) {
        self.step = step
        self.epoch = epoch
        self.values = values.filter(\.value.isFinite)
    }

    /// - Parameters:
    ///   - report: what the step came to.
    ///   - epoch: which epoch, from 0.
    ///   - pairsPerSecond: of this step, over all processes.
    ///   - dataWait: the share, from 0 to 1, of the step's time spent waiting for the loader.
    ///   - samplesSeen: pairs trained on so far, this step's included.
    public init(_ report: StepReport, epoch: Int, pairsPerSecond: Double, dataWait: Double? = nil, samplesSeen: Int) {
        var values: [StepMetric: Double] = [
            .loss: report.loss, .logitScale: report.logitScale, .inverseTemperature: exp(report.logitScale),
            .learningRate: report.learningRate, .gradientNorm: report.gradientNorm, .pairsPerSecond: pairsPerSecond,
            .samplesSeen: Double(samplesSeen),
        ]
        for (term, value) in report.value.terms { values[.term(term.name)] = value }
        values[.logitBias] = report.logitBias
        values[.dataWait] = dataWait
        self.init(step: report.step, epoch: epoch, values: values)
    }

    /// A measurement; nil where it was not taken.
    public subscript(metric: StepMetric) -> Double? { values[metric] }
}
