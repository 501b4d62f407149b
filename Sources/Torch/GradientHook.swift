import CTorch

private final class GradientHook {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}

extension Tensor {
    /// Has `body` called each time a backward pass has accumulated this leaf's whole gradient, while the pass goes on
    /// to other leaves; once per pass. One body at a time: another replaces it, nil takes it away.
    ///
    /// It runs on the thread that computes the gradient: the caller's for tensors on the CPU. It must not throw, and it
    /// should not keep the tensor alive, which keeps the hook alive.
    public func setGradientHook(_ body: (@Sendable () -> Void)?) throws {
        guard let body else {
            try check(ct_tensor_set_gradient_hook(handle, nil, { _ in }, nil), "gradient hook")
            return
        }
        let context = Unmanaged.passRetained(GradientHook(body))
        let status = ct_tensor_set_gradient_hook(
            handle, { $0.map { Unmanaged<GradientHook>.fromOpaque($0).takeUnretainedValue().body() } },
            { $0.map { Unmanaged<GradientHook>.fromOpaque($0).release() } }, context.toOpaque())
        // Where libtorch refused, it has released the hook already.
        try check(status, "gradient hook")
    }
}
