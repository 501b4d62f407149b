import Foundation
import Synchronization
import Torch

@testable import CLIPTraining

/// Processes of a run, played by threads of this one: each call leaves what it brings and waits for the others.
final class ThreadGroup: @unchecked Sendable {
    let size: Int
    private let condition = NSCondition()
    private var brought: [Int: Tensor] = [:]
    private var shown: [Tensor] = []
    private var round = 0
    private var hasFailed = false

    init(size: Int) { self.size = size }

    struct Abandoned: Error {}

    /// What every rank brings to the same call, in the order of ranks.
    func exchange(_ tensor: Tensor, from rank: Int) throws -> [Tensor] {
        condition.lock()
        defer { condition.unlock() }
        let mine = round
        brought[rank] = try tensor.copied()
        if brought.count == size {
            shown = (0..<size).compactMap { brought[$0] }
            brought = [:]
            round += 1
            condition.broadcast()
        }
        let end = Date(timeIntervalSinceNow: 60)
        while round == mine, !hasFailed {
            if !condition.wait(until: end) { hasFailed = true }
        }
        if round == mine { throw Abandoned() }
        return shown
    }

    private func fail() {
        condition.lock()
        hasFailed = true
        condition.broadcast()
        condition.unlock()
    }

    /// Runs `body` once per rank, each on a thread of its own.
    func run<R: Sendable>(_ body: @escaping @Sendable (any Communicator) throws -> R) throws -> [R] {
        let results = Mutex<[Int: Result<R, any Error>]>([:])
        let threads = (0..<size).map { rank in
            Thread { [self] in
                let result = Result { try body(ThreadCommunicator(rank: rank, group: self)) }
                if case .failure = result { fail() }
                results.withLock { $0[rank] = result }
                finished.signal()
            }
        }
        for thread in threads { thread.start() }
        for _ in threads { finished.wait() }
        return try results.withLock { results in try (0..<size).compactMap { try results[$0]?.get() } }
    }

    private let finished = DispatchSemaphore(value: 0)
}

private struct ThreadCommunicator: Communicator {
    let rank: Int
    let group: ThreadGroup
    var worldSize: Int { group.size }

    func gatherRows(_ tensor: Tensor) throws -> Tensor {
        try Tensor.concatenated(group.exchange(tensor, from: rank))
    }

    private func sum(_ tensor: Tensor) throws -> Tensor {
        let all = try group.exchange(tensor, from: rank)
        return try all.dropFirst().reduce(all[0]) { try $0 + $1 }
    }

    func reduceScatterRows(_ tensor: Tensor) throws -> Tensor {
        let size = tensor.shape[0] / worldSize
        return try sum(tensor).slice((rank * size)..<((rank + 1) * size)).copied()
    }

    func sumInPlace(_ tensor: Tensor) throws { try tensor.copyInPlace(sum(tensor)) }

    func maximumInPlace(_ tensor: Tensor) throws {
        for other in try group.exchange(tensor, from: rank) { try tensor.maximumInPlace(other) }
    }

    func broadcastInPlace(_ tensors: [Tensor]) throws {
        for tensor in tensors { try tensor.copyInPlace(group.exchange(tensor, from: rank)[0]) }
    }

    func onFirst(_ what: String, _ body: () throws -> Void) throws {
        if rank == 0 { try body() }
        try barrier()
    }

    func agree(on facts: [String: String]) throws {}

    func barrier() throws { _ = try group.exchange(Tensor.zeros([]), from: rank) }
}
