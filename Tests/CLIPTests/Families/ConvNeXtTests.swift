import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// ConvNeXt's towers give timm's numbers and gradients; `Fixtures/families/convnets.py` computed them.
@Suite struct ConvNeXtTests {
    private static func model(epsilon: Double, head: TimmProjection) -> ModelConfiguration {
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        (text.contextLength, text.vocabularySize) = (16, 300)
        let vision = ConvNeXtConfiguration(
            imageSize: 64, layers: [1, 2, 2, 1], widths: [8, 12, 16, 24], epsilon: epsilon, head: head)
        return ModelConfiguration(embeddingSize: 20, vision: vision, text: text)
    }

    static let fixtures = [
        FamilyFixture(name: "convnext-open_clip", shape: model(epsilon: 1e-6, head: .linear)),
        FamilyFixture(name: "convnext-mlp-open_clip", shape: model(epsilon: 1e-5, head: .mlp)),
    ]

    @Test(arguments: fixtures) func towersGiveTimmsEmbeddings(_ fixture: FamilyFixture) throws {
        try expectReferenceEmbeddings(fixture.model(), fixture.expected(), fixture.name)
    }

    @Test(arguments: fixtures, [false, true]) func towersGiveTimmsGradients(
        _ fixture: FamilyFixture, recomputing: Bool
    ) throws {
        let model = try fixture.model()
        let expected = try fixture.expected()
        let tower = try model.visual
        tower.recomputesBlocks = recomputing
        let pixels = try #require(expected["pixels"]).copied()
        try pixels.setRequiresGradient(true)
        let image = try tower(pixels)
        let weights = (0..<image.count).map { Float(cos(Double($0))) }
        try (image * Tensor(weights, shape: image.shape)).sum().backward()
        let own = try #require(try pixels.gradient())
        try expectClose(own, #require(expected["gradient.pixels"]), tolerance: 2e-5, "pixels")
        let parameters = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.parameter) })
        let entries = expected.filter { $0.key.hasPrefix("gradient.visual.") }
        #expect(entries.count == 7)
        let layout = ParameterLayout(vision: .convNeXtTimm, text: nil)
        for (key, gradient) in entries {
            let entry = String(key.dropFirst("gradient.".count))
            let name = try #require(layout.parameter(of: entry) { parameters[$0] != nil }).name
            let own = try #require(try parameters[name]?.tensor.gradient(), "\(name)")
            try expectClose(own, gradient, tolerance: 2e-5, "\(entry)")
        }
    }

    @Test(arguments: fixtures) func bfloat16StaysClose(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        let expected = try fixture.expected()
        try model.prepare(computingIn: .bfloat16, on: .cpu)
        try Engine.inference {
            let pictures = try model.encode(pictures: #require(expected["pixels"]))
            #expect(pictures.dtype == .bfloat16)
            try expectClose(pictures, #require(expected["image"]), tolerance: 5e-2)
        }
    }

    @Test(arguments: fixtures) func everyEntryIsSavedAsItWas(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        let original = try TensorFile.read(fixture.path(fixture.weightsName))
        try withTemporaryDirectory { directory in
            try Weights.save(model, to: directory + "/saved.safetensors")
            let saved = try TensorFile.read(directory + "/saved.safetensors")
            #expect(Set(saved.keys) == Set(original.keys))
            for (name, tensor) in original {
                #expect(try saved[name]?.bytes() == tensor.bytes(), "\(name)")
            }
        }
    }

    @Test(arguments: fixtures) func parametersAreCountedWithoutAModel(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        #expect(try model.visual.parameterCount == fixture.shape?.visionParameterCount)
    }

    @Test(arguments: fixtures) func everyParameterIsLearnedInItsLayer(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        let tower = try model.visual
        let pixels = try fixture.expected()["pixels"]
        try tower(#require(pixels)).sum().backward()
        var layers: Set<Int> = []
        for (name, parameter) in tower.namedParameters {
            #expect(try parameter.tensor.gradient() != nil, "\(name)")
            layers.insert(tower.layer(of: name))
        }
        #expect(tower.layerCount == 6 && layers == Set(0...7))
        #expect(tower.part(of: "stages.2.reduction.norm.weight") == .block(3))
        #expect(tower.part(of: "stages.2.blocks.1.scale") == .block(4))
        #expect(tower.part(of: "head.projection.weight") == .head && tower.part(of: "stem.norm.bias") == .embedding)
    }

    /// open_clip 3.3.0's image towers, as its own code counts them.
    @Test(arguments: [
        ("convnext_tiny", 28_606_560), ("convnext_small", 49_847_904), ("convnext_base", 88_090_752),
        ("convnext_base_w", 88_221_824), ("convnext_base_w_320", 88_221_824), ("convnext_large", 197_409_984),
        ("convnext_large_d", 199_770_816), ("convnext_large_d_320", 199_770_816), ("convnext_xlarge", 350_245_120),
        ("convnext_xxlarge", 846_543_744), ("convnext_xxlarge_320", 846_543_744),
    ]) func publishedTowersHaveTheirSize(_ name: String, _ count: Int) throws {
        let configuration = try ModelCatalog.description(of: name).configuration
        #expect(configuration.visionParameterCount == count)
        let vision = try #require(configuration.vision as? ConvNeXtConfiguration)
        #expect(vision.epsilon == (name.hasPrefix("convnext_xxlarge") ? 1e-5 : 1e-6))
        #expect(vision.work(embeddingSize: configuration.embeddingSize, TowerWork.Options()).blocks.count > 17)
        let written = try JSONSerialization.data(withJSONObject: configuration.openCLIPObject())
        #expect(try ModelConfiguration(ConfigurationObject(written, source: "written.json")) == configuration)
    }

    @Test func whatIsNoConvNeXtIsRefused() throws {
        func configuration(_ vision: String) throws -> ModelConfiguration {
            let json = #"{"embed_dim": 20, "text_cfg": {}, "vision_cfg": {\#(vision)}}"#
            return try ModelConfiguration(ConfigurationObject(Data(json.utf8), source: "test.json"))
        }
        let good = #""timm_model_name": "convnext_base", "timm_pool": "", "timm_proj": "linear""#
        #expect(try configuration(good).vision is ConvNeXtConfiguration)
        for (bad, key) in [
            (good.replacingOccurrences(of: "convnext_base", with: "convnextv2_base"), "timm_model_name"),
            (good.replacingOccurrences(of: #""timm_pool": """#, with: #""timm_pool": "rot_attn""#), "timm_pool"),
            (good.replacingOccurrences(of: "linear", with: "none"), "timm_proj"),
            (good + #", "image_size": 100"#, "image_size"),
        ] {
            let error = #expect(throws: CLIPError.self) { try configuration(bad) }
            #expect(error?.description.contains(key) == true, "\(bad): \(error?.description ?? "")")
        }
    }

    /// There are no positions to resample: another size is another grid of places.
    @Test func anotherResolutionNeedsNothingElse() throws {
        let description = try ModelCatalog.description(of: "convnext_base_w").resized(imageSize: 320)
        #expect(try description.configuration == ModelCatalog.description(of: "convnext_base_w_320").configuration)
        #expect(throws: CLIPError.self) { try ModelCatalog.description(of: "convnext_base_w").resized(imageSize: 300) }
    }
}
