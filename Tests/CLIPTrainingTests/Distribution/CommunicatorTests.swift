import Foundation
import TestSupport
import Testing
import Torch

@testable import CLIPTraining

/// What processes tell each other, and what is said when one is missing. Ranks are threads here.
@Suite struct CommunicatorTests {
    @Test func everyMethodDoesWhatTheProtocolSays() throws {
        try onCommunicators(3) { communicator in
            let rank = Float(communicator.rank)
            let rows = try Tensor([rank, rank + 10], shape: [1, 2])
            #expect(try communicator.gatherRows(rows).elements(Float.self) == [0, 10, 1, 11, 2, 12])
            let all = try Tensor([rank, 2 * rank, 3 * rank], shape: [3, 1])
            #expect(
                try communicator.reduceScatterRows(all).elements(Float.self) == [3 * (rank + 1)])
            // Neither dense nor a leaf of its own.
            let matrix = try Tensor([1, 2, 3, 4].map { $0 * (rank + 1) }, shape: [2, 2]).setRequiresGradient()
            try communicator.sumInPlace(matrix.detached().transposed())
            #expect(try matrix.elements(Float.self) == [6, 12, 18, 24])
            let value = try Tensor([-rank])
            try communicator.maximumInPlace(value)
            #expect(try value.item() == 0)
            try communicator.broadcastInPlace([value, matrix.detached()], from: 2)
            #expect(try value.item() == 0)
            try communicator.barrier()
            #expect(communicator.traffic.operations == 7)
            #expect(communicator.traffic.bytes == 8 + 12 + 16 + 4 + 4 + 16)
        }
    }

    /// An evaluation may last longer than an operation is given.
    @Test func rankZeroIsWaitedForWhileItLives() throws {
        let order = Locked<[Int]>([])
        // Long enough to meet one another on a busy machine.
        try onCommunicators(3, timeout: 4) { communicator in
            for turn in 0..<2 {
                try communicator.onFirst("evaluates") {
                    Thread.sleep(forTimeInterval: 5)
                    order.change { $0.append(turn) }
                }
                #expect(order.value == Array(0...turn))
                // Nobody goes on to the next turn before all have looked.
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }

    @Test func aDeadRankIsNamed() throws {
        try onCommunicators(3, timeout: 2) { communicator in
            // What is left of a rank whose thread ends is what is left of a process that is killed: nothing.
            guard communicator.rank != 1 else { return }
            Thread.sleep(forTimeInterval: 0.3)
            let error = #expect(throws: TrainingError.self) { try communicator.sumInPlace(Tensor.zeros([8])) }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains("rank \(communicator.rank), combining values: rank 1 died"), "\(message)")
        }
    }

    @Test func aStuckRankIsNamed() throws {
        let isOver = Locked(false)
        try onCommunicators(2, timeout: 4) { communicator in
            guard communicator.rank == 0 else {
                while !isOver.value { Thread.sleep(forTimeInterval: 0.05) }
                return
            }
            defer { isOver.change { $0 = true } }
            let error = #expect(throws: TrainingError.self) { try communicator.gatherRows(Tensor.zeros([8])) }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains("gathering embeddings: rank 1 stayed away, though alive"), "\(message)")
        }
    }

    @Test func aRanksOwnErrorIsPassedOn() throws {
        try onCommunicators(3, timeout: 5) { communicator in
            if communicator.rank == 2 {
                return communicator.report(TrainingError.runExists(path: "/some/run"))
            }
            // Rank 1 waits for rank 0's turn, in which rank 0 waits for rank 2.
            let error = #expect(throws: TrainingError.self) {
                try communicator.onFirst("evaluates") { try communicator.barrier() }
            }
            let message = error.map { "\($0)" } ?? ""
            #expect(message.contains("rank 2 ended with an error: /some/run"), "\(message)")
        }
    }

    @Test func differentSettingsAreNamed() throws {
        try onCommunicators(2) { communicator in
            try communicator.agree(on: ["seed": "5", "model": "tiny"])
        }
        try onCommunicators(2) { communicator in
            let facts = ["seed": "5", "learning rate": communicator.rank == 0 ? "0.001" : "0.002"]
            let error = #expect(throws: TrainingError.self) { try communicator.agree(on: facts) }
            let message = error.map { "\($0)" } ?? ""
            for word in ["learning rate", "0.001", "0.002"] { #expect(message.contains(word), "\(message)") }
            #expect(!message.contains("seed"), "\(message)")
        }
    }

    @Test func whoeverDoesNotComeIsMissedWithinTheTimeOut() throws {
        let environment = TorchrunEnvironment(rank: 0, worldSize: 2, host: "localhost", port: 0)
        let error = #expect(throws: TrainingError.self) {
            _ = try ProcessGroupCommunicator(environment, backend: .gloo, timeout: 1)
        }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.contains("rank 0, meeting the other 1 processes"), "\(message)")
    }
}

/// A value that several threads change.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) { stored = value }

    var value: Value { lock.withLock { stored } }
    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&stored) } }
}

/// Runs `body` on threads, each a rank with its own connections.
@discardableResult
func onCommunicators<R>(
    _ worldSize: Int, timeout: Double = 60, _ body: @escaping (ProcessGroupCommunicator) throws -> R
) throws -> [R] {
    try onRanks(worldSize, timeout: 60) { store, rank in
        try body(
            ProcessGroupCommunicator(
                store: store, rank: rank, worldSize: worldSize, servesStore: rank == 0, timeout: timeout))
    }
}
