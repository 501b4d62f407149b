import TestSupport
import Testing
import Torch

@testable import CLIP

/// Gradients of scores with respect to pixels.
@Suite struct GuidanceTests {
    /// The same numbers on every machine.
    struct Steps: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private let folder = "families/hf-clip"
    private let texts = ["a diagram", "a dog", "A person, riding a motorcycle!"]

    private func clip() throws -> CLIPModel {
        try ModelCatalog.description(of: FixtureModel.root() + "/" + folder).loaded()
    }

    /// Pictures in the middle of [0, 1], `[B, 3, H, W]`, so that small steps stay in it.
    private func pictures(_ shape: [Int], seed: UInt64 = 1) throws -> Tensor {
        var generator = Steps(state: seed)
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in Float.random(in: 0.3...0.7, using: &generator) }
        return try Tensor(values, shape: shape)
    }

    @Test func gradientsAreTransformers() throws {
        let expected = try TensorFile.read(FixtureModel.root() + "/families/hidden-states/expected.safetensors")
        let clip = try clip()
        let pixels = try #require(expected["pixels"])
        let preprocess = try clip.preprocessor.configuration
        let deviation = try Tensor(preprocess.standardDeviation.map(Float.init), shape: [3, 1, 1])
        // The fixture's are normalized already and its gradient is theirs: by the chain rule, ours times the deviation.
        let mean = try Tensor(preprocess.mean.map(Float.init), shape: [3, 1, 1])
        let pictures = try pixels * deviation + mean
        for (index, text) in texts.enumerated() {
            let row = index..<index + 1
            let guidance = try PictureGuidance(clip, texts: [GuidingText(text)])
            let found = try guidance.gradient(pictures.slice(row))
            try expectClose(
                found.scores, #require(expected["cosine"]).slice(row), tolerance: 1e-5, "cosine \(index)")
            try expectClose(
                found.gradient * deviation, #require(expected["pixel_gradient"]).slice(row), tolerance: 1e-5,
                "gradient \(index)")
        }
    }

    @Test func textsAddUpByTheirWeights() throws {
        let clip = try clip()
        let pictures = try pictures([2, 3, 32, 32])
        let both = try PictureGuidance(
            clip, texts: [GuidingText(texts[0], weight: 2), GuidingText(texts[1], weight: -0.5)])
        let parts = try texts.prefix(2).map { try PictureGuidance(clip, texts: [GuidingText($0)]).gradient(pictures) }
        let found = try both.gradient(pictures)
        try expectClose(found.scores, parts[0].scores * 2 - parts[1].scores * 0.5, tolerance: 1e-5, "scores")
        try expectClose(found.gradient, parts[0].gradient * 2 - parts[1].gradient * 0.5, tolerance: 1e-5, "gradient")
        #expect(try both.similarities(pictures).shape == [2, 2])
        try expectClose(both.scores(pictures), found.scores, tolerance: 1e-6, "without gradient")
    }

    @Test(arguments: [[1, 3, 47, 61], [1, 3, 20, 27], [2, 3, 90, 32]])
    func gradientsAreSlopesThroughResizing(_ shape: [Int]) throws {
        let guidance = try PictureGuidance(clip(), texts: [GuidingText(texts[1]), GuidingText(texts[2], weight: -1)])
        let pictures = try pictures(shape)
        let gradient = try guidance.gradient(pictures).gradient
        #expect(gradient.shape == shape && gradient.dtype == .float32)
        try expectSlopes(of: gradient, at: pictures) { try guidance.scores($0) }
    }

    @Test func gradientsAreSlopesThroughViews() throws {
        let guidance = try PictureGuidance(clip(), texts: [GuidingText(texts[1])])
        let pictures = try pictures([2, 3, 40, 52])
        var views = RandomViews(count: 21)
        (views.margin, views.rotation, views.noise, views.mirrorProbability) = (0.2, 15, 0.02, 0.5)
        func find(_ pictures: Tensor, seed: UInt64) throws -> PictureGuidance.Finding {
            var generator = Steps(state: seed)
            return try guidance.gradient(pictures, views: views, using: &generator)
        }
        let found = try find(pictures, seed: 3)
        let again = try find(pictures, seed: 3)
        #expect(try found.gradient.elements(Float.self) == again.gradient.elements(Float.self))
        #expect(try found.gradient.elements(Float.self) != find(pictures, seed: 4).gradient.elements(Float.self))
        try expectSlopes(of: found.gradient, at: pictures) { try find($0, seed: 3).scores }
    }

    /// Compares with central differences at the three pixels that count most.
    private func expectSlopes(of gradient: Tensor, at pictures: Tensor, scores: (Tensor) throws -> Tensor) throws {
        let slopes = try gradient.elements(Double.self)
        let values = try pictures.elements(Float.self)
        let largest = slopes.indices.sorted { abs(slopes[$0]) > abs(slopes[$1]) }.prefix(3)
        for index in largest {
            let step: Float = 0.02
            func score(_ change: Float) throws -> Double {
                var moved = values
                moved[index] += change
                return try scores(Tensor(moved, shape: pictures.shape)).sum().item()
            }
            let slope = try (score(step) - score(-step)) / Double(2 * step)
            #expect(
                abs(slope - slopes[index]) <= 0.02 * abs(slopes[largest[0]]),
                "pixel \(index): \(slopes[index]) where differences give \(slope)")
        }
    }

    @Test func viewsOfTheWholeAreThePicture() throws {
        let guidance = try PictureGuidance(clip(), texts: [GuidingText(texts[0])])
        // More than are computed at a time.
        let pictures = try pictures([3, 3, 32, 32])
        var views = RandomViews(count: 25)
        (views.areaRange, views.aspectRange) = (1...1, 1...1)
        var generator = Steps(state: 1)
        let found = try guidance.gradient(pictures, views: views, using: &generator)
        let plain = try guidance.gradient(pictures)
        try expectClose(found.scores, plain.scores, tolerance: 1e-5, "scores")
        try expectClose(found.gradient, plain.gradient, tolerance: 1e-5, "gradient")
    }

    @Test func noiseIsNormal() throws {
        var generator = Steps(state: 5)
        let noise = RandomViews.normals(20_001, deviation: 2, using: &generator).map(Double.init)
        let mean = noise.reduce(0, +) / Double(noise.count)
        let variance = noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)
        #expect(abs(mean) < 0.06 && abs(variance - 4) < 0.2)
        let within = Double(noise.filter { abs($0) < 2 }.count) / Double(noise.count)
        #expect(abs(within - 0.6827) < 0.015)
    }

    @Test(arguments: [true, false]) func parametersGatherNothing(_ requireGradients: Bool) throws {
        let clip = try clip()
        let parameters = clip.model.parameters
        for parameter in parameters { try parameter.tensor.setRequiresGradient(requireGradients) }
        let kept = try #require(parameters.first?.tensor)
        if requireGradients { try kept.setGradient(Tensor.ones(kept.shape)) }
        let guidance = try PictureGuidance(clip, texts: [GuidingText(texts[0])])
        let pictures = try pictures([1, 3, 32, 32])
        #expect(try guidance.gradient(pictures).gradient.elements(Float.self).contains { $0 != 0 })
        for parameter in parameters.dropFirst() { #expect(try parameter.tensor.gradient() == nil) }
        if requireGradients {
            #expect(try #require(try kept.gradient()).elements(Float.self).allSatisfy { $0 == 1 })
        }
        #expect(!pictures.requiresGradient)
        #expect(try pictures.gradient() == nil)
    }

    @Test func ascentRaisesTheScore() throws {
        let guidance = try PictureGuidance(clip(), texts: [GuidingText(texts[1])])
        var pictures = try pictures([1, 3, 40, 40])
        let start = try guidance.scores(pictures).item()
        for _ in 0..<20 {
            let gradient = try guidance.gradient(pictures).gradient
            pictures = try pictures + gradient * (0.3 / gradient.norm().item())
            try pictures.clampInPlace(to: 0...1)
        }
        let end = try guidance.scores(pictures).item()
        #expect(end > start + 0.05, "from \(start) to \(end)")
    }

    @Test func gradientsFlowInsideCodeWithoutThem() throws {
        let guidance = try PictureGuidance(clip(), texts: [GuidingText(texts[0])])
        let pictures = try pictures([1, 3, 32, 32])
        let inside = try Engine.withoutGradients { try guidance.gradient(pictures).gradient }
        try expectClose(inside, guidance.gradient(pictures).gradient, tolerance: 1e-6)
    }

    @Test func badInputIsRefused() throws {
        let clip = try clip()
        func refuses(_ part: String, _ body: () throws -> Void) {
            #expect { try body() } throws: { error in
                guard case CLIPError.guidance(let problem)? = error as? CLIPError else { return false }
                return problem.contains(part)
            }
        }
        refuses("no texts") { _ = try PictureGuidance(clip, texts: []) }
        refuses("text 2 of 2") { _ = try PictureGuidance(clip, texts: [.init("a"), .init(" \n")]) }
        refuses("finite") { _ = try PictureGuidance(clip, texts: [.init("a", weight: .nan)]) }
        refuses("weight 0") { _ = try PictureGuidance(clip, texts: [.init("a", weight: 0)]) }
        let guidance = try PictureGuidance(clip, texts: [.init("a")])
        refuses("[3, 32, 32]") { _ = try guidance.gradient(Tensor.zeros([3, 32, 32])) }
        refuses("[1, 4, 32, 32]") { _ = try guidance.gradient(Tensor.zeros([1, 4, 32, 32])) }
        refuses("[0, 3, 32, 32]") { _ = try guidance.scores(Tensor.zeros([0, 3, 32, 32])) }
        refuses("uint8") { _ = try guidance.scores(Tensor.zeros([1, 3, 32, 32], dtype: .uint8)) }
        refuses("to 255.0") { _ = try guidance.gradient(Tensor.full([1, 3, 32, 32], 255)) }
        refuses("from -1.0") { _ = try guidance.gradient(Tensor.full([1, 3, 32, 32], -1)) }
        refuses("nan") { _ = try guidance.gradient(Tensor.full([1, 3, 32, 32], .nan)) }
        #expect(throws: CLIPError.self) { try guidance.gradient(Tensor.zeros([1, 3, 1, 1000])) }
        let pictures = try pictures([1, 3, 32, 32])
        let changes: [(inout RandomViews) -> Void] = [
            { $0.count = 0 }, { $0.margin = -1 }, { $0.background = 2 }, { $0.rotation = .infinity },
            { $0.areaRange = 0...1 }, { $0.aspectRange = 0...1 }, { $0.mirrorProbability = 2 }, { $0.noise = .nan },
        ]
        for change in changes {
            var views = RandomViews(count: 1)
            change(&views)
            var generator = Steps(state: 1)
            refuses("views") { _ = try guidance.gradient(pictures, views: views, using: &generator) }
        }
    }
}
