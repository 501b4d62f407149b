import CTorch

/// Processes that compute together, each with a rank: c10d's collective operations over Gloo or NCCL.
///
/// Every rank has to start the same operations in the same order. Tensors are dense and row-major, on the CPU for Gloo
/// and on this rank's CUDA device for NCCL. After an operation has failed the group is of no more use: its connections
/// are in an unknown state, and ``Backend`` may close them.
public final class ProcessGroup: @unchecked Sendable {
    /// The library that carries tensors between processes.
    public enum Backend: String, Sendable, Codable, CaseIterable {
        /// Over TCP, for tensors on the CPU.
        case gloo
        /// NVIDIA's library, for CUDA tensors.
        case nccl

        /// Whether this build has it.
        public var isAvailable: Bool { ct_distributed_has_backend(rawValue) }
    }

    /// How elements in the same place are combined.
    public enum Reduction: Sendable {
        /// Added up.
        case sum
        /// The largest.
        case maximum

        var code: ct_reduction { self == .sum ? CT_SUM : CT_MAXIMUM }
    }

    /// This process, from 0.
    public let rank: Int
    /// How many processes there are.
    public let worldSize: Int
    /// What they talk over.
    public let backend: Backend
    /// Seconds that an operation may take.
    public let timeout: Double
    private let handle: ct_process_group

    /// Joins a group; returns once every rank has.
    /// - Parameters:
    ///   - store: by which the ranks find each other. No other group may use one with the same prefix.
    ///   - device: where this rank's tensors are.
    /// - Throws: ``TorchError`` when the others do not come in time, or the backend is not in this build.
    public init(
        _ backend: Backend, store: RendezvousStore, rank: Int, worldSize: Int, timeout: Double, device: Device = .cpu
    ) throws {
        let context = "joining \(worldSize) processes as rank \(rank)"
        guard let number = Int32(exactly: rank), let size = Int32(exactly: worldSize) else {
            throw TorchError(context: context, message: "ranks are 32-bit numbers")
        }
        var made: ct_process_group?
        try check(
            ct_process_group_join(backend.rawValue, store.handle, number, size, timeout, device.code, &made), context)
        guard let made else { throw TorchError(context: context, message: "libtorch returned no group") }
        handle = made
        self.rank = rank
        self.worldSize = worldSize
        self.backend = backend
        self.timeout = timeout
    }

    deinit { ct_process_group_release(handle) }

    /// From now on nothing of the group is waited for. For a process that fails by itself: operations under way would
    /// otherwise be waited for when the group goes.
    public func abandon() { ct_process_group_abandon(handle) }

    /// An operation under way. Its tensors must not be used before ``wait()`` returns.
    public final class Work: @unchecked Sendable {
        private let handle: ct_work
        private let group: ProcessGroup
        private let name: String

        fileprivate init(owning handle: ct_work, group: ProcessGroup, name: String) {
            self.handle = handle
            self.group = group
            self.name = name
        }

        deinit { ct_work_release(handle) }

        /// Whether it is over, well or not; never waits.
        public var isDone: Bool { ct_work_is_done(handle) }

        /// Waits until the operation is done.
        /// - Parameter timeout: seconds; nil for the group's.
        /// - Throws: ``TorchError`` when a rank is gone or does not come in time.
        public func wait(timeout: Double? = nil) throws {
            try check(ct_work_wait(handle, timeout ?? group.timeout), name)
        }
    }

    private func start(_ name: String, _ body: (inout ct_work?) -> Int32) throws -> Work {
        var work: ct_work?
        try check(body(&work), name)
        guard let work else { throw TorchError(context: name, message: "libtorch returned no work") }
        return Work(owning: work, group: self, name: name)
    }

    /// Starts to combine a tensor of any shape over all ranks, element by element, in place.
    public func startReducing(_ tensor: Tensor, _ reduction: Reduction = .sum) throws -> Work {
        try start("all-reduce") { ct_all_reduce(handle, tensor.handle, reduction.code, &$0) }
    }

    /// Combines a tensor of any shape over all ranks, element by element, in place.
    public func reduceInPlace(_ tensor: Tensor, _ reduction: Reduction = .sum) throws {
        try startReducing(tensor, reduction).wait()
    }

    /// Gives every rank the values that `root` has, in place.
    public func broadcastInPlace(_ tensor: Tensor, from root: Int = 0) throws {
        guard (0..<worldSize).contains(root) else {
            throw TorchError(context: "broadcast", message: "no rank \(root) among \(worldSize)")
        }
        try start("broadcast") { ct_broadcast(handle, tensor.handle, Int32(root), &$0) }.wait()
    }

    /// Every rank's tensor, one after another: `[n, …]` on each gives `[n · world size, …]` on all.
    public func gather(_ tensor: Tensor) throws -> Tensor {
        let shape = tensor.shape
        guard let first = shape.first else {
            throw TorchError(context: "all-gather", message: "a scalar has no rows to gather")
        }
        let result = try Tensor.empty(
            [first * worldSize] + shape.dropFirst(), dtype: tensor.dtype, device: tensor.device)
        try start("all-gather") { ct_all_gather(handle, result.handle, tensor.handle, &$0) }.wait()
        return result
    }

    /// The sum over all ranks, of which each gets its own rows: `[n · world size, …]` on each gives `[n, …]`.
    public func reduceScatter(_ tensor: Tensor) throws -> Tensor {
        let shape = tensor.shape
        guard let first = shape.first, first % worldSize == 0 else {
            throw TorchError(
                context: "reduce-scatter", message: "shape \(shape) cannot be divided among \(worldSize) ranks")
        }
        let result = try Tensor.empty(
            [first / worldSize] + shape.dropFirst(), dtype: tensor.dtype, device: tensor.device)
        try start("reduce-scatter") { ct_reduce_scatter(handle, result.handle, tensor.handle, &$0) }.wait()
        return result
    }

    /// Waits until every rank has come here.
    public func barrier(on device: Device = .cpu) throws {
        try reduceInPlace(Tensor.zeros([1], device: device))
    }
}
