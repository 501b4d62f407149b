import TestSupport
import Testing
import Torch

@testable import CLIP

/// What is between the blocks, and gradients of pixels, against transformers' `CLIPModel`.
@Suite struct HiddenStateTests {
    private let family = FamilyModel.clipHuggingFace

    private func expected() throws -> [String: Tensor] {
        try TensorFile.read(FixtureModel.root() + "/families/hidden-states/expected.safetensors")
    }

    @Test func textStatesAreTransformers() throws {
        let text = try family.model().transformers().text
        let expected = try expected()
        let captions = try FixtureModel.rows(#require(expected["tokens"]))
        try Engine.inference {
            for layer in 0...2 {
                let states = try #require(expected["text_hidden_\(layer)"])
                try expectClose(text.hiddenStates(captions, layer: layer), states, tolerance: 1e-5, "\(layer)")
                try expectClose(text.hiddenStates(captions, layer: layer - 3), states, tolerance: 1e-5, "\(layer - 3)")
            }
            let last = try text.hiddenStates(captions, normalized: true)
            try expectClose(last, #require(expected["text_last_normed"]), tolerance: 1e-5, "last")
            let penultimate = try text.hiddenStates(captions, layer: -2)
            try expectClose(penultimate, #require(expected["text_penultimate"]), tolerance: 1e-5, "penultimate")
            let normed = try text.hiddenStates(captions, layer: -2, normalized: true)
            try expectClose(normed, #require(expected["text_penultimate_normed"]), tolerance: 1e-5, "normed")
        }
    }

    /// The fixture's rows are padded with end-of-text, which the tower's own padding is not.
    @Test func paddingIsTheUsersOwn() throws {
        let text = try family.model().transformers().text
        let expected = try expected()
        let whole = try FixtureModel.rows(#require(expected["tokens"]))
        let bare = whole.map { row in Array(row.prefix(1 + (row.firstIndex(of: 573) ?? 15))) }
        #expect(bare.contains { $0.count < 16 })
        try Engine.inference {
            let states = try text.hiddenStates(bare, normalized: true, padToken: 573)
            #expect(states.shape == [whole.count, 16, 12])
            try expectClose(states, #require(expected["text_last_normed"]), tolerance: 1e-5)
            let other = try text.hiddenStates(bare, normalized: true)
            #expect(try (other - states).absolute().sum().item() > 0.1)
        }
    }

    @Test func pictureStatesAreTransformers() throws {
        let visual = try family.model().transformers().visual
        let expected = try expected()
        let pixels = try #require(expected["pixels"])
        try Engine.inference {
            for layer in 0...2 {
                let states = try #require(expected["vision_hidden_\(layer)"])
                try expectClose(visual.hiddenStates(pixels, layer: layer), states, tolerance: 1e-5, "\(layer)")
                let patches = try visual.patchStates(pixels, layer: layer - 3)
                try expectClose(patches, states.slice(1..<17, dimension: 1), tolerance: 1e-5, "patches \(layer - 3)")
            }
            // The pooled state is the first of the last layer's, normalized.
            let first = try visual.hiddenStates(pixels, normalized: true).select(0, dimension: 1)
            let projected = try first.matmul(visual.matrix.tensor)
            try expectClose(projected, #require(expected["image"]), tolerance: 1e-5, "pooled")
        }
    }

    @Test func layersThereAreNotAreRefused() throws {
        let (visual, text) = try family.model().transformers()
        let pixels = try #require(expected()["pixels"])
        for layer in [3, -4] {
            #expect(throws: TorchError.self) { try text.hiddenStates([[572, 573]], layer: layer) }
            #expect(throws: TorchError.self) { try visual.hiddenStates(pixels, layer: layer) }
        }
        #expect(throws: TorchError.self) { try text.hiddenStates([Array(repeating: 5, count: 17)]) }
        #expect(throws: TorchError.self) { try text.hiddenStates([[572, 574]]) }
        #expect(throws: TorchError.self) { try text.hiddenStates([[572, 573]], padToken: 574) }
        let coCa = try FamilyModel.coCa.model().transformers()
        let other = try #require(FamilyModel.coCa.expected()["pixels"])
        #expect(throws: TorchError.self) { try coCa.visual.hiddenStates(other, normalized: true) }
        #expect(try coCa.visual.hiddenStates(other).shape == [2, 17, 16])
        #expect(try coCa.text.hiddenStates([[298, 299]]).shape == [1, 11, 12])
    }

    @Test func pixelsHaveTheGradientOfAScore() throws {
        let model = try family.model()
        let expected = try expected()
        let pixels = try #require(expected["pixels"]).copied().setRequiresGradient()
        let captions = try Array(FixtureModel.rows(#require(expected["tokens"])).prefix(pixels.shape[0]))
        let pictures = try model.encode(pictures: pixels).normalized()
        let cosines = try (pictures * model.encode(captions: captions).normalized()).sum(along: 1)
        try expectClose(cosines.detached(), #require(expected["cosine"]), tolerance: 1e-5, "cosine")
        try cosines.sum().backward()
        let gradient = try #require(try pixels.gradient())
        try expectClose(gradient, #require(expected["pixel_gradient"]), tolerance: 1e-5, "gradient")
    }
}
