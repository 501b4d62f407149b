import Torch

/// What a training loop needs of an optimizer.
public protocol ParameterOptimizer: AnyObject {
    var groups: [AdamW.Group] { get }
    /// Every gradient there is, in the order of the groups.
    func gradients() throws -> [Tensor]
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
