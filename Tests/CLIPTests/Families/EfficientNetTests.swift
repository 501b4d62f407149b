import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// EfficientNet-Lite's towers give timm's numbers and gradients, in use and in training; `Fixtures/families/efficientnets.py`
/// computed them.
@Suite struct EfficientNetTests {
    private static func model(size: Int, head: TimmProjection) -> ModelConfiguration {
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        (text.contextLength, text.vocabularySize) = (16, 300)
        let vision = EfficientNetConfiguration(imageSize: size, widthFactor: 0.08, depthFactor: 0.5, head: head)
        return ModelConfiguration(embeddingSize: 8, vision: vision, text: text)
    }

    static let plain = FamilyFixture(name: "efficientnet-lite-open_clip", shape: model(size: 64, head: .linear))
    static let fixtures = [
        plain, FamilyFixture(name: "efficientnet-lite-mlp-open_clip", shape: model(size: 72, head: .mlp)),
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
        #expect(entries.count == 10)
        let layout = ParameterLayout(vision: .efficientNetTimm, text: nil)
        for (key, gradient) in entries {
            let entry = String(key.dropFirst("gradient.".count))
            let name = try #require(layout.parameter(of: entry) { parameters[$0] != nil }).name
            let own = try #require(try parameters[name]?.tensor.gradient(), "\(name)")
            try expectClose(own, gradient, tolerance: 2e-5, "\(entry)")
        }
    }

    @Test(arguments: fixtures, [false, true]) func trainingTakesTheBatchsStatistics(
        _ fixture: FamilyFixture, recomputing: Bool
    ) throws {
        let model = try fixture.model()
        let expected = try fixture.expected()
        let tower = try model.visual
        tower.recomputesBlocks = recomputing
        tower.setTraining(true)
        let image = try tower(#require(expected["pixels"]))
        try expectClose(image.detached(), #require(expected["training.image"]), tolerance: 1e-4)
        if recomputing { try image.sum().backward() }
        let buffers = Dictionary(uniqueKeysWithValues: model.namedBuffers.map { ($0.name, $0.buffer.tensor) })
        let entries = expected.filter { $0.key.hasPrefix("training.visual.") }
        #expect(entries.count == 3)
        for (key, tensor) in entries {
            let entry = String(key.dropFirst("training.".count))
            let name = try #require(ParameterLayout(vision: .efficientNetTimm, text: nil).parameter(of: entry)).name
            let own = try #require(buffers[name]).converted(to: .float32)
            try expectClose(own, tensor.converted(to: .float32), tolerance: 1e-5, "\(entry)")
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
        // The fixture's size has no name to be written with.
        let layout = ParameterLayout(vision: .efficientNetTimm, text: .openCLIPText)
        let saved = try StateTranslation(layout: layout).checkpointState(model.state())
        #expect(Set(saved.keys) == Set(original.keys))
        for (name, tensor) in original { #expect(try saved[name]?.bytes() == tensor.bytes(), "\(name)") }
    }

    @Test(arguments: fixtures) func parametersAreCountedWithoutAModel(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        #expect(try model.visual.parameterCount == fixture.shape?.visionParameterCount)
    }

    @Test(arguments: fixtures) func everyParameterIsLearnedInItsLayer(_ fixture: FamilyFixture) throws {
        let tower = try fixture.model().visual
        try tower(#require(fixture.expected()["pixels"])).sum().backward()
        var layers: Set<Int> = []
        for (name, parameter) in tower.namedParameters {
            #expect(try parameter.tensor.gradient() != nil, "\(name)")
            layers.insert(tower.layer(of: name))
        }
        #expect(tower.layerCount == 10 && layers == Set(0...11))
        #expect(tower.part(of: "stages.3.blocks.1.depthwise.norm.weight") == .block(4))
        #expect(tower.part(of: "last.norm.weight") == .finalNorm && tower.part(of: "stem.norm.bias") == .embedding)
        #expect(tower.part(of: "head.projection.weight") == .head)
        try tower.lock(freezesStatistics: true)
        let trained = tower.namedParameters.filter(\.parameter.isTrainable).map(\.name)
        #expect(trained.allSatisfy { $0.hasPrefix("head.") } && !trained.isEmpty)
        for norm in tower.modules(of: BatchNorm2d.self) { #expect(norm.isFrozen) }
        try tower.lock(unlockedGroups: 2)
        #expect(tower.namedParameters.allSatisfy { $0.parameter.isTrainable == (tower.layer(of: $0.name) >= 10) })
    }

    /// The network alone, by timm and by the package that PyPI carries, as each counts it.
    @Test(arguments: [
        (0, 3_371_008), (1, 4_135_680), (2, 4_811_072), (3, 6_916_096), (4, 11_725_568),
    ]) func publishedTowersHaveTheirSize(_ size: Int, _ count: Int) throws {
        let json = """
            {"embed_dim": 256, "text_cfg": {}, "vision_cfg": {"timm_model_name": "tf_efficientnet_lite\(size)",
             "timm_pool": "avg", "timm_proj": "linear", "image_size": 160}}
            """
        let configuration = try ModelConfiguration(openCLIP: Data(json.utf8))
        #expect(configuration.visionParameterCount == count + 1280 * 256)
        let written = try JSONSerialization.data(withJSONObject: configuration.openCLIPObject())
        #expect(try ModelConfiguration(ConfigurationObject(written, source: "written.json")) == configuration)
        let vision = try #require(configuration.vision)
        let work = vision.work(embeddingSize: 256, TowerWork.Options())
        #expect(work.blocks.count == vision.memory(TowerWork.Options()).blocks.count)
    }

    /// TensorFlow's blog gives 407 million multiply-adds for lite0 at 224 pixels, with a classifier of 1000 classes.
    @Test func workIsWhatItsAuthorsCount() {
        let work = EfficientNetConfiguration(imageSize: 224).work(embeddingSize: 1000, TowerWork.Options())
        #expect(abs(work.total / 1e6 - 407) < 25, "\(work.total)")
    }

    @Test func aTrunkAloneIsReadByItsPackagesNames() throws {
        let whole = try Self.plain.model()
        let naming = try #require(whole.configuration.vision).bodyNamings[1]
        let checkpoint = try Checkpoint(path: Self.plain.path("trunk.pth"))
        let (state, foreign) = try StateTranslation(layout: ParameterLayout(vision: naming, text: nil))
            .moduleState(checkpoint.tensors, shapes: whole.stateShapes)
        #expect(foreign.isEmpty)
        let own = try whole.state().filter { $0.key.hasPrefix("visual.") && !$0.key.hasPrefix("visual.head.") }
        #expect(Set(state.keys) == Set(own.keys))
        for (name, tensor) in own {
            #expect(try state[name]?.converted(to: tensor.dtype).bytes() == tensor.bytes(), "\(name)")
        }
    }

    @Test func whatIsNoEfficientNetLiteIsRefused() throws {
        func configuration(_ vision: String) throws -> ModelConfiguration {
            try ModelConfiguration(
                openCLIP: Data(#"{"embed_dim": 8, "text_cfg": {}, "vision_cfg": {\#(vision)}}"#.utf8))
        }
        let good = #""timm_model_name": "tf_efficientnet_lite0", "timm_pool": "", "timm_proj": "linear""#
        #expect(try configuration(good).vision is EfficientNetConfiguration)
        for (bad, key) in [
            (good.replacingOccurrences(of: "lite0", with: "lite9"), "timm_model_name"),
            (good.replacingOccurrences(of: #""timm_pool": """#, with: #""timm_pool": "max""#), "timm_pool"),
            (good.replacingOccurrences(of: "linear", with: "none"), "timm_proj"),
            (good + #", "image_size": 16"#, "image_size"), (good + #", "timm_drop": 0.2"#, "timm_drop"),
        ] {
            let error = #expect(throws: CLIPError.self) { try configuration(bad) }
            #expect(error?.description.contains(key) == true, "\(bad): \(error?.description ?? "")")
        }
    }
}
