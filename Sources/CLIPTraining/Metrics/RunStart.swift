import Foundation

/// That a run began, or went on, with these settings.
public struct RunStart: Sendable, Equatable {
    /// Steps done before.
    public let step: Int
    /// Epochs done before.
    public let epoch: Int
    public let time: Date
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

    /// - Parameter more: what the configuration does not know, such as the model's name; it wins over the
    ///   configuration's names.
    public init(_ position: TrainingPosition, configuration: TrainingConfiguration, more: [String: String] = [:]) {
        var settings: [String: String] = [:]
        if let data = try? JSONEncoder().encode(configuration),
            let object = try? JSONSerialization.jsonObject(with: data)
        {
            Self.flatten(object, under: "", into: &settings)
        }
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

    /// Members of members get the names of both.
    private static func flatten(_ value: Any, under name: String, into settings: inout [String: String]) {
        switch value {
        case let object as [String: Any]:
            for (key, member) in object {
                flatten(member, under: name.isEmpty ? key : "\(name).\(key)", into: &settings)
            }
        case let list as [Any]:
            settings[name] = list.map(text).joined(separator: " to ")
        default:
            settings[name] = text(value)
        }
    }

    private static func text(_ value: Any) -> String {
        guard let number = value as? NSNumber else { return "\(value)" }
        // JSON's truth values are numbers too, of the type of C's.
        if String(cString: number.objCType) == "c" { return number.boolValue ? "yes" : "no" }
        return "\(number)"
    }
}

/// Something about a run that its owner should look at.
public struct RunWarning: Sendable, Equatable {
    public let step: Int
    public let epoch: Int
    /// The same word for the same trouble, such as "temperature_at_clamp".
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
