import Torch
import TorchNN

/// Sums the gradients of parameters over processes.
///
/// Every process differentiates its pairs' share of one mean loss over the global batch, so that shares are added up and
/// not averaged.
public protocol GradientSynchronization: AnyObject {
    /// Called before the last backward pass of a step: gradients are whole once that pass is through with them. The
    /// temperature's and the bias's are in place already.
    func begin() throws
    /// Called after the last backward pass; on return every gradient is the sum over processes.
    func finish() throws
    /// Has sums begin only when the last backward pass is through, where they would begin during it.
    func waitsForAll()
}

/// Sums gradients one after the other when all are there.
public final class PlainSynchronization: GradientSynchronization {
    private let parameters: [Parameter]
    private let communicator: any Communicator

    public init(_ parameters: [Parameter], over communicator: any Communicator) {
        self.parameters = parameters
        self.communicator = communicator
    }

    /// Nothing is to be prepared.
    public func begin() throws {}

    /// It always does.
    public func waitsForAll() {}

    /// Sums one parameter's gradient after the other.
    public func finish() throws {
        try Engine.withoutGradients {
            for parameter in parameters {
                if let gradient = try parameter.tensor.gradient() { try communicator.sumInPlace(gradient) }
            }
        }
    }
}
