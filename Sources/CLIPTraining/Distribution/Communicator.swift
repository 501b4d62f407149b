import Torch
import TorchNN

/// What the processes of a run do together. Every process has to call the same methods in the same order; each call
/// waits for all of them.
public protocol Communicator: Sendable {
    /// This process among ``worldSize``, from 0. Rank 0 writes files and talks.
    var rank: Int { get }
    var worldSize: Int { get }
    /// The rows of every process, in the order of ranks: `[b, …] -> [b · world size, …]`. All have equally many.
    func gatherRows(_ tensor: Tensor) throws -> Tensor
    /// Sums over processes and leaves each its own rows: `[b · world size, …] -> [b, …]`.
    func reduceScatterRows(_ tensor: Tensor) throws -> Tensor
    /// The sum over processes, in place.
    func sumInPlace(_ tensor: Tensor) throws
    /// The largest value over processes, element by element, in place.
    func maximumInPlace(_ tensor: Tensor) throws
    /// Gives every process the values of rank 0, in place.
    func broadcastInPlace(_ tensors: [Tensor]) throws
    /// Waits until every process has come here.
    func barrier() throws
    /// Has rank 0 do something alone while the others wait, however long that takes.
    /// - Parameters:
    ///   - what: in the words of a message: "evaluates".
    ///   - body: what rank 0 does.
    func onFirst(_ what: String, _ body: () throws -> Void) throws
    /// Makes sure that every process was started alike.
    /// - Parameter facts: what has to be equal everywhere, by name.
    /// - Throws: ``TrainingError/distributed(rank:operation:problem:)`` naming what differs.
    func agree(on facts: [String: String]) throws
    /// How the gradients of parameters are summed; nil where there is nothing to sum.
    /// - Parameter parameters: equal on every process, in the same order.
    func makeSynchronization(of parameters: [(name: String, parameter: Parameter)]) -> (any GradientSynchronization)?
    /// An optimizer of which each process keeps its part of the moments.
    /// - Parameters:
    ///   - groups: equal on every process.
    ///   - beta1: decay of the first moment.
    ///   - beta2: decay of the second moment.
    ///   - epsilon: added to the second moment's root.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where these processes cannot share one out.
    func makeSharedOptimizer(
        _ groups: [AdamW.Group], beta1: Double, beta2: Double, epsilon: Double
    ) throws -> any ParameterOptimizer
}

extension Communicator {
    /// Whether this is rank 0.
    public var isFirst: Bool { rank == 0 }

    /// One sum after the other, at the end of a step.
    public func makeSynchronization(
        of parameters: [(name: String, parameter: Parameter)]
    ) -> (any GradientSynchronization)? {
        worldSize > 1 ? PlainSynchronization(parameters.map(\.parameter), over: self) : nil
    }

    /// Several processes cannot, unless their communicator says how.
    public func makeSharedOptimizer(
        _ groups: [AdamW.Group], beta1: Double, beta2: Double, epsilon: Double
    ) throws -> any ParameterOptimizer {
        guard worldSize == 1 else {
            throw TrainingError.invalidOption(
                name: "shared optimizer", problem: "these processes have no way to hand parameters out to each other")
        }
        // One process's part is everything.
        return try AdamW(groups, beta1: beta1, beta2: beta2, epsilon: epsilon)
    }
}

/// A run of one process, which has nobody to wait for.
public struct SingleProcess: Communicator {
    /// The first and only one.
    public let rank = 0
    /// This process alone.
    public let worldSize = 1

    public init() {}

    /// The tensor itself: these are all rows.
    public func gatherRows(_ tensor: Tensor) throws -> Tensor { tensor }
    /// The tensor itself: all rows are its own.
    public func reduceScatterRows(_ tensor: Tensor) throws -> Tensor { tensor }
    /// The sum over one.
    public func sumInPlace(_ tensor: Tensor) throws {}
    /// The largest of one.
    public func maximumInPlace(_ tensor: Tensor) throws {}
    /// Nobody else is to have them.
    public func broadcastInPlace(_ tensors: [Tensor]) throws {}
    /// Nobody is waited for.
    public func barrier() throws {}
    /// This process is the first.
    public func onFirst(_ what: String, _ body: () throws -> Void) throws { try body() }
    /// It agrees with itself.
    public func agree(on facts: [String: String]) throws {}
}
