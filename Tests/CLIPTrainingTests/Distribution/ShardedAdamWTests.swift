import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIPTraining

@Suite struct ShardedAdamWTests {
    private static func groups(_ model: BucketModel) -> [AdamW.Group] {
        let named = model.namedParameters
        return [
            .init(named.filter { $0.parameter.shape.count >= 2 }, weightDecay: 0.2),
            .init(named.filter { $0.parameter.shape.count < 2 }, weightDecay: 0),
        ]
    }

    private static func gradients(_ model: BucketModel, step: Int) throws {
        for (place, parameter) in model.parameters.enumerated() where parameter !== model.unused {
            let count = parameter.tensor.count
            let values = (0..<count).map { Float(($0 + step + place) % 5) - 1.5 }
            try parameter.tensor.setGradient(Tensor(values, shape: parameter.shape))
        }
    }

    private static func train(_ model: BucketModel, _ optimizer: any ParameterOptimizer, steps: Range<Int>) throws {
        for step in steps {
            try gradients(model, step: step)
            try optimizer.step(learningRate: 0.01)
            try optimizer.clearGradients()
        }
    }

    @Test(arguments: [2, 3, 5]) func stepsAreThoseOfOneProcess(_ worldSize: Int) throws {
        let (model, whole) = try Self.one(steps: 0..<5)
        let names = try onCommunicators(worldSize) { communicator in
            let own = try BucketModel()
            let optimizer = try ShardedAdamW(Self.groups(own), communicator: communicator)
            try Self.train(own, optimizer, steps: 0..<5)
            for (left, right) in zip(own.namedParameters, model.namedParameters) {
                #expect(try left.parameter.tensor.bytes() == right.parameter.tensor.bytes(), "\(left.name)")
            }
            let state = try optimizer.state()
            #expect(state.isEmpty == !communicator.isFirst)
            if communicator.isFirst { try Self.expectEqual(state, whole.state()) }
            return optimizer.ownNames
        }
        #expect(names.flatMap { $0 }.sorted() == ["first", "scale", "second", "unused"])
    }

    private static func one(steps: Range<Int>) throws -> (BucketModel, AdamW) {
        let model = try BucketModel()
        let optimizer = try AdamW(groups(model))
        try train(model, optimizer, steps: steps)
        return (model, optimizer)
    }

    private static func expectEqual(_ found: [String: Tensor], _ expected: [String: Tensor]) throws {
        #expect(found.keys.sorted() == expected.keys.sorted())
        for (name, tensor) in expected { #expect(try found[name]?.bytes() == tensor.bytes(), "\(name)") }
    }

    /// Saved by three processes, continued by two, and by one.
    @Test func aStateServesAnyNumberOfRanks() throws {
        let (model, _) = try Self.one(steps: 0..<6)
        let saved = try onCommunicators(3) { communicator in
            let own = try BucketModel()
            let optimizer = try ShardedAdamW(Self.groups(own), communicator: communicator)
            try Self.train(own, optimizer, steps: 0..<3)
            return (try optimizer.state(), try own.state())
        }[0]
        func expectSame(_ found: BucketModel) throws {
            for (left, right) in zip(found.namedParameters, model.namedParameters) {
                #expect(try left.parameter.tensor.bytes() == right.parameter.tensor.bytes(), "\(left.name)")
            }
        }
        func copies() throws -> [String: Tensor] { try saved.1.mapValues { try $0.copied() } }
        try onCommunicators(2) { communicator in
            let own = try BucketModel()
            try own.load(copies())
            let optimizer = try ShardedAdamW(Self.groups(own), communicator: communicator)
            try optimizer.load(saved.0)
            try Self.train(own, optimizer, steps: 3..<6)
            try expectSame(own)
        }
        let alone = try BucketModel()
        try alone.load(copies())
        let optimizer = try AdamW(Self.groups(alone))
        try optimizer.load(saved.0)
        try Self.train(alone, optimizer, steps: 3..<6)
        try expectSame(alone)
    }

    @Test func aStateThatDoesNotFitIsRefused() throws {
        try onCommunicators(2) { communicator in
            let model = try BucketModel()
            let optimizer = try ShardedAdamW(Self.groups(model), communicator: communicator)
            var state = try AdamW(Self.groups(BucketModel())).state()
            state["first.first"] = nil
            state["second.scale"] = try Tensor.zeros([2])
            state["other"] = try Tensor.zeros([1])
            let error = #expect(throws: StateMismatch.self) { try optimizer.load(state) }
            #expect(error?.missing == ["first.first"] && error?.unexpected == ["other"])
            #expect(error?.misshaped.map(\.name) == ["second.scale"])
        }
    }

    @Test func momentsAreSharedOutEvenly() {
        let owners = ShardedAdamW.owners(of: [10, 100, 40, 60, 1, 1], among: 2)
        #expect(owners == [0, 0, 1, 1, 1, 1])
        #expect(ShardedAdamW.owners(of: [3], among: 4) == [0])
    }
}
