import CLIPTraining
import Foundation

/// A training command's options as they were given, told apart by name: what a run remembers, and what is said again
/// when it goes on.
struct RunArguments: Equatable {
    /// An option with its values, or a flag, which has none.
    struct Item: Equatable {
        let name: String
        var values: [String]
    }

    private(set) var items: [Item] = []

    /// - Parameter arguments: options only, as `train` takes them: `--name value`, `--name=value`, `--flag`.
    init(_ arguments: [String]) {
        for argument in arguments {
            if argument.hasPrefix("--"), argument.count > 2 {
                let parts = argument.dropFirst(2).split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                items.append(Item(name: String(parts[0]), values: parts.dropFirst().map(String.init)))
            } else if items.isEmpty {
                items.append(Item(name: "", values: [argument]))
            } else {
                items[items.count - 1].values.append(argument)
            }
        }
    }

    /// Options that say where and how a command runs, and nothing of what is trained: a run that goes on takes the new
    /// ones without a word.
    private static let free: Set<String> = [
        "resume", "output", "allow-change", "workers", "threads", "device", "json", "checkpoint-interval",
        "checkpoint-seconds", "keep-checkpoints", "keep-best", "evaluation-interval", "store",
        "zero", "distributed-timeout", "distributed-backend",
    ]
    /// Options that are not remembered.
    private static let momentary: Set<String> = ["resume", "output", "allow-change", "json", "overfit-one-batch"]
    /// Options of which one stands in for the other.
    private static let rivals = ["steps": "epochs", "epochs": "steps"]
    private static let paths: Set<String> = ["train-data", "val-data", "model", "weights", "distill-from"]

    /// What `run.json` keeps.
    var remembered: [String] { items.filter { !Self.momentary.contains($0.name) }.flatMap(Self.spelled) }

    var namesPaths: Bool { items.contains { Self.paths.contains($0.name) } }

    /// The whole command: what the run began with, and what is given now in its place.
    /// - Parameter run: for messages.
    /// - Throws: ``CLIPTraining/TrainingError/checkpointMismatch(path:problem:)`` naming every option that contradicts,
    ///   unless it is among those that `--allow-change` names.
    func continuing(_ began: RunArguments, run: String) throws -> [String] {
        let allowed = Set(items.filter { $0.name == "allow-change" }.flatMap(\.values).map(Self.plain))
        var differences: [String] = []
        for name in Set(items.map(\.name)).sorted() where !Self.free.contains(name) && !allowed.contains(name) {
            let (before, now) = (began.values(name), values(name))
            if let before, let now, !Self.agree(before, now) {
                differences.append("--\(name) \(before.joined(separator: " ")) then, \(now.joined(separator: " ")) now")
            }
            if let rival = Self.rivals[name], !allowed.contains(rival), let other = began.values(rival) {
                differences.append("--\(rival) \(other.joined(separator: " ")) then, --\(name) now")
            }
        }
        guard differences.isEmpty else {
            throw TrainingError.checkpointMismatch(
                path: run,
                problem:
                    "it began with other settings (\(differences.joined(separator: "; "))). Leave these options out; "
                    + "to change one on purpose, add --allow-change with its name")
        }
        let replaced = Set(items.map(\.name)).union(items.compactMap { Self.rivals[$0.name] })
        let kept = began.items.filter { !replaced.contains($0.name) && !Self.momentary.contains($0.name) }
        return (kept + items).flatMap(Self.spelled)
    }

    private func values(_ name: String) -> [String]? {
        let found = items.filter { $0.name == name }
        return found.isEmpty ? nil : found.flatMap(\.values)
    }

    /// Numbers agree however they are spelled.
    private static func agree(_ left: [String], _ right: [String]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { before, now in
                if before == now { return true }
                guard let first = Double(before), let second = Double(now) else { return false }
                return first == second
            }
    }

    private static func spelled(_ item: Item) -> [String] {
        (item.name.isEmpty ? [] : ["--" + item.name]) + item.values
    }

    private static func plain(_ name: String) -> String { name.hasPrefix("--") ? String(name.dropFirst(2)) : name }

    /// The settings of ``CLIPTraining/TrainingConfiguration`` that an option decides, where their names are not alike.
    static func settings(of option: String) -> [String] {
        let name = plain(option)
        switch name {
        case "lr": return ["learningRate"]
        case "warmup": return ["warmupSteps"]
        case "steps", "epochs", "train-data", "train-num-samples": return ["totalSteps"]
        case "crop-scale", "mirror": return ["augmentation"]
        case "loss", "duplicate-captions", "exclude-duplicate-captions", "fixed-temperature", "distill",
            "distill-weight":
            return ["loss"]
        case "patch-dropout", "gradient-checkpointing", "ema-decay", "image-lr", "text-lr", "image-weight-decay",
            "text-weight-decay":
            return ["techniques"]
        case let name
        where ["lock-", "lr-", "layer-decay", "image-layer", "text-layer"].contains(where: name.hasPrefix):
            return ["techniques"]
        case "alternative-captions": return ["alternativeCaptionProbability"]
        default:
            let words = name.split(separator: "-").map(String.init)
            let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
            return [(words.prefix(1) + rest).joined()]
        }
    }
}
