import CTorch

extension Tensor {
    /// Whether gradients are accumulated into this leaf, or flow through this result.
    public var requiresGradient: Bool { ct_tensor_requires_grad(handle) }

    /// Marks a leaf tensor as one to differentiate with respect to.
    @discardableResult
    public func setRequiresGradient(_ value: Bool = true) throws -> Tensor {
        try check(ct_tensor_set_requires_grad(handle, value), "requires gradient")
        return self
    }

    /// The gradient accumulated so far; nil before the first backward pass.
    public func gradient() throws -> Tensor? {
        var result: ct_tensor?
        try check(ct_tensor_grad(handle, &result), "gradient")
        return try result.map { try Tensor(owning: $0, "gradient") }
    }

    /// Replaces the accumulated gradient; nil clears it.
    public func setGradient(_ gradient: Tensor?) throws {
        try check(ct_tensor_set_grad(handle, gradient?.handle), "set gradient")
    }

    /// Accumulates gradients into every leaf this scalar was computed from.
    public func backward() throws {
        try Tensor.backward([(self, nil)])
    }

    /// The gradient of this scalar with respect to one tensor it was computed from, of that tensor's shape.
    ///
    /// Unlike ``backward()`` it accumulates nothing and computes nothing that only other leaves would need: through a
    /// model's layers it goes without touching the parameters.
    public func gradient(withRespectTo input: Tensor) throws -> Tensor {
        var result: ct_tensor?
        try check(ct_gradient(handle, input.handle, &result), "gradient")
        return try Tensor(owning: result, "gradient")
    }

    /// Accumulates gradients into every leaf that `roots` were computed from.
    /// - Parameter roots: tensors, each with the gradient to start from (of the same shape; nil means 1, for scalars).
    public static func backward(_ roots: [(Tensor, gradient: Tensor?)], retainGraph: Bool = false) throws {
        let handles: [ct_tensor?] = roots.map(\.0.handle)
        let seeds: [ct_tensor?] = roots.map { $0.gradient?.handle }
        try withExtendedLifetime(roots) {
            try check(ct_backward(handles, seeds, roots.count, retainGraph), "backward")
        }
    }

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

private final class GradientHook {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}
