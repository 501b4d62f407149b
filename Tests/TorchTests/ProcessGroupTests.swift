import Foundation
import TestSupport
import Testing
import Torch

/// Ranks that are threads of this process, each with its own connections. No randomness: the generator is shared.
@Suite struct ProcessGroupTests {
    @Test(arguments: [1, 2, 3]) func collectivesGiveWhatTheyPromise(_ worldSize: Int) throws {
        let sums = try onRanks(worldSize) { group in
            let rank = group.rank
            let own = try Tensor([Float(rank), Float(10 * rank), 1, 2], shape: [2, 2])
            let gathered = try group.gather(own)
            #expect(gathered.shape == [2 * worldSize, 2])
            #expect(
                try gathered.elements(Float.self) == (0..<worldSize).flatMap { [Float($0), Float(10 * $0), 1, 2] })

            let blocks = try Tensor((0..<2 * worldSize).map { Float($0 + rank) })
            let ranks = (0..<worldSize).reduce(0, +)
            #expect(
                try group.reduceScatter(blocks).elements(Int64.self)
                    == [2 * rank, 2 * rank + 1].map { Int64($0 * worldSize + ranks) })

            let largest = try Tensor([Float(rank), Float(-rank)])
            try group.reduceInPlace(largest, .maximum)
            #expect(try largest.elements(Float.self) == [Float(worldSize - 1), 0])

            let values = try Tensor([Int64(rank + 7), Int64(rank)])
            try group.broadcastInPlace(values, from: worldSize - 1)
            #expect(try values.elements(Int64.self) == [Int64(worldSize + 6), Int64(worldSize - 1)])

            // Several under way at a time, waited for in another order.
            let parts = try (1...3).map { try Tensor.full([5], Double($0 * (rank + 1))) }
            let works = try parts.map { try group.startReducing($0) }
            for work in works.reversed() { try work.wait() }
            #expect(works.allSatisfy { $0.isDone })
            try group.barrier()
            return try parts.map { try $0.elements(Double.self) }
        }
        let total = Double((1...worldSize).reduce(0, +))
        for sum in sums { #expect(sum == [1, 2, 3].map { [Double](repeating: $0 * total, count: 5) }) }
    }

    @Test func shapesThatCannotBeDividedAreRefused() throws {
        try onRanks(2) { group in
            let error = #expect(throws: TorchError.self) { try group.reduceScatter(Tensor.zeros([3])) }
            #expect(error?.description.contains("[3]") == true)
            #expect(throws: TorchError.self) { try group.gather(Tensor.zeros([])) }
            #expect(throws: TorchError.self) { try group.broadcastInPlace(Tensor.zeros([1]), from: 2) }
            #expect(throws: TorchError.self) { try group.gather(Tensor.zeros([2, 3]).transposed()) }
        }
    }

    @Test func aRankThatDoesNotComeFailsTheOthersInTime() throws {
        try onRanks(2, timeout: 1) { group in
            guard group.rank == 0 else { return Thread.sleep(forTimeInterval: 3) }
            let error = #expect(throws: TorchError.self) { try group.reduceInPlace(Tensor.zeros([4])) }
            #expect(error?.context == "all-reduce" && error?.message.isEmpty == false)
        }
    }

    @Test func aStoreKeepsValuesAndCounts() throws {
        let server = try RendezvousStore(host: "localhost", port: 0, serves: true, timeout: 20, prefix: "a")
        let client = try RendezvousStore(host: "localhost", port: server.port, serves: false, timeout: 20, prefix: "a")
        let other = try RendezvousStore(host: "localhost", port: server.port, serves: false, timeout: 20, prefix: "b")
        #expect(try client.value(of: "key") == nil)
        try server.set("key", to: "värde")
        try server.set("empty", to: "")
        // An answer on the connection that set them says that the server has both.
        #expect(try server.value(of: "empty") == "")
        #expect(try client.value(of: "key") == "värde")
        #expect(try client.value(of: "empty") == "")
        #expect(try other.value(of: "key") == nil)
        #expect(try [client.add(2, to: "count"), server.add(3, to: "count"), other.add(1, to: "count")] == [2, 5, 1])
        #expect(throws: TorchError.self) {
            _ = try RendezvousStore(host: "localhost", port: 70_000, serves: false, timeout: 1)
        }
        #expect(throws: TorchError.self) {
            _ = try RendezvousStore(host: "localhost", port: server.port, serves: true, timeout: 1)
        }
    }

    /// A backend that a build lacks is refused by name.
    @Test func onlyBackendsOfThisBuildAreOffered() throws {
        #expect(ProcessGroup.Backend.gloo.isAvailable)
        guard !ProcessGroup.Backend.nccl.isAvailable else { return }
        let store = try RendezvousStore(host: "localhost", port: 0, serves: true, timeout: 20)
        let error = #expect(throws: TorchError.self) {
            _ = try ProcessGroup(.nccl, store: store, rank: 0, worldSize: 1, timeout: 5)
        }
        #expect(error?.message.contains("nccl") == true)
    }

    private final class Counter: @unchecked Sendable {
        var calls = 0
        var gradients: [Double] = []
    }

    @Test func aGradientHookIsCalledOncePerPassWithTheWholeGradient() throws {
        let weight = try Tensor([Float(3)]).setRequiresGradient()
        let counter = Counter()
        nonisolated(unsafe) let leaf: () -> Tensor? = { [weak weight] in weight }
        try weight.setGradientHook {
            counter.calls += 1
            if let gradient = try? leaf()?.gradient() { counter.gradients.append((try? gradient.item()) ?? .nan) }
        }
        // Used twice in one graph: 3 x² + 2 x.
        for _ in 0..<2 { try (weight * weight * 3 + weight * 2).sum().backward() }
        #expect(counter.calls == 2 && counter.gradients == [20, 40])
        try weight.setGradientHook(nil)
        try (weight * 2).sum().backward()
        #expect(counter.calls == 2)
    }

    @Test func aHookGoesWithItsTensor() throws {
        weak var held: Counter?
        try {
            let counter = Counter()
            held = counter
            let weight = try Tensor([Float(3)]).setRequiresGradient()
            try weight.setGradientHook { counter.calls += 1 }
            try weight.setGradientHook { counter.calls += 10 }
            try (weight * 2).sum().backward()
            #expect(counter.calls == 10)
        }()
        #expect(held == nil)
    }
}
