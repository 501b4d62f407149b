import Torch

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
    /// - Parameter what: in the words of a message: "evaluates".
    func onFirst(_ what: String, _ body: () throws -> Void) throws
}

extension Communicator {
    public var isFirst: Bool { rank == 0 }
}

/// A run of one process, which has nobody to wait for.
public struct SingleProcess: Communicator {
    public let rank = 0
    public let worldSize = 1

    public init() {}

    public func gatherRows(_ tensor: Tensor) throws -> Tensor { tensor }
    public func reduceScatterRows(_ tensor: Tensor) throws -> Tensor { tensor }
    public func sumInPlace(_ tensor: Tensor) throws {}
    public func maximumInPlace(_ tensor: Tensor) throws {}
    public func broadcastInPlace(_ tensors: [Tensor]) throws {}
    public func barrier() throws {}
    public func onFirst(_ what: String, _ body: () throws -> Void) throws { try body() }
}
