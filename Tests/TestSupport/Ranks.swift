import Foundation
import Torch

/// Runs `body` on threads that are the ranks of a Gloo group, and gives what they return, in the order of ranks. The
/// first error of any is thrown once all are done.
///
/// libtorch's generator belongs to the whole process, so bodies must not draw from it.
@discardableResult
public func onRanks<R>(
    _ worldSize: Int, timeout: Double = 60, _ body: @escaping (ProcessGroup) throws -> R
) throws -> [R] {
    try onRanks(worldSize, timeout: timeout) { store, rank in
        try body(ProcessGroup(.gloo, store: store, rank: rank, worldSize: worldSize, timeout: timeout))
    }
}

/// Runs `body` on one thread per rank, each with its own connection to a store that rank 0 serves.
@discardableResult
public func onRanks<R>(
    _ worldSize: Int, timeout: Double = 60, _ body: @escaping (RendezvousStore, Int) throws -> R
) throws -> [R] {
    let server = try RendezvousStore(host: "localhost", port: 0, serves: true, timeout: timeout)
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) var outcomes = [Result<R, any Error>?](repeating: nil, count: worldSize)
    let lock = NSLock()
    let done = DispatchGroup()
    for rank in 0..<worldSize {
        done.enter()
        let thread = Thread {
            let outcome = Result {
                let store =
                    rank == 0
                    ? server
                    : try RendezvousStore(host: "localhost", port: server.port, serves: false, timeout: timeout)
                return try body(store, rank)
            }
            lock.lock()
            outcomes[rank] = outcome
            lock.unlock()
            done.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    done.wait()
    return try outcomes.compactMap { try $0?.get() }
}

/// A port that nobody listens on.
public func freePort() throws -> Int {
    try RendezvousStore(host: "localhost", port: 0, serves: true, timeout: 10).port
}
