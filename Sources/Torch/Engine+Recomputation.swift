import CTorch
import Foundation

extension Engine {
    /// Whether operations on this thread are recorded for differentiation.
    public static var recordsGradients: Bool { ct_grad_mode() }

    /// Runs `body` and keeps only its input: the backward pass runs it again for what is in between (Chen et al.,
    /// "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174). The same numbers as without, for one more
    /// forward pass in time.
    ///
    /// The repeat sees the random state and autocast of the first run. What else `body` depends on must not change until
    /// the backward pass, and what it changes (running statistics) it must change in the first run only. On a GPU the
    /// repeat comes on another thread.
    /// - Parameter body: a function of `input`, which it gets cut off from what it was computed from; parameters may be
    ///   captured. `isRepeat` says that this is the run for the backward pass.
    public static func recomputed(
        _ input: Tensor, _ body: @escaping (_ input: Tensor, _ isRepeat: Bool) throws -> Tensor
    ) throws -> Tensor {
        guard recordsGradients else { return try body(input, false) }
        let box = Unmanaged.passRetained(RecomputedBody(body))
        var output: ct_tensor?
        try withExtendedLifetime(input) {
            try check(
                ct_recomputed(
                    input.handle, RecomputedBody.run,
                    { pointer in if let pointer { Unmanaged<RecomputedBody>.fromOpaque(pointer).release() } },
                    box.toOpaque(), &output), "recomputed")
        }
        return try Tensor(owning: output, "recomputed")
    }
}

/// A closure that the door can hold.
private final class RecomputedBody {
    let body: (Tensor, Bool) throws -> Tensor

    init(_ body: @escaping (Tensor, Bool) throws -> Tensor) { self.body = body }

    static let run: ct_function = { context, handle, isRepeat, output in
        guard let context, let output else { return strdup("no context") }
        let box = Unmanaged<RecomputedBody>.fromOpaque(context).takeUnretainedValue()
        do {
            let result = try box.body(Tensor(owning: handle, "recomputed"), isRepeat)
            output.pointee = withExtendedLifetime(result) { ct_tensor_retain(result.handle) }
            return nil
        } catch {
            return strdup("\(error)")
        }
    }
}
