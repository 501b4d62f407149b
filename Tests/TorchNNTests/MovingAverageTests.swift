import TestSupport
import Testing
import Torch

@testable import TorchNN

@Suite struct MovingAverageTests {
    private final class Layer: Module {
        let linear: Linear
        let norm: BatchNorm2d
        let locked: Linear

        init() throws {
            linear = try Linear(3, 2)
            norm = try BatchNorm2d(2)
            locked = try Linear(2, 2)
            for parameter in locked.parameters { try parameter.setTrainable(false) }
        }
    }

    /// The formula step by step: share = min(D, (1 + n)/(10 + n)).
    @Test func followsItsFormula() throws {
        try withSeed(1) {
            let layer = try Layer()
            let average = try MovingAverage(of: layer, decay: 0.3)
            var expected = try layer.linear.weight.tensor.elements(Double.self)
            var variance = try layer.norm.runningVar.tensor.elements(Double.self)
            for step in 1...5 {
                let values = try Tensor.normal([2, 3])
                try layer.linear.weight.tensor.detached().copyInPlace(values)
                try layer.norm.runningVar.tensor.fillInPlace(Double(step))
                try average.update()
                let share = min(0.3, Double(1 + step) / Double(10 + step))
                expected = zip(expected, try values.elements(Double.self)).map { share * $0 + (1 - share) * $1 }
                variance = variance.map { share * $0 + (1 - share) * Double(step) }
            }
            let state = try average.state()
            try expectClose(
                #require(state["average.linear.weight"]), Tensor(expected.map(Float.init), shape: [2, 3]),
                tolerance: 1e-6)
            try expectClose(
                #require(state["average.norm.running_var"]), Tensor(variance.map(Float.init)), tolerance: 1e-6)
            #expect(state["average.locked.weight"] == nil)
            #expect(state["average.norm.num_batches_tracked"] == nil)
            #expect(try state["updates"]?.item() == 5)
        }
    }

    @Test func standsInAndGoesBackBitForBit() throws {
        struct Stop: Error {}
        let layer = try withSeed(2) { try Layer() }
        let average = try MovingAverage(of: layer, decay: 0.9)
        let first = try layer.linear.weight.tensor.bytes()
        try layer.linear.weight.tensor.detached().fillInPlace(7)
        let raw = try layer.linear.weight.tensor.bytes()
        try average.withAverage {
            let exchanged = try layer.linear.weight.tensor.bytes()
            #expect(exchanged == first)
        }
        #expect(try layer.linear.weight.tensor.bytes() == raw)
        #expect(throws: Stop.self) { try average.withAverage { throw Stop() } }
        #expect(try layer.linear.weight.tensor.bytes() == raw)
        #expect(try average.state()["average.linear.weight"]?.bytes() == first)
    }

    @Test func itsStateBringsItBack() throws {
        let (old, new) = try withSeed(3) { (try Layer(), try Layer()) }
        let average = try MovingAverage(of: old, decay: 0.9)
        try old.linear.weight.tensor.detached().fillInPlace(1)
        try average.update()
        let other = try MovingAverage(of: new, decay: 0.9)
        try other.load(average.state())
        #expect(other.updateCount == 1)
        for (name, tensor) in try average.state() {
            #expect(try other.state()[name]?.bytes() == tensor.bytes(), "\(name)")
        }
        var broken = try average.state()
        broken["average.linear.bias"] = nil
        broken["average.more"] = try Tensor.zeros([1])
        let error = #expect(throws: StateMismatch.self) { try other.load(broken) }
        #expect(error?.missing == ["average.linear.bias"])
        #expect(error?.unexpected == ["average.more"])
    }
}

@Suite struct ParameterGroupStepTests {
    /// A group moves as an optimizer of its own with that learning rate would move it.
    @Test func aFactorMultipliesTheLearningRate() throws {
        try withSeed(4) {
            let (both, alone) = (try Linear(3, 3, bias: false), try Linear(3, 3, bias: false))
            try alone.load(both.state())
            let scaled = try AdamW([.init(both.namedParameters, weightDecay: 0.1, learningRateFactor: 0.25)])
            let plain = try AdamW([.init(alone.namedParameters, weightDecay: 0.1)])
            for _ in 0..<3 {
                let gradient = try Tensor.normal([3, 3])
                try both.weight.tensor.setGradient(gradient.copied())
                try alone.weight.tensor.setGradient(gradient.copied())
                try scaled.step(learningRate: 0.04)
                try plain.step(learningRate: 0.01)
            }
            #expect(try both.weight.tensor.bytes() == alone.weight.tensor.bytes())
        }
    }
}
