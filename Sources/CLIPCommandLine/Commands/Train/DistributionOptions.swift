import ArgumentParser
import CLIPTraining
import Foundation
import Torch

/// How several processes train together. Which process this is, launchers tell in the environment.
struct DistributionOptions: ParsableArguments, SettingOptions {
    @Flag(help: "Share the optimizer's moments out among the processes (ZeRO stage 1).")
    var zero = false
    @Option(
        help: ArgumentHelp(
            "How long a process is waited for before the run ends with a message.", valueName: "seconds"))
    var distributedTimeout = Given(\.distribution.timeout)
    @Option(help: "What processes talk over: gloo or nccl (default: nccl on CUDA devices, else gloo).")
    var distributedBackend: ProcessGroup.Backend?

    static var keys: [SettingKey<Self>] {
        [
            SettingKey("zero", \.distribution.sharesOptimizer) { $0.zero ? true : nil }.free,
            SettingKey("distributed-timeout", \.distribution.timeout) { $0.distributedTimeout.given }.free,
            SettingKey("distributed-backend", optional: \.distribution.backend) { $0.distributedBackend }.free,
        ]
    }

    func validate() throws {
        guard distributedTimeout.value >= 1, distributedTimeout.value <= 1e6 else {
            throw ValidationError("--distributed-timeout takes a number of seconds from 1 to 1000000.")
        }
    }
}

/// What a run's settings are to one of several processes.
extension TrainingSettings.Distribution {
    /// What the launcher says; nil where this process trains by itself.
    static func environment() throws -> TorchrunEnvironment? {
        try TorchrunEnvironment.read(ProcessInfo.processInfo.environment)
    }

    func check(batchSize: Int, _ environment: TorchrunEnvironment) throws {
        guard batchSize % environment.worldSize == 0 else {
            throw TrainingError.invalidOption(
                name: "--batch-size",
                problem: "\(batchSize) pairs cannot be shared equally by \(environment.worldSize) processes")
        }
    }

    /// Meets the other processes.
    /// - Parameter device: where the model will be.
    func join(_ environment: TorchrunEnvironment, device: Device) throws -> ProcessGroupCommunicator {
        let backend = self.backend ?? (device.kind == .cuda ? .nccl : .gloo)
        guard backend.isAvailable else {
            throw TrainingError.invalidOption(
                name: "--distributed-backend",
                problem: "this build has no \(backend.rawValue); it comes with a CUDA build of libtorch")
        }
        if backend == .nccl, device.kind != .cuda {
            throw TrainingError.invalidOption(
                name: "--distributed-backend", problem: "nccl needs --device cuda; processors talk over gloo")
        }
        if device.kind == .cuda, let index = device.index { try CUDA.setDevice(index) }
        return try ProcessGroupCommunicator(
            environment, backend: backend, timeout: timeout, device: device)
    }

    /// The device of this process, and its share of the machine's cores unless `threads` says otherwise.
    func prepare(_ environment: TorchrunEnvironment, device: Device, threads: Int?) -> Device {
        if threads == nil {
            let cores = ProcessInfo.processInfo.activeProcessorCount
            Engine.threadCount = max(1, cores / environment.localWorldSize)
        }
        return device.kind == .cuda ? Device(.cuda, index: environment.localRank) : device
    }
}

extension ProcessGroup.Backend: ExpressibleByArgument {}
