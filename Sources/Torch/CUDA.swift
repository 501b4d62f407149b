import CTorch

/// NVIDIA GPUs, as libtorch sees them.
public enum CUDA {
    /// GPUs that can be used; 0 without one.
    public static var deviceCount: Int { Int(ct_cuda_device_count()) }

    /// Whether the door to libtorch was built with CUDA's headers (by CMake), which ``properties(of:)`` needs; everything
    /// else does without.
    public static var hasProperties: Bool { ct_built_with_cuda() }

    /// Makes one GPU the current one of this thread, which a ``Device`` without index means.
    public static func setDevice(_ index: Int) throws {
        try check(ct_cuda_set_device(Int32(clamping: index)), "cuda device \(index)")
    }

    /// What a GPU is.
    public struct Properties: Sendable, Equatable {
        /// Such as "NVIDIA H100 80GB HBM3".
        public let name: String
        /// Bytes.
        public let memory: Int
        /// Such as 9 and 0 for an H100.
        public let computeCapability: ComputeCapability
        /// NVIDIA's "streaming multiprocessors", which work side by side.
        public let multiprocessorCount: Int
    }

    /// What a GPU can do, by NVIDIA's count.
    public struct ComputeCapability: Sendable, Equatable {
        /// The generation.
        public let major: Int
        /// The variant within it.
        public let minor: Int
    }

    /// What a GPU is called and can do.
    /// - Throws: ``TorchError`` where there is no such GPU, or ``hasProperties`` is false.
    public static func properties(of index: Int = 0) throws -> Properties {
        var found = ct_cuda_properties()
        try check(ct_cuda_properties_of(Int32(clamping: index), &found), "cuda device \(index)")
        let name = withUnsafeBytes(of: found.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return Properties(
            name: name, memory: Int(found.memory),
            computeCapability: ComputeCapability(major: Int(found.major), minor: Int(found.minor)),
            multiprocessorCount: Int(found.multiprocessors))
    }

    /// What libtorch holds of a GPU's memory, in bytes.
    public struct Memory: Sendable, Equatable {
        /// In tensors, now and at most since ``resetPeakMemory(of:)``.
        public let allocated: Int
        /// The most that tensors have held.
        public let allocatedPeak: Int
        /// Taken from the driver.
        public let reserved: Int
        /// The most that was taken.
        public let reservedPeak: Int
        /// As the driver counts, with other processes'.
        public let available: Int
        /// All that the GPU has, in bytes.
        public let total: Int
    }

    /// How much of a GPU's memory is taken.
    /// - Throws: ``TorchError`` where there is no such GPU.
    public static func memory(of index: Int = 0) throws -> Memory {
        var found = ct_cuda_memory()
        try check(ct_cuda_memory_of(Int32(clamping: index), &found), "memory of cuda device \(index)")
        return Memory(
            allocated: Int(found.allocated), allocatedPeak: Int(found.allocated_peak), reserved: Int(found.reserved),
            reservedPeak: Int(found.reserved_peak), available: Int(found.available), total: Int(found.total))
    }

    /// Lets the peaks start again from what is in use.
    public static func resetPeakMemory(of index: Int = 0) throws {
        try check(ct_cuda_reset_peak_memory(Int32(clamping: index)), "memory of cuda device \(index)")
    }

    /// Gives memory that no tensor uses back to the driver.
    public static func emptyCache() throws { try check(ct_cuda_empty_cache(), "cuda memory") }

    /// Whether cuDNN tries its algorithms for each new shape of a convolution and keeps the fastest: for ResNets whose
    /// batches are all of one shape.
    public static func setConvolutionBenchmark(_ enabled: Bool) throws {
        try check(ct_set_cudnn_benchmark(enabled), "cudnn benchmark")
    }
}

/// A point in a GPU's queue of work.
public final class CUDAEvent {
    private let handle: ct_event

    /// - Throws: `TorchError` without a GPU.
    public init() throws {
        var made: ct_event?
        try check(ct_event_create(&made), "cuda event")
        guard let made else { throw TorchError(context: "cuda event", message: "libtorch made no event") }
        handle = made
    }

    deinit { ct_event_release(handle) }

    /// Marks this point of the current GPU's queue.
    public func record() throws { try check(ct_event_record(handle), "cuda event") }

    /// Waits until the point is reached.
    public func synchronize() throws { try check(ct_event_synchronize(handle), "cuda event") }

    /// Seconds the GPU took from another point to this one, both of them reached.
    public func seconds(since start: CUDAEvent) throws -> Double {
        var milliseconds = 0.0
        try check(ct_event_elapsed(start.handle, handle, &milliseconds), "cuda event")
        return milliseconds / 1000
    }
}
