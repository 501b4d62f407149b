import ArgumentParser
import CLIP
import CLIPTraining
import Torch

/// What a run would cost, without running it.
struct DryRunOptions: ParsableArguments, SettingOptions {
    @Flag(help: "Print parameters, operations, memory and time, and what the paper's runs cost; write nothing.")
    var dryRun = false
    @Option(help: "For --dry-run: mean tokens of a caption, start and end with it (default: the whole context).")
    var captionLength: Double?
    @Option(help: "For --dry-run: operations a second, instead of measuring this machine's matrix products.")
    var flopsRate: Double?

    static var keys: [SettingKey<Self>] {
        ["dry-run", "caption-length", "flops-rate"].map { .momentary($0) }
    }

    func validate() throws {
        guard captionLength ?? 1 >= 1, flopsRate ?? 1 > 0, captionLength?.isFinite ?? true, flopsRate?.isFinite ?? true
        else { throw ValidationError("--caption-length is 1 or more, --flops-rate above 0.") }
        guard dryRun || (captionLength == nil && flopsRate == nil) else {
            throw ValidationError("--caption-length and --flops-rate go with --dry-run.")
        }
    }

    func report(
        _ description: ModelDescription, _ configuration: TrainingConfiguration, stepsPerEpoch: Int?, device: Device
    ) throws -> DryRunReport {
        let model = description.configuration
        let rate =
            try flopsRate ?? MatrixRate.measure(configuration.precision.dtype, on: device)
        return DryRunReport(
            model: description.name,
            cost: TrainingCost(
                model, configuration,
                meanCaptionLength: captionLength.map { min($0, Double(model.contextLength ?? .max)) }),
            operationsPerSecond: rate, stepsPerEpoch: stepsPerEpoch, paper: PaperRun.all)
    }
}

/// What `--dry-run` prints.
struct DryRunReport: Encodable {
    let model: String
    let cost: TrainingCost
    let operationsPerSecond: Double
    let stepsPerEpoch: Int?
    let paper: [PaperRun]

    /// Seconds at the full rate of matrix products: the least a step can take.
    var secondsPerStep: Double { cost.operationsPerStep / operationsPerSecond }

    private enum Keys: String, CodingKey {
        case model
        case cost
        case memoryBytes
        case operationsPerPair
        case operations
        case operationsPerSecond
        case leastSecondsPerStep
        case leastSecondsPerEpoch
        case leastSeconds
        case paper
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(model, forKey: .model)
        try container.encode(cost, forKey: .cost)
        try container.encode(cost.memory.total, forKey: .memoryBytes)
        try container.encode(cost.operationsPerPair, forKey: .operationsPerPair)
        try container.encode(cost.operations, forKey: .operations)
        try container.encode(operationsPerSecond, forKey: .operationsPerSecond)
        try container.encode(secondsPerStep, forKey: .leastSecondsPerStep)
        try container.encodeIfPresent(stepsPerEpoch.map { Double($0) * secondsPerStep }, forKey: .leastSecondsPerEpoch)
        try container.encode(Double(cost.totalSteps) * secondsPerStep, forKey: .leastSeconds)
        try container.encode(paper, forKey: .paper)
    }

    /// For people.
    var lines: [String] {
        var lines = [
            "\(model): \(cost.image.parameters + cost.text.parameters) parameters, of which "
                + "\(cost.image.trainedParameters + cost.text.trainedParameters) are trained",
            "  image tower  \(cost.image.parameters)  \(Quantity.operations(cost.image.forward)) forwards, "
                + "\(Quantity.operations(cost.image.backward)) backwards per picture",
            "  text tower   \(cost.text.parameters)  \(Quantity.operations(cost.text.forward)) forwards, "
                + "\(Quantity.operations(cost.text.backward)) backwards per caption",
            "  a pair       \(Quantity.operations(cost.operationsPerPair)), a step of \(cost.batchSize) "
                + "\(Quantity.operations(cost.operationsPerStep)), \(cost.totalSteps) steps "
                + Quantity.operations(cost.operations),
            "Memory, about \(Quantity.bytes(cost.memory.total))",
        ]
        let parts = [
            ("weights", cost.memory.weights), ("gradients", cost.memory.gradients),
            ("optimizer's moments", cost.memory.moments), ("moving average", cost.memory.average),
            ("activations of a micro-batch", cost.memory.activations),
            ("embeddings of the batch", cost.memory.embeddings), ("loss tiles", cost.memory.lossTiles),
        ]
        for (name, bytes) in parts where bytes > 0 { lines.append("  \(Quantity.bytes(bytes))  \(name)") }
        lines.append("Time, at the whole \(Quantity.operations(operationsPerSecond))/s of matrix products: at least")
        lines.append("  \(Quantity.time(secondsPerStep)) a step")
        if let stepsPerEpoch {
            lines.append("  \(Quantity.time(Double(stepsPerEpoch) * secondsPerStep)) an epoch")
        }
        lines.append("  \(Quantity.time(Double(cost.totalSteps) * secondsPerStep)) the run")
        let share = Int(PaperRun.assumedUtilization * 100)
        lines.append("The paper's runs (12.8 billion pairs; days of one V100 at \(share) % of its 125 TFLOP/s)")
        for run in paper {
            var line = "  \(run.model)  \(Quantity.operations(run.operations))  \(Int(run.gpuDays)) days"
            if let stated = run.statedGPUDays, let implied = run.impliedUtilization {
                line += ", stated \(Int(stated)) (which is \(Quantity.rounded(implied * 100)) %)"
            }
            lines.append(line)
        }
        return lines
    }
}

/// Numbers with units.
enum Quantity {
    static func operations(_ value: Double) -> String {
        scaled(value, unit: "FLOP", steps: ["", "k", "M", "G", "T", "P", "E", "Z", "Y"])
    }

    static func bytes(_ value: Double) -> String { scaled(value, unit: "B", steps: ["", "k", "M", "G", "T", "P"]) }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(rounded(seconds)) s"
        case ..<7200: "\(rounded(seconds / 60)) min"
        case ..<172_800: "\(rounded(seconds / 3600)) h"
        default: "\(rounded(seconds / 86_400)) days"
        }
    }

    /// Three digits that count.
    static func rounded(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "0" }
        var factor = 1.0
        while abs(value) * factor < 100, factor < 1e9 { factor *= 10 }
        let number = (value * factor).rounded() / factor
        return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }

    private static func scaled(_ value: Double, unit: String, steps: [String]) -> String {
        var (value, step) = (value, 0)
        while value >= 1000, step + 1 < steps.count {
            value /= 1000
            step += 1
        }
        return "\(rounded(value)) \(steps[step])\(unit)"
    }
}
