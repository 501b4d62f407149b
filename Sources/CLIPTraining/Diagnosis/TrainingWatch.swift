import CLIP
import Foundation

/// Something about a run that its user should look at.
public struct TrainingWarning: Sendable, Equatable {
    /// What seems to be wrong. The names in the log are the raw values.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The loss is what guessing gives.
        case lossAtChance = "loss-at-chance"
        /// The temperature can grow no further.
        case temperatureAtClamp = "temperature-at-clamp"
        /// All embeddings of a tower point the same way.
        case collapsedEmbeddings = "collapsed-embeddings"
    }

    /// What seems to be wrong; each kind is told once in a run.
    public let kind: Kind
    /// The step it was noticed at, from 0.
    public let step: Int
    /// What was seen, what it may come from, and what to do.
    public let message: String
}

/// What a step shows of a run's health.
public struct StepSigns: Sendable, Equatable {
    /// Counted from 0.
    public var step: Int
    /// The contrastive part alone, without what a teacher adds: what ``TrainingWatch/Expectation/chanceLoss`` is of.
    public var loss: Double
    /// ln(1/τ) after the step.
    public var logitScale: Double
    /// The mean cosine between two pictures of the batch; nil where it was not taken.
    public var pictureCosine: Double?
    /// The same between two captions.
    public var textCosine: Double?

    public init(
        step: Int, loss: Double, logitScale: Double, pictureCosine: Double? = nil, textCosine: Double? = nil
    ) {
        self.step = step
        self.loss = loss
        self.logitScale = logitScale
        self.pictureCosine = pictureCosine
        self.textCosine = textCosine
    }
}

/// Watches a run for the ways in which training fails without an error. Each is warned of once in a run: the state
/// belongs to the checkpoint.
public struct TrainingWatch: Sendable, Equatable, Codable {
    /// What the run is measured against.
    public struct Expectation: Sendable, Equatable {
        /// The loss of a model that tells nothing apart.
        public var chanceLoss: Double
        /// Steps of warm-up, in which nothing is judged.
        public var warmupSteps: Int
        /// Whether the temperature is learned at all.
        public var learnsTemperature: Bool

        public init(chanceLoss: Double, warmupSteps: Int, learnsTemperature: Bool = true) {
            self.chanceLoss = chanceLoss
            self.warmupSteps = warmupSteps
            self.learnsTemperature = learnsTemperature
        }

        /// What a run with these settings is measured against.
        init(_ configuration: TrainingConfiguration) {
            self.init(
                // No loss is near what is not a number.
                chanceLoss: configuration.loss.kind.loss?.chance(batchSize: configuration.batchSize).value ?? .nan,
                warmupSteps: configuration.warmupSteps,
                learnsTemperature: !configuration.loss.fixesTemperature)
        }
    }

    /// Steps after the warm-up before the loss is judged.
    static let patience = 200
    /// Steps in a row that make a temperature or embeddings worth a warning.
    static let runLength = 100
    static let chanceMargin = 0.01
    static let collapseCosine = 0.99
    /// The weight of the newest loss in the moving mean.
    private static let freshness = 0.02

    private var meanLoss: Double?
    private var clampedSteps = 0
    private var collapsedSteps = 0
    private var raised: [TrainingWarning.Kind] = []

    public init() {}

    /// Takes in a step.
    /// - Returns: what is to be warned of now.
    public mutating func observe(_ signs: StepSigns, expecting: Expectation) -> [TrainingWarning] {
        meanLoss = meanLoss.map { $0 + Self.freshness * (signs.loss - $0) } ?? signs.loss
        let top = DualEncoder.logitScaleRange.upperBound
        let isClamped = expecting.learnsTemperature && signs.logitScale >= top - 1e-4
        clampedSteps = isClamped ? clampedSteps + 1 : 0
        let isJudged = signs.step >= expecting.warmupSteps + Self.patience
        let cosine = max(signs.pictureCosine ?? -1, signs.textCosine ?? -1)
        collapsedSteps = isJudged && cosine > Self.collapseCosine ? collapsedSteps + 1 : 0

        var found: [(kind: TrainingWarning.Kind, message: String)] = []
        if isJudged, let meanLoss, abs(meanLoss - expecting.chanceLoss) < Self.chanceMargin * expecting.chanceLoss {
            found.append((.lossAtChance, Self.chanceMessage(meanLoss, expecting.chanceLoss)))
        }
        if clampedSteps >= Self.runLength { found.append((.temperatureAtClamp, Self.clampMessage)) }
        if collapsedSteps >= Self.runLength { found.append((.collapsedEmbeddings, Self.collapseMessage(signs))) }
        return found.filter { !raised.contains($0.kind) }.map { kind, message in
            raised.append(kind)
            return TrainingWarning(kind: kind, step: signs.step, message: "step \(signs.step): \(message)")
        }
    }

    private static func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

    private static func chanceMessage(_ loss: Double, _ chance: Double) -> String {
        "the loss has stayed at \(text(loss)), what guessing among the batch gives (\(text(chance))): nothing is being "
            + "learned. Usual causes: a learning rate that is far too high (or close to 0), pictures and captions that "
            + "do not belong together, captions that are all alike, or towers that are locked. Training on one "
            + "batch alone tells the data from the settings; then try a tenth of the learning rate, or a longer warm-up."
    }

    private static let clampMessage =
        "the temperature has been at its bound (similarities times 100) for \(runLength) steps: the model wants to "
        + "be surer than it may be. Usual causes: the pairs are learned by heart (compare the held-out figures), the "
        + "batch has few hard negatives, or the learning rate is too high. More data, stronger weight decay, a larger "
        + "batch, or a lower learning rate help; alone it does no harm."

    private static func collapseMessage(_ signs: StepSigns) -> String {
        let parts = [("pictures", signs.pictureCosine), ("captions", signs.textCosine)].compactMap { name, cosine in
            cosine.flatMap { $0 > collapseCosine ? "\(name) (mean cosine \(text($0)))" : nil }
        }
        return "the embeddings of all \(parts.joined(separator: " and ")) point the same way: the tower has collapsed. "
            + "Usual causes: a learning rate that is too high or a warm-up that is too short, or inputs that are all "
            + "alike. Go back to an earlier model with a lower learning rate, a longer warm-up and a bound on the "
            + "gradient's norm; training on one batch alone shows whether the inputs differ."
    }
}
