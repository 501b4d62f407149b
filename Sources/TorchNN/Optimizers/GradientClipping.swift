import Torch

/// How long all gradients are together, and what makes them no longer than a bound, as PyTorch's `clip_grad_norm_`.
///
/// An optimizer's step takes ``factor`` and multiplies while it reads the gradients anyway; a pass of its own over memory
/// would take a fifth of the step's time.
public struct GradientClipping: Sendable {
    /// The Euclidean length of all gradients as they are.
    public let norm: Double
    /// What to multiply them by; 1 where they are short enough.
    public let factor: Double

    /// - Parameter bound: the greatest length; nil leaves gradients as they are.
    public init(_ gradients: [Tensor], bound: Double?) throws {
        let norm = gradients.isEmpty ? 0 : try Engine.withoutGradients { try Tensor.norm(of: gradients).item() }
        self.norm = norm
        // The small constant keeps the division finite; PyTorch uses the same.
        factor = bound.map { min(1, $0 / (norm + 1e-6)) } ?? 1
    }
}
