import Torch

/// What a training loop needs of an optimizer.
public protocol ParameterOptimizer: AnyObject {
    /// What it moves.
    var groups: [AdamW.Group] { get }
    /// Every gradient there is, in the order of the groups.
    func gradients() throws -> [Tensor]
    /// Drops every gradient there is.
    func clearGradients() throws
    /// Moves every parameter that has a gradient by one step. What the gradients are afterwards is not said.
    /// - Parameter gradientFactor: what gradients are multiplied by first: see ``GradientClipping``.
    func step(learningRate: Double, gradientFactor: Double) throws
    /// What it remembers between steps, by name, for a checkpoint.
    func state() throws -> [String: Tensor]
    /// Takes back what ``state()`` gave.
    func load(_ state: [String: Tensor]) throws
}

extension ParameterOptimizer {
    /// Moves every parameter by its gradient as it is.
    public func step(learningRate: Double) throws { try step(learningRate: learningRate, gradientFactor: 1) }
}

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
