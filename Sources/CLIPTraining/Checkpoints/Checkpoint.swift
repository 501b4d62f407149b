import CLIP
import Foundation
import Torch
import TorchNN

/// Where a run stands, to go on from.
public struct TrainingPosition: Sendable, Equatable, Codable {
    /// Steps done.
    public var step: Int
    /// The epoch the next step belongs to, from 0.
    public var epoch: Int
    /// The next pair's position within that epoch.
    public var pair: Int

    public init(step: Int = 0, epoch: Int = 0, pair: Int = 0) {
        self.step = step
        self.epoch = epoch
        self.pair = pair
    }
}

/// The checkpoints of a run directory. Each is a directory that appears only when it is whole, so that a run killed at
/// any moment leaves its last whole one usable.
public struct CheckpointStore: Sendable {
    public let directory: String
    /// How many are kept; older ones are removed once a newer one is whole.
    public var keepCount = 2

    /// What is stored beside the tensors.
    private struct State: Codable {
        var position: TrainingPosition
        var configuration: TrainingConfiguration
    }

    public init(run: String) { directory = run + "/checkpoints" }

    private static let prefix = "step-"

    /// Names of whole checkpoints, oldest first.
    public var names: [String] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return found.filter { $0.hasPrefix(Self.prefix) && Int($0.dropFirst(Self.prefix.count)) != nil }.sorted()
    }

    /// Removes what a run killed while it wrote a checkpoint left under temporary names.
    public func removeLeftovers() {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in found where name.hasPrefix("." + Self.prefix) {
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    private static func name(step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }

    /// Whether there is a whole checkpoint of a step.
    public func holds(step: Int) -> Bool { names.contains(Self.name(step: step)) }

    /// Writes model, optimizer and position.
    public func save(_ trainer: Trainer, at position: TrainingPosition) throws {
        let name = Self.name(step: position.step)
        let state = State(position: position, configuration: trainer.configuration)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let json = try encoder.encode(state)
        try AtomicDirectory.write(directory + "/" + name) { temporary in
            try Weights.save(trainer.model, to: temporary + "/model.safetensors")
            try TensorFile.write(trainer.optimizer.state(), to: temporary + "/optimizer.safetensors")
            var random = ["cpu": try Engine.randomState()]
            let device = trainer.model.device
            if device.kind == .cuda { random["cuda"] = try Engine.randomState(on: device) }
            try TensorFile.write(random, to: temporary + "/random.safetensors")
            try json.write(to: URL(fileURLWithPath: temporary + "/state.json"))
        }
        for old in names.dropLast(max(1, keepCount)) {
            try FileManager.default.removeItem(atPath: directory + "/" + old)
        }
    }

    /// Puts a trainer where the newest checkpoint stood.
    /// - Throws: ``TrainingError/nothingToResume(path:)``, or ``TrainingError/checkpointMismatch(path:problem:)`` where
    ///   model or settings are others.
    public func restore(_ trainer: Trainer) throws -> TrainingPosition {
        guard let name = names.last else { throw TrainingError.nothingToResume(path: directory) }
        let path = directory + "/" + name
        let state: State
        do {
            state = try JSONDecoder().decode(
                State.self, from: Data(contentsOf: URL(fileURLWithPath: path + "/state.json")))
        } catch {
            throw TrainingError.checkpointMismatch(path: path, problem: "state.json cannot be read")
        }
        guard state.configuration == trainer.configuration else {
            throw TrainingError.checkpointMismatch(
                path: path, problem: "it was trained with other settings; give the same options as the run began with")
        }
        let position = state.position
        guard (0...trainer.configuration.totalSteps).contains(position.step),
            (0...Int(Int32.max)).contains(position.epoch),
            position.pair >= 0
        else { throw TrainingError.checkpointMismatch(path: path, problem: "state.json names no place in this run") }
        try Weights.load(path + "/model.safetensors", into: trainer.model, called: "the run's model")
        do {
            try trainer.optimizer.load(TensorFile.read(path + "/optimizer.safetensors"))
        } catch let mismatch as StateMismatch {
            throw TrainingError.checkpointMismatch(path: path, problem: "optimizer.safetensors: \(mismatch)")
        }
        let random = try TensorFile.read(path + "/random.safetensors")
        if let state = random["cpu"] { try Engine.setRandomState(state.copied()) }
        // A run that began elsewhere has no state of the GPU, which keeps its seed's.
        let device = trainer.model.device
        if device.kind == .cuda, let state = random["cuda"] { try Engine.setRandomState(state.copied(), on: device) }
        trainer.step = position.step
        return position
    }
}
