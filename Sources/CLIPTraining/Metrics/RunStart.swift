import Foundation

/// That a run began, or went on, with these settings.
public struct RunStart: Sendable, Equatable {
    /// Steps done before.
    public let step: Int
    /// Epochs done before.
    public let epoch: Int
    /// When it was; the log keeps whole seconds. 1970 where the log does not tell.
    public let time: Date
    /// Where the run ends, counted from its beginning; nil where the log does not tell.
    public let totalSteps: Int?
    /// All processes' together: what one pair is contrasted with, itself included.
    public let pairsPerStep: Int?
    /// Names and values for people.
    public let settings: [String: String]

    public init(
        step: Int, epoch: Int, time: Date = Date(), totalSteps: Int?, pairsPerStep: Int?, settings: [String: String]
    ) {
        self.step = step
        self.epoch = epoch
        self.time = time
        self.totalSteps = totalSteps
        self.pairsPerStep = pairsPerStep
        self.settings = settings
    }

    /// - Parameters:
    ///   - position: where the run begins or goes on.
    ///   - configuration: the run's settings.
    ///   - more: what the configuration does not know, such as the model's name; it wins over the configuration's
    ///     names.
    public init(_ position: TrainingPosition, configuration: TrainingConfiguration, more: [String: String] = [:]) {
        let settings = (try? SettingsComparison.values(configuration)) ?? [:]
        self.init(
            step: position.step, epoch: position.epoch, totalSteps: configuration.totalSteps,
            pairsPerStep: configuration.batchSize, settings: settings.merging(more) { $1 })
    }

    /// The loss that was asked for; runs from before there was a choice had the softmax.
    var lossKind: LossConfiguration.Kind { settings["loss.kind"].map(LossConfiguration.Kind.init) ?? .softmax }

    init(_ object: [String: Any], step: Int, epoch: Int) {
        let seconds = object["time"] as? Double ?? 0
        self.init(
            step: step, epoch: epoch, time: Date(timeIntervalSince1970: seconds.isFinite ? seconds : 0),
            totalSteps: object["total_steps"] as? Int, pairsPerStep: object["pairs_per_step"] as? Int,
            settings: object["settings"] as? [String: String] ?? [:])
    }

    var jsonObject: [String: Any] {
        var object: [String: Any] = ["time": time.timeIntervalSince1970.rounded(), "settings": settings]
        object["total_steps"] = totalSteps
        object["pairs_per_step"] = pairsPerStep
        return object
    }
}

/// Something about a run that its owner should look at.
public struct RunWarning: Sendable, Equatable {
    /// The step it was noticed at, from 0.
    public let step: Int
    /// The epoch of that step, from 0.
    public let epoch: Int
    /// The same word for the same trouble, such as "temperature-at-clamp".
    public let kind: String
    /// What was seen, what it may come from, and what to do.
    public let message: String

    public init(step: Int, epoch: Int, kind: String, message: String) {
        self.step = step
        self.epoch = epoch
        self.kind = kind
        self.message = message
    }
}
