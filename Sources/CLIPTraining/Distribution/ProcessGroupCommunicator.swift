import Foundation
import Torch
import TorchNN

/// The processes of a run over c10d. Each call waits for all ranks, at most ``timeout`` seconds; then, or when another
/// process dies, ``TrainingError/distributed(rank:operation:problem:)`` says which rank was missing.
public final class ProcessGroupCommunicator: Communicator, @unchecked Sendable {
    /// This process among ``worldSize``, from 0.
    public let rank: Int
    /// Processes of the run, over all machines.
    public let worldSize: Int
    /// Seconds that an operation may take.
    public let timeout: Double
    let device: Device
    private let group: ProcessGroup
    private let roster: Roster
    /// The store that this process serves lives as long as the communicator.
    private let store: RendezvousStore
    private let lock = NSLock()
    private var turns = 0
    private var counted = Traffic()

    /// What this process has given to operations so far.
    package struct Traffic: Sendable, Equatable {
        /// Operations begun, with waits that carry no tensor.
        package var operations = 0
        /// Bytes of the tensors that went in. What a network carries depends on the backend's algorithm: a ring's
        /// all-reduce sends and receives 2·(N-1)/N of them.
        package var bytes = 0
    }

    /// Meets the others as a launcher arranged it.
    public convenience init(
        _ environment: TorchrunEnvironment, backend: ProcessGroup.Backend, timeout: Double, device: Device = .cpu
    ) throws {
        let serves = environment.rank == 0 && !environment.isServedByLauncher
        let prefix = "swift-clip/\(environment.restartCount)/"
        do {
            let store = try RendezvousStore(
                host: environment.host, port: environment.port, serves: serves, timeout: timeout, prefix: prefix)
            try self.init(
                store: store, rank: environment.rank, worldSize: environment.worldSize, backend: backend,
                host: environment.host, servesStore: serves, prefix: prefix, timeout: timeout, device: device)
        } catch let error as TorchError {
            throw TrainingError.distributed(
                rank: environment.rank, operation: "meeting the other \(environment.worldSize - 1) processes",
                problem: "not all came to \(environment.host):\(environment.port) within \(Int(timeout)) seconds, or a "
                    + "connection failed. libtorch says: \(error)")
        }
    }

    /// Meets the others at a store.
    public init(
        store: RendezvousStore, rank: Int, worldSize: Int, backend: ProcessGroup.Backend = .gloo,
        host: String = "localhost", servesStore: Bool, prefix: String = "", timeout: Double, device: Device = .cpu
    ) throws {
        group = try ProcessGroup(
            backend, store: store, rank: rank, worldSize: worldSize, timeout: timeout, device: device)
        let own = try RendezvousStore(
            host: host, port: store.port, serves: false, timeout: min(timeout, 60), prefix: prefix + "roster/")
        roster = Roster(store: own, rank: rank, worldSize: worldSize, servesStore: servesStore)
        roster.start()
        self.store = store
        self.rank = rank
        self.worldSize = worldSize
        self.timeout = timeout
        self.device = device
    }

    deinit { roster.stop() }

    /// What has gone out since the processes met. For tests.
    package var traffic: Traffic {
        lock.lock()
        defer { lock.unlock() }
        return counted
    }

    /// Runs an operation of the group, saying who was missing where it fails.
    func named<R>(_ operation: String, _ tensor: Tensor? = nil, _ body: () throws -> R) throws -> R {
        lock.lock()
        counted.operations += 1
        if let tensor { counted.bytes += tensor.count * tensor.dtype.byteCount }
        lock.unlock()
        do {
            return try body()
        } catch let error as TorchError {
            throw failure(operation, error)
        }
    }

    func failure(_ operation: String, _ error: TorchError) -> TrainingError {
        group.abandon()
        return .distributed(
            rank: rank, operation: operation, problem: "\(roster.explain(operation)). libtorch says: \(error)")
    }

    // MARK: Collectives

    /// Rows of all ranks, `[b, …] -> [b · world size, …]`. A tensor that is not contiguous is copied first.
    public func gatherRows(_ tensor: Tensor) throws -> Tensor {
        try named("gathering embeddings", tensor) { try group.gather(tensor.contiguous()) }
    }

    /// Each rank's own rows of the sum, `[b · world size, …] -> [b, …]`.
    public func reduceScatterRows(_ tensor: Tensor) throws -> Tensor {
        try named("summing the embeddings' gradients", tensor) { try group.reduceScatter(tensor.contiguous()) }
    }

    /// The sum over ranks in place of the tensor's values, which need not be contiguous.
    public func sumInPlace(_ tensor: Tensor) throws { try reduceInPlace(tensor, .sum) }

    /// The largest value over ranks, element by element, in place of the tensor's.
    public func maximumInPlace(_ tensor: Tensor) throws { try reduceInPlace(tensor, .maximum) }

    private func reduceInPlace(_ tensor: Tensor, _ reduction: ProcessGroup.Reduction) throws {
        try named("combining values", tensor) {
            try dense(tensor) { try group.reduceInPlace($0, reduction) }
        }
    }

    /// Starts to sum a row-major tensor; what is returned is to be given to ``finish(_:)``.
    func startSum(_ tensor: Tensor) throws -> ProcessGroup.Work {
        try named("summing gradients", tensor) { try group.startReducing(tensor) }
    }

    func finish(_ work: ProcessGroup.Work, _ operation: String) throws {
        do { try work.wait() } catch let error as TorchError { throw failure(operation, error) }
    }

    /// Gives every process the values of rank 0, one tensor after the other.
    public func broadcastInPlace(_ tensors: [Tensor]) throws { try broadcastInPlace(tensors, from: 0) }

    /// Gives every process the values of one rank, in place.
    public func broadcastInPlace(_ tensors: [Tensor], from root: Int) throws {
        for tensor in tensors {
            try named("handing out values of rank \(root)", tensor) {
                try dense(tensor) { try group.broadcastInPlace($0, from: root) }
            }
        }
    }

    /// c10d takes dense tensors, NCCL such on its device; others go through a copy.
    private func dense(_ tensor: Tensor, _ body: (Tensor) throws -> Void) throws {
        try Engine.withoutGradients {
            let tensor = try tensor.detached()
            let isAway = group.backend == .nccl && tensor.device.kind != device.kind
            let copy = try (isAway ? tensor.moved(to: device) : tensor).contiguous()
            try body(copy)
            try tensor.copyInPlace(copy)
        }
    }

    /// Waits until every rank has come here, at most ``timeout`` seconds.
    public func barrier() throws { try named("waiting for each other") { try group.barrier(on: device) } }

    // MARK: Gradients and moments

    /// Sums in buckets, which begin during the backward pass.
    public func makeSynchronization(
        of parameters: [(name: String, parameter: Parameter)]
    ) -> (any GradientSynchronization)? {
        GradientBuckets(parameters, communicator: self)
    }

    /// AdamW by parts.
    public func makeSharedOptimizer(
        _ groups: [AdamW.Group], beta1: Double, beta2: Double, epsilon: Double
    ) throws -> any ParameterOptimizer {
        try ShardedAdamW(groups, beta1: beta1, beta2: beta2, epsilon: epsilon, communicator: self)
    }

    // MARK: Turns and agreement

    /// Has rank 0 do something alone while the others wait, however long it takes, as long as it shows signs of life.
    public func onFirst(_ what: String, _ body: () throws -> Void) throws {
        lock.lock()
        turns += 1
        let turn = turns
        lock.unlock()
        do {
            guard rank != 0 else {
                try body()
                return try roster.finishTurn(turn)
            }
            guard let problem = try roster.waitForTurn(turn, patience: timeout) else { return }
            group.abandon()
            throw TrainingError.distributed(rank: rank, operation: "waiting while rank 0 \(what)", problem: problem)
        } catch let error as TorchError where rank != 0 {
            throw failure("waiting while rank 0 \(what)", error)
        }
    }

    /// Throws on the ranks that differ from rank 0 and on rank 0.
    public func agree(on facts: [String: String]) throws {
        let operation = "comparing settings"
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let own = String(decoding: try encoder.encode(facts), as: UTF8.self)
        try named(operation) { try roster.publish(own, as: "facts") }
        try barrier()
        for other in rank == 0 ? Array(1..<worldSize) : [0] {
            let found = try named(operation) { try roster.published("facts", by: other) } ?? "{}"
            let theirs = (try? JSONDecoder().decode([String: String].self, from: Data(found.utf8))) ?? [:]
            let names = Set(facts.keys).union(theirs.keys).sorted().filter { facts[$0] != theirs[$0] }
            guard let name = names.first else { continue }
            let more = names.count > 1 ? " (also: \(names.dropFirst().joined(separator: ", ")))" : ""
            let error = TrainingError.distributed(
                rank: rank, operation: operation,
                problem: "\(name) is \(facts[name] ?? "absent") here and \(theirs[name] ?? "absent") on rank \(other)"
                    + "\(more). Start every process with the same command")
            // Ranks that agree with rank 0 find this where they next wait for it.
            group.abandon()
            roster.report("\(error)")
            throw error
        }
    }

    /// Lets the others know that this process ends with an error of its own, so that they can say so.
    public func report(_ error: any Error) {
        group.abandon()
        if case TrainingError.distributed = error {
            roster.reportAbort("\(error)")
        } else {
            roster.report("\(error)")
        }
    }
}
