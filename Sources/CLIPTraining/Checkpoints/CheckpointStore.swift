import CLIP
import Files
import Foundation
import Torch
import TorchNN

/// The checkpoints of a run directory. Each is a directory that appears only when it is whole and on the disk, so that
/// a run killed at any moment leaves its last whole one usable.
public struct CheckpointStore: Sendable {
    /// `RUN/checkpoints`; made with the first checkpoint.
    public let directory: String
    /// How many are kept; older ones are removed once a newer one is whole.
    public var keepCount = 2

    public init(run: String, keepCount: Int = 2) {
        directory = run + "/checkpoints"
        self.keepCount = max(1, keepCount)
    }

    private static let prefix = "step-"
    private static let stateName = "state.json"
    /// Thousands of processes' places take some megabytes.
    private static let mostStateBytes = 1 << 30

    /// Names of checkpoints, oldest first.
    public var names: [String] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return found.filter { $0.hasPrefix(Self.prefix) && Int($0.dropFirst(Self.prefix.count)) != nil }.sorted()
    }

    /// Removes what a run killed while it wrote left under temporary names.
    public func removeLeftovers() {
        Leftovers.removeAll(in: directory)
    }

    /// A step in as many digits as make names sort by it.
    static func digits(_ step: Int) -> String {
        let digits = String(step)
        return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }

    static func name(step: Int) -> String { prefix + digits(step) }

    /// Whether there is a checkpoint of a step.
    public func holds(step: Int) -> Bool { names.contains(Self.name(step: step)) }

    /// Writes model, optimizer, random states and where the run stands.
    /// - Parameters:
    ///   - trainer: whose state it is.
    ///   - parts: what ``Trainer/stateTensors()`` gave.
    ///   - state: where the run stands.
    /// - Throws: ``TrainingError/cannotWrite(_:bytesNeeded:bytesFree:lastGood:)``; nothing of the checkpoint
    ///   is left then, and the ones before it are as they were.
    public func save(_ trainer: Trainer, parts: [(name: String, tensors: [String: Tensor])], _ state: RunState) throws {
        let path = directory + "/" + Self.name(step: state.position.step)
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let json = try encoder.encode(state)
            try WholeDirectory.write(path, replacing: false) { temporary in
                try Weights.save(trainer.model, to: temporary + "/model.safetensors")
                for (name, tensors) in parts {
                    try TensorFile.write(tensors, to: "\(temporary)/\(name).safetensors")
                }
                try WholeFile.write(json, to: temporary + "/" + Self.stateName)
                try CheckpointChecksums.write(in: temporary)
            }
        } catch {
            let model = try trainer.model.state()
            throw failure(error, path: path, needed: byteCount([model] + parts.map(\.tensors)))
        }
        for old in names.dropLast(keepCount) {
            try? FileManager.default.removeItem(atPath: directory + "/" + old)
        }
    }

    private func byteCount(_ parts: [[String: Tensor]]) -> Int {
        parts.flatMap(\.values).reduce(0) { $0 + $1.count * $1.dtype.byteCount }
    }

    /// What is to be said of a file of the run that could not be written; an error that is of something else stays.
    func failure(_ error: any Error, path: String, needed: Int? = nil) -> any Error {
        guard let fault = FileFault(in: error) else { return error }
        // A limit for one file says nothing of the disk.
        let free = fault.isFull && fault.code != EFBIG ? Folder.freeBytes(at: path) : nil
        return TrainingError.cannotWrite(
            fault.of(path), bytesNeeded: fault.isFull ? needed : nil, bytesFree: free,
            lastGood: names.last.map { directory + "/" + $0 })
    }

    /// Puts a trainer where the newest sound checkpoint stood. One that is damaged is set aside, under a name that says
    /// so, and the one before it is taken.
    /// - Parameters:
    ///   - trainer: whose state it is.
    ///   - allowing: settings, or groups of them, as ``SettingDifference/setting`` names them, that may be others than
    ///     the run began with.
    ///   - onWarning: told of each checkpoint that is set aside.
    /// - Throws: ``TrainingError/nothingToResume(path:)``, ``TrainingError/damagedCheckpoints(path:problems:)``, or
    ///   ``TrainingError/checkpointMismatch(path:problem:)`` where model or settings are others.
    public func restore(
        _ trainer: Trainer, allowing: Set<String> = [], onWarning: (String) -> Void = { _ in }
    ) throws -> RunState {
        var damaged: [(name: String, problem: String)] = []
        for name in names.reversed() {
            let path = directory + "/" + name
            guard let problem = CheckpointChecksums.damage(of: path) else {
                let state = try load(path, into: trainer, allowing: allowing)
                for (name, problem) in damaged {
                    setAside(name)
                    onWarning(
                        "\(directory)/\(name) is damaged (\(problem)) and was set aside as damaged-\(name); the run "
                            + "goes on from step \(state.position.step), the checkpoint before it")
                }
                return state
            }
            damaged.append((name, problem))
        }
        if damaged.isEmpty { throw TrainingError.nothingToResume(path: directory) }
        throw TrainingError.damagedCheckpoints(path: directory, problems: damaged.map { "\($0.name): \($0.problem)" })
    }

    /// Out of the way of the checkpoint that the run will write of the same step.
    private func setAside(_ name: String) {
        try? Folder.move(directory + "/" + name, to: directory + "/damaged-" + name)
    }

    private func load(_ path: String, into trainer: Trainer, allowing: Set<String>) throws -> RunState {
        let state = try readState(path)
        let differences = try SettingsComparison.differences(
            state.configuration, trainer.configuration, ignoring: allowing)
        guard differences.isEmpty else {
            throw TrainingError.otherSettings(path: path, differences: differences)
        }
        let position = state.position
        guard (0...Int(Int32.max)).contains(position.epoch), position.pair >= 0, position.step >= 0,
            position.step <= trainer.configuration.totalSteps
        else { throw TrainingError.checkpointMismatch(path: path, problem: "state.json names no place in this run") }
        try Weights.load(path + "/model.safetensors", into: trainer.model, called: "the run's model")
        try trainer.model.ownMemory()
        for part in trainer.stateParts { try load(part, of: path) }
        trainer.step = position.step
        return state
    }

    private func load(_ part: StatePart, of path: String) throws {
        let file = part.name + ".safetensors"
        do {
            let isThere = !part.isOptional || FileManager.default.fileExists(atPath: path + "/" + file)
            try part.load(isThere ? TensorFile.read(path + "/" + file) : [:])
        } catch let mismatch as StateMismatch {
            throw TrainingError.checkpointMismatch(path: path, problem: "\(file): \(mismatch)")
        }
    }

    private func readState(_ path: String) throws -> RunState {
        do {
            return try JSONDecoder().decode(
                RunState.self, from: WholeFile.data(path + "/" + Self.stateName, limit: Self.mostStateBytes))
        } catch {
            throw TrainingError.checkpointMismatch(
                path: path, problem: "state.json is not what this version writes; go on with the version that wrote it")
        }
    }
}

extension DualEncoder {
    /// Gives every parameter memory of its own, aligned as libtorch aligns it.
    ///
    /// Weights that were read from a file lie in memory mapped from it, at whatever address the file's layout puts
    /// them. The file, even removed, would keep its place on the disk as long as the run lasts; and libraries promise
    /// the same bits for the same product only on memory that is aligned alike, which a run and its continuation are
    /// to share.
    func ownMemory() throws {
        for parameter in parameters { try parameter.replace(with: parameter.tensor.detached().copied()) }
    }
}
