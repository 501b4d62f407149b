import CTorch

/// Settings of the whole process: threads, seeds, and the modes operators run in.
///
/// Modes belong to the calling thread, so their bodies are synchronous: a suspended task could wake on another thread.
public enum Engine {
    /// libtorch's version, such as "2.13.0".
    public static var version: String { String(cString: ct_version()) }

    /// Tunes the allocator for tensors; called by the first tensor made, harmless to call again.
    public static func initialize() { ct_initialize() }

    /// Gives back to the system what was freed and is kept to be used again. It is kept for speed (see ``initialize()``); what
    /// runs for days gives it back now and then, some milliseconds each time.
    public static func releaseMemory() { ct_release_memory() }

    /// Threads that one operator may use.
    public static var threadCount: Int {
        get { Int(ct_thread_count()) }
        set { ct_set_thread_count(Int32(clamping: max(1, newValue))) }
    }

    /// Runs `body` with operators that stay on this thread. A thread that does small work beside others gains nothing from
    /// helpers, and the helpers, which wait for their next piece in a loop, take the others' time.
    public static func onThisThreadAlone<R>(_ body: () throws -> R) rethrows -> R {
        try onThisThread(with: 1, body)
    }

    /// Runs `body` with operators that use so many threads, this one among them, whatever others use.
    public static func onThisThread<R>(with threads: Int, _ body: () throws -> R) rethrows -> R {
        let before = ct_set_own_thread_count(Int32(clamping: max(1, threads)))
        defer { _ = ct_set_own_thread_count(before) }
        return try body()
    }

    /// Seeds the generators of every device.
    public static func seed(_ seed: UInt64) throws {
        try check(ct_manual_seed(seed), "seed")
    }

    /// The state of a device's default generator, as bytes that ``setRandomState(_:on:)`` takes back.
    public static func randomState(on device: Device = .cpu) throws -> Tensor {
        var handle: ct_tensor?
        try check(ct_random_state(device.code, &handle), "random state")
        return try Tensor(owning: handle, "random state")
    }

    /// Takes back what ``randomState(on:)`` gave; the same draws follow.
    public static func setRandomState(_ state: Tensor, on device: Device = .cpu) throws {
        try check(ct_set_random_state(device.code, state.handle), "set random state")
    }

    /// How the products of 32-bit matrices may be computed. Raw values are PyTorch's names.
    public enum ProductPrecision: String, Sendable, Codable, CaseIterable {
        /// In 32 bits; libtorch's own setting.
        case highest
        /// In TF32, on a GPU that has it: 10 bits of fraction, several times faster.
        case high
        /// In bfloat16, where a backend can.
        case medium
    }

    /// Sets it for the whole process.
    public static func setProductPrecision(_ precision: ProductPrecision) throws {
        try check(ct_set_float32_matmul_precision(precision.rawValue), "product precision")
    }

    /// Runs `body` without recording operations for differentiation.
    public static func withoutGradients<R>(_ body: () throws -> R) rethrows -> R {
        try withGradientMode(false, body)
    }

    /// Runs `body` recording operations for differentiation, even inside ``withoutGradients(_:)``.
    public static func withGradients<R>(_ body: () throws -> R) rethrows -> R {
        try withGradientMode(true, body)
    }

    private static func withGradientMode<R>(_ enabled: Bool, _ body: () throws -> R) rethrows -> R {
        let before = ct_grad_mode()
        ct_set_grad_mode(enabled)
        defer { ct_set_grad_mode(before) }
        return try body()
    }

    /// Runs `body` in inference mode: faster than ``withoutGradients(_:)``, but its tensors can never be
    /// differentiated through later.
    public static func inference<R>(_ body: () throws -> R) rethrows -> R {
        try withInferenceMode(true, body)
    }

    /// Runs `body` outside inference mode, even inside ``inference(_:)``: for tensors that are kept and may be
    /// differentiated through later.
    public static func outsideInference<R>(_ body: () throws -> R) rethrows -> R {
        try withInferenceMode(false, body)
    }

    private static func withInferenceMode<R>(_ enabled: Bool, _ body: () throws -> R) rethrows -> R {
        let guardObject = ct_inference_mode_enter(enabled)
        defer { ct_inference_mode_exit(guardObject) }
        return try body()
    }

    /// Runs `body` with matrix multiplications and convolutions computed in `dtype` while parameters stay as they are.
    /// - Parameter dtype: nil leaves autocast off.
    public static func autocast<R>(_ dtype: DType?, on device: Device = .cpu, _ body: () throws -> R) throws -> R {
        // Autocast does not know the device without values, where element types are what they are.
        if device.kind == .meta { return try body() }
        var wasEnabled = false
        var oldDType: Int32 = 0
        let wanted = dtype ?? .bfloat16
        try check(ct_autocast_set(device.code, dtype != nil, wanted.rawValue, &wasEnabled, &oldDType), "autocast")
        defer {
            var ignoredFlag = false
            var ignoredDType: Int32 = 0
            _ = ct_autocast_set(device.code, wasEnabled, oldDType, &ignoredFlag, &ignoredDType)
            if !wasEnabled { ct_autocast_clear_cache() }
        }
        return try body()
    }
}
