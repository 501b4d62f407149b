import TestSupport
import Testing
import Torch

@Suite struct RecomputationTests {
    private func weight() throws -> Tensor { try Tensor.normal([6, 6]).setRequiresGradient() }

    /// Gradients of Σ f(x)² with respect to the input and the weight.
    private func gradients(
        _ input: Tensor, _ weight: Tensor, _ body: (Tensor) throws -> Tensor
    ) throws -> (value: Double, input: Tensor?, weight: Tensor?) {
        try input.setGradient(nil)
        try weight.setGradient(nil)
        let output = try body(input)
        let value = try (output * output).sum()
        try value.backward()
        return (try value.item(), try input.gradient()?.copied(), try weight.gradient()?.copied())
    }

    @Test func gradientsAreThoseOfTheRecordedFunction() throws {
        try withSeed(1) {
            let weight = try weight()
            let input = try Tensor.normal([4, 6]).setRequiresGradient()
            func function(_ input: Tensor) throws -> Tensor {
                try input.linear(weight: weight, bias: nil).gelu().linear(weight: weight, bias: nil)
            }
            let plain = try gradients(input, weight, function)
            var runs: [Bool] = []
            let again = try gradients(input, weight) { input in
                try Engine.recomputed(input) { input, isRepeat in
                    runs.append(isRepeat)
                    #expect(Engine.recordsGradients == isRepeat)
                    return try function(input)
                }
            }
            #expect(runs == [false, true])
            #expect(plain.value == again.value)
            try expectClose(#require(again.input), #require(plain.input), tolerance: 0, "input")
            try expectClose(#require(again.weight), #require(plain.weight), tolerance: 0, "weight")
        }
    }

    @Test func parametersInsideHaveGradientsWhereTheInputHasNone() throws {
        try withSeed(2) {
            let weight = try weight()
            let input = try Tensor.normal([4, 6])
            let plain = try gradients(input, weight) { try $0.linear(weight: weight, bias: nil).sigmoid() }
            let again = try gradients(input, weight) { input in
                try Engine.recomputed(input) { input, _ in try input.linear(weight: weight, bias: nil).sigmoid() }
            }
            #expect(again.input == nil)
            try expectClose(#require(again.weight), #require(plain.weight), tolerance: 0)
        }
    }

    @Test func theRepeatDrawsTheSameNumbersAndDisturbsNoOthers() throws {
        try withSeed(3) {
            let weight = try weight()
            let input = try Tensor.normal([4, 6]).setRequiresGradient()
            func function(_ input: Tensor) throws -> Tensor {
                try input.linear(weight: weight, bias: nil) * Tensor.uniform([4, 6])
            }
            let start = try Engine.randomState()
            let plain = try gradients(input, weight, function)
            let after = try Tensor.uniform([3]).elements(Float.self)
            try Engine.setRandomState(start)
            let again = try gradients(input, weight) { try Engine.recomputed($0) { input, _ in try function(input) } }
            #expect(try Tensor.uniform([3]).elements(Float.self) == after)
            try expectClose(#require(again.weight), #require(plain.weight), tolerance: 0)
        }
    }

    @Test func theRepeatComputesInTheSamePrecision() throws {
        try withSeed(4) {
            let weight = try weight()
            let input = try Tensor.normal([4, 6]).setRequiresGradient()
            var types: [DType] = []
            func function(_ input: Tensor) throws -> Tensor {
                let output = try input.linear(weight: weight, bias: nil)
                types.append(output.dtype)
                return try output.converted(to: .float32)
            }
            let plain = try gradients(input, weight) { input in try Engine.autocast(.bfloat16) { try function(input) } }
            let again = try gradients(input, weight) { input in
                try Engine.autocast(.bfloat16) { try Engine.recomputed(input) { input, _ in try function(input) } }
            }
            #expect(types == [.bfloat16, .bfloat16, .bfloat16])
            try expectClose(#require(again.weight), #require(plain.weight), tolerance: 0)
            #expect(try input.linear(weight: weight, bias: nil).dtype == .float32)
        }
    }

    @Test func severalPartsInARow() throws {
        try withSeed(5) {
            let weight = try weight()
            let input = try Tensor.normal([4, 6]).setRequiresGradient()
            func part(_ input: Tensor) throws -> Tensor { try input.linear(weight: weight, bias: nil).sigmoid() }
            let plain = try gradients(input, weight) { try part(part(part($0))) }
            let again = try gradients(input, weight) { input in
                try (0..<3).reduce(input) { states, _ in try Engine.recomputed(states) { input, _ in try part(input) } }
            }
            try expectClose(#require(again.input), #require(plain.input), tolerance: 1e-6, "input")
            try expectClose(#require(again.weight), #require(plain.weight), tolerance: 1e-6, "weight")
        }
    }

    @Test func errorsComeThroughFromBothRuns() throws {
        let input = try Tensor.ones([2, 2]).setRequiresGradient()
        let first = #expect(throws: TorchError.self) {
            try Engine.recomputed(input) { _, _ in throw TorchError(context: "part", message: "no good") }
        }
        #expect(first?.description.contains("no good") == true)
        let output = try Engine.recomputed(input) { input, isRepeat in
            if isRepeat { throw TorchError(context: "part", message: "no second time") }
            return try input * 2
        }
        let second = #expect(throws: TorchError.self) { try output.sum().backward() }
        #expect(second?.description.contains("no second time") == true)
    }

    @Test func withoutRecordingItIsThePlainFunction() throws {
        let input = try Tensor.ones([2, 2]).setRequiresGradient()
        let output = try Engine.withoutGradients { try Engine.recomputed(input) { input, _ in try input * 2 } }
        #expect(!output.requiresGradient)
    }

    @Test func whatTheFunctionHoldsIsReleasedWithTheGraph() throws {
        final class Token {}
        weak var held: Token?
        do {
            let token = Token()
            held = token
            let input = try Tensor.ones([2, 2]).setRequiresGradient()
            let output = try Engine.recomputed(input) { input, _ in
                _ = token
                return try input * 2
            }
            try output.sum().backward()
        }
        #expect(held == nil)
    }
}
