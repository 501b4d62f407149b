import Foundation

/// What is measured at every step, under its name in `metrics.jsonl`.
public enum StepMetric: String, Sendable, CaseIterable {
    case loss
    /// Of pictures choosing among texts; the loss is the mean of both directions.
    case lossImageToText = "loss_image_to_text"
    case lossTextToImage = "loss_text_to_image"
    /// Against a teacher, not yet weighted.
    case lossDistillation = "loss_distillation"
    /// ln(1/τ) after the step.
    case logitScale = "logit_scale"
    /// 1/τ, which cosines are multiplied by: e to the power of the logit scale.
    case inverseTemperature = "inverse_temperature"
    case logitBias = "logit_bias"
    case learningRate = "lr"
    /// Before clipping.
    case gradientNorm = "gradient_norm"
    case pairsPerSecond = "pairs_per_second"
    /// The share of a step's time in which it waited for pairs to be read and decoded.
    case dataWait = "data_wait"
    /// Pairs trained on so far, this step's included.
    case samplesSeen = "samples_seen"

    /// The name in TensorBoard, which groups by what stands before the stroke.
    public var tag: String {
        switch self {
        case .loss: "loss/total"
        case .lossImageToText: "loss/image_to_text"
        case .lossTextToImage: "loss/text_to_image"
        case .lossDistillation: "loss/distillation"
        case .logitScale, .inverseTemperature, .logitBias: "model/" + rawValue
        case .learningRate, .gradientNorm: "optimizer/" + rawValue
        case .pairsPerSecond, .dataWait, .samplesSeen: "throughput/" + rawValue
        }
    }
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
    ///   - pairsPerSecond: of this step, over all processes.
    ///   - dataWait: the share, from 0 to 1, of the step's time spent waiting for the loader.
    ///   - samplesSeen: pairs trained on so far, this step's included.
    public init(_ report: StepReport, epoch: Int, pairsPerSecond: Double, dataWait: Double? = nil, samplesSeen: Int) {
        var values: [StepMetric: Double] = [
            .loss: report.loss, .logitScale: report.logitScale, .inverseTemperature: exp(report.logitScale),
            .learningRate: report.learningRate, .gradientNorm: report.gradientNorm, .pairsPerSecond: pairsPerSecond,
            .samplesSeen: Double(samplesSeen),
        ]
        values[.lossImageToText] = report.lossPictureToText
        values[.lossTextToImage] = report.lossTextToPicture
        values[.lossDistillation] = report.lossDistillation
        values[.logitBias] = report.logitBias
        values[.dataWait] = dataWait
        self.init(step: report.step, epoch: epoch, values: values)
    }

    public subscript(metric: StepMetric) -> Double? { values[metric] }
}
