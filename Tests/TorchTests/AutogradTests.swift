import TestSupport
import Testing
import Torch

@Suite(.serialized) struct AutogradTests {
    @Test func gradientsAccumulateIntoLeaves() throws {
        let x = try Tensor([1, 2, 3] as [Float]).setRequiresGradient()
        try (x * x).sum().backward()
        #expect(try x.gradient()?.elements(Float.self) == [2, 4, 6])
        try (x * 3).sum().backward()
        #expect(try x.gradient()?.elements(Float.self) == [5, 7, 9])
        try x.setGradient(nil)
        #expect(try x.gradient() == nil)
    }

    @Test func backwardStartsFromGivenGradients() throws {
        let x = try Tensor([1, 2] as [Float]).setRequiresGradient()
        let y = try x * x
        let z = try x * 10
        try Tensor.backward([(y, Tensor([1, 0] as [Float])), (z, Tensor([0, 1] as [Float]))])
        #expect(try x.gradient()?.elements(Float.self) == [2, 10])
    }

    @Test func oneGradientLeavesOtherLeavesAlone() throws {
        let x = try Tensor([1, 2] as [Float]).setRequiresGradient()
        let y = try Tensor([3, 4] as [Float]).setRequiresGradient()
        let gradient = try (x * x * y).sum().gradient(withRespectTo: x)
        #expect(try gradient.elements(Float.self) == [6, 16])
        #expect(try x.gradient() == nil && y.gradient() == nil)
        #expect(throws: TorchError.self) { try (y * 2).sum().gradient(withRespectTo: x) }
    }

    @Test func nothingIsRecordedWithoutGradients() throws {
        let x = try Tensor([1] as [Float]).setRequiresGradient()
        #expect(try Engine.withoutGradients { try (x * 2).requiresGradient } == false)
        #expect(try Engine.inference { try (x * 2).requiresGradient } == false)
        #expect(try Engine.withoutGradients { try Engine.withGradients { try (x * 2).requiresGradient } })
        #expect(try (x * 2).requiresGradient)
    }

    @Test func autocastLowersMatrixProductsAndEndsWithItsBody() throws {
        let a = try Tensor.ones([4, 4])
        #expect(try Engine.autocast(.bfloat16) { try a.matmul(a).dtype } == .bfloat16)
        #expect(try Engine.autocast(nil) { try a.matmul(a).dtype } == .float32)
        #expect(try a.matmul(a).dtype == .float32)
    }

    @Test func aSeedRepeatsAndAStateGoesOn() throws {
        try withSeed(7) {
            let first = try Tensor.normal([8]).elements(Float.self)
            let state = try Engine.randomState()
            let next = try Tensor.normal([8]).elements(Float.self)
            try Engine.seed(7)
            #expect(try Tensor.normal([8]).elements(Float.self) == first)
            try Engine.setRandomState(state)
            #expect(try Tensor.normal([8]).elements(Float.self) == next)
        }
    }
}
