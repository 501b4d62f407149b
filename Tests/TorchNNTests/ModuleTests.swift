import TestSupport
import Testing
import Torch

@testable import TorchNN

@Suite struct ModuleTests {
    final class Inner: Module {
        let weight: Parameter
        init() throws { weight = try Parameter(zeros: 2, 3) }
    }

    final class Outer: Module {
        let firstPart: Inner
        let parts: [Inner]
        let missing: Inner? = nil
        let maybe: Inner?
        let absent: Parameter? = nil
        let scale: Parameter
        let width = 3
        init() throws {
            firstPart = try Inner()
            parts = try [Inner(), Inner()]
            maybe = try Inner()
            scale = try Parameter(ones: 4)
        }
    }

    @Test func namesFollowThePropertiesInOrder() throws {
        let names = try Outer().namedParameters.map(\.name)
        #expect(names == ["first_part.weight", "parts.0.weight", "parts.1.weight", "maybe.weight", "scale"])
    }

    final class Part: InlineModule {
        let weight: Parameter
        let inner: Inner
        init() throws {
            weight = try Parameter(zeros: 1)
            inner = try Inner()
        }
    }

    final class Owner: Module {
        let first: Parameter
        let part: any InlineModule
        let maybe: (any InlineModule)? = nil
        let last: Parameter
        init() throws {
            first = try Parameter(zeros: 1)
            part = try Part()
            last = try Parameter(zeros: 1)
        }
    }

    @Test func anInlinePartsParametersAreNamedAsItsOwners() throws {
        let owner = try Owner()
        #expect(owner.namedParameters.map(\.name) == ["first", "weight", "inner.weight", "last"])
        #expect(owner.modules(of: Part.self).count == 1)
    }

    @Test func everythingThatDoesNotFitIsReportedAtOnceAndNothingChanges() throws {
        let module = try Outer()
        var state = try module.state()
        state["scale"] = try Tensor.zeros([4])
        state["parts.1.weight"] = nil
        state["maybe.weight"] = try Tensor.zeros([3, 2])
        state["stranger"] = try Tensor.zeros([1])
        let mismatch = #expect(throws: StateMismatch.self) { try module.load(state) }
        #expect(mismatch?.missing == ["parts.1.weight"])
        #expect(mismatch?.unexpected == ["stranger"])
        #expect(mismatch?.misshaped == [.init(name: "maybe.weight", expected: [2, 3], found: [3, 2])])
        #expect(try module.scale.tensor.elements(Float.self) == [1, 1, 1, 1])
    }

    @Test func stateLoadsBack() throws {
        let source = try Outer()
        try withSeed(1) { try Initializer.normal(1).apply(to: source.firstPart.weight) }
        let target = try Outer()
        try target.load(source.state())
        #expect(
            try target.firstPart.weight.tensor.elements(Float.self)
                == source.firstPart.weight.tensor.elements(Float.self))
        #expect(target.firstPart.weight.tensor.requiresGradient)
    }

    @Test func skippedInitializersLeaveZeros() throws {
        let layer = try Initializer.skipping { try Linear(4, 4) }
        #expect(try layer.weight.tensor.elements(Float.self).allSatisfy { $0 == 0 })
        let drawn = try withSeed(2) { try Linear(4, 4) }
        #expect(try drawn.weight.tensor.elements(Float.self).contains { $0 != 0 })
    }

    @Test func aPatchEmbeddingIsItsConvolution() throws {
        let (layer, pictures) = try withSeed(3) {
            (try PatchEmbedding(width: 5, patchSize: 4), try Tensor.normal([2, 3, 8, 12]))
        }
        let convolved = try pictures.convolution(weight: layer.weight.tensor, bias: nil, stride: 4)  // [2, 5, 2, 3]
        let expected = try convolved.reshaped([2, 5, 6]).transposed()
        let worst = try (layer(pictures) - expected).absolute().reshaped([-1]).maximum(along: 0).item()
        #expect(worst < 1e-5)
    }

    @Test func attentionAtOnePositionIsAttentionOverAll() throws {
        let (layer, input) = try withSeed(4) {
            (try MultiHeadAttention(width: 12, headCount: 3), try Tensor.normal([2, 5, 12]))
        }
        let whole = try layer(input, causal: false).select(2, dimension: 1)
        let one = try layer(queries: input.select(2, dimension: 1), over: input, visible: nil)
        #expect(try (whole - one).absolute().reshaped([-1]).maximum(along: 0).item() < 1e-5)
    }

    @Test func activationsDifferWhereTheyShould() throws {
        let x = try Tensor([-1, 0.5, 2] as [Float])
        let quick = try Activation.quickGELU(x).elements(Float.self)
        let exact = try Activation.gelu(x).elements(Float.self)
        #expect(abs(quick[2] - 2 / (1 + 0.0332)) < 1e-3)
        #expect(abs(exact[2] - 1.9545) < 1e-3)
        #expect(zip(quick, exact).allSatisfy { $0 != $1 })
    }

    @Test func clippingTellsTheNormAndTheFactorDownToTheBound() throws {
        let gradients = try [Tensor([3, 0] as [Float]), Tensor([4] as [Float])]
        let clipped = try GradientClipping(gradients, bound: 1)
        #expect(abs(clipped.norm - 5) < 1e-6)
        #expect(abs(clipped.factor - 0.2) < 1e-6)
        for bound in [nil, 5.1, Double.infinity] {
            #expect(try GradientClipping(gradients, bound: bound).factor == 1)
        }
        #expect(try GradientClipping([], bound: 1).norm == 0)
        #expect(try GradientClipping([], bound: 1).factor == 1)
    }

    /// The optimizer's own multiplication against a pass of its own before the step. The factors differ, as AdamW hardly
    /// minds one that stays.
    @Test func aStepMultipliesGradientsOnItsWay() throws {
        func weights(factorInStep: Bool) throws -> [Float] {
            let layer = try Linear(3, 2, bias: false)
            try layer.weight.replace(with: Tensor([0.5, -1, 2, 0.25, 1, -2] as [Float], shape: [2, 3]))
            let optimizer = try AdamW([.init(layer.namedParameters, weightDecay: 0.1)])
            for factor in [1, 0.3, 0.02] {
                let gradient = try Tensor([1, -2, 3, 0.5, -0.25, 4] as [Float], shape: [2, 3])
                if !factorInStep { try gradient.multiplyInPlace(factor) }
                try layer.weight.tensor.setGradient(gradient)
                try optimizer.step(learningRate: 0.01, gradientFactor: factorInStep ? factor : 1)
            }
            return try layer.weight.tensor.detached().elements(Float.self)
        }
        for (folded, plain) in try zip(weights(factorInStep: true), weights(factorInStep: false)) {
            #expect(abs(folded - plain) < 1e-6)
        }
    }

    @Test(arguments: [(false, DType.float32), (true, .float32), (false, .bfloat16), (true, .bfloat16)])
    func productsGiveTheFusedKernelsAttention(_ causal: Bool, _ dtype: DType) throws {
        let inputs = try withSeed(6) { try (0..<3).map { _ in try Tensor.normal([2, 3, 7, 8]) } }
        let weights = try withSeed(7) { try Tensor.normal([2, 3, 7, 8]) }
        func run(fused: Bool) throws -> [Tensor] {
            let leaves = try inputs.map { try $0.converted(to: dtype).copied().setRequiresGradient() }
            let output =
                fused
                ? try leaves[0].attention(keys: leaves[1], values: leaves[2], causal: causal)
                : try ShortAttention.byProducts(leaves[0], leaves[1], leaves[2], causal: causal)
            try (output.converted(to: .float32) * weights).sum().backward()
            return try [output] + leaves.map { try #require(try $0.gradient()) }
        }
        for (products, kernel) in try zip(run(fused: false), run(fused: true)) {
            try expectClose(products, kernel, tolerance: dtype == .float32 ? 1e-5 : 3e-2)
        }
    }
}
