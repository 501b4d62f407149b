import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// EVA's towers give timm's numbers, under timm's names and their authors'.
@Suite struct EVATests {
    private static func model(_ tower: EVAConfiguration) -> ModelConfiguration {
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        (text.contextLength, text.vocabularySize) = (16, 300)
        return ModelConfiguration(embeddingSize: 20, vision: tower, text: text)
    }

    private static func shape(
        hidden: Int, _ adjust: (inout EVAConfiguration) -> Void = { _ in }
    ) -> EVAConfiguration {
        var tower = EVAConfiguration(
            imageSize: 32, patchSize: 8, width: 16, layers: 2, headCount: 2, hiddenWidth: hidden)
        tower.rotaryGrid = 3
        adjust(&tower)
        return tower
    }

    private static let plain = shape(hidden: 69) {
        $0.feedForward = .mlp
        ($0.hasAttentionNorm, $0.hasFeedForwardNorm, $0.hasRotaryPositions) = (false, false, false)
    }

    private static let postNorm = {
        var tower = plain
        tower.isPostNorm = true
        return tower
    }()

    static let fixtures = [
        FamilyFixture(name: "eva01-open_clip", shape: model(plain)),
        FamilyFixture(name: "eva02-open_clip", shape: model(shape(hidden: 42))),
        FamilyFixture(name: "eva02-enormous-open_clip", shape: model(postNorm)),
        FamilyFixture(name: "eva02-original", weightsName: "EVA02_CLIP_tiny.pt", shape: model(shape(hidden: 42))),
    ]

    @Test(arguments: fixtures) func towersGiveTimmsEmbeddings(_ fixture: FamilyFixture) throws {
        try expectReferenceEmbeddings(fixture.model(), fixture.expected(), fixture.name)
    }

    @Test(arguments: fixtures) func theClassTokenAloneIsExact(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        let pixels = try #require(try fixture.expected()["pixels"])
        let tower = try #require(model.visual as? EVATransformer)
        try Engine.inference {
            let fast = try tower(pixels)
            tower.shortcuts.readsOnlyPooled = false
            try expectClose(fast, tower(pixels), tolerance: 1e-6)
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

    @Test(arguments: fixtures.prefix(3)) func everyEntryIsSavedAsItWas(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        let original = try TensorFile.read(fixture.path(fixture.weightsName))
        try withTemporaryDirectory { directory in
            try Weights.save(model, to: directory + "/saved.safetensors")
            let saved = try TensorFile.read(directory + "/saved.safetensors")
            #expect(Set(saved.keys) == Set(original.keys))
            for (name, tensor) in original {
                #expect(try saved[name]?.bytes() == tensor.bytes(), "\(name)")
                #expect(saved[name]?.shape == tensor.shape, "\(name)")
            }
        }
    }

    @Test func authorsNamesAndTimmsAreOneModel() throws {
        let (timm, original) = (try Self.fixtures[1].model().state(), try Self.fixtures[3].model().state())
        #expect(Set(timm.keys) == Set(original.keys))
        for (name, tensor) in timm { #expect(try original[name]?.bytes() == tensor.bytes(), "\(name)") }
    }

    @Test(arguments: fixtures) func theCountIsThatOfTheRealTower(_ fixture: FamilyFixture) throws {
        let model = try fixture.model()
        #expect(try model.visual.parameterCount == model.configuration.visionParameterCount)
    }

    /// timm's counts with open_clip's embedding sizes.
    @Test(arguments: [
        ("eva02_base_patch16_clip_224", 224, 512, 86_263_040), ("eva02_large_patch14_clip_224", 224, 768, 304_105_152),
        ("eva02_large_patch14_clip_336", 336, 768, 304_432_832),
        ("eva02_enormous_patch14_clip_224", 224, 1024, 4_350_556_928),
        ("eva_giant_patch14_224", 224, 1024, 1_012_588_928),
    ])
    func publishedTowersHaveTheirSize(_ name: String, _ size: Int, _ embedding: Int, _ count: Int) throws {
        let json = """
            {"embed_dim": \(embedding), "custom_text": true, "text_cfg": {}, "vision_cfg": {"timm_model_name": "\(name)",
             "image_size": \(size), "timm_model_pretrained": false, "timm_pool": "token", "timm_proj": null}}
            """
        let configuration = try ModelConfiguration(ConfigurationObject(Data(json.utf8), source: "test.json"))
        #expect(configuration.visionParameterCount == count)
        #expect(try configuration.vision?.openCLIPObject()["timm_model_name"] as? String == name)
    }

    @Test(arguments: fixtures) func everyParameterIsLearned(_ fixture: FamilyFixture) throws {
        let tower = try #require(try fixture.model().visual as? EVATransformer)
        let pixels = try #require(try fixture.expected()["pixels"])
        func gradients() throws -> [(name: String, gradient: Tensor)] {
            let weights = try Tensor((0..<40).map { Float($0 % 7) - 3 }, shape: [2, 20])
            try (tower(pixels) * weights).sum().backward()
            return try tower.namedParameters.map { name, parameter in
                defer { try? parameter.tensor.setGradient(nil) }
                return (name, try #require(try parameter.tensor.gradient()?.copied(), "\(name) has no gradient"))
            }
        }
        let fast = try gradients()
        #expect(try fast.allSatisfy { try $0.gradient.norm().item() > 0 })
        tower.shortcuts.readsOnlyPooled = false
        for ((name, gradient), plain) in zip(fast, try gradients()) {
            try expectClose(gradient, plain.gradient, tolerance: 1e-5, name)
        }
    }

    @Test func picturesOfAnotherSizeAreRefused() throws {
        let model = try Self.fixtures[1].model()
        #expect(throws: TorchError.self) { try model.visual(Tensor.zeros([1, 3, 40, 40])) }
    }

    @Test func turningKeepsLengthsAndDependsOnDistanceAlone() throws {
        let rotation = try RotaryPositions(gridSize: 4, referenceGrid: 16, headWidth: 8)
        let row = try withSeed(8) { try Tensor.normal([1, 1, 1, 8]) }
        let turned = try rotation(row.expanded([1, 1, 17, 8])).select(0).select(0)  // [17, 8]
        try expectClose(turned.norm(along: 1), row.reshaped([8]).norm().reshaped([1]).expanded([17]), tolerance: 1e-6)
        try expectClose(turned.select(0), row.reshaped([8]), tolerance: 0)
        // From the patch at (0, 0) to that at (1, 2), as from (1, 1) to (2, 3).
        let products = try turned.matmul(turned.transposed())
        let (first, second) = (try products.select(1).select(7).item(), try products.select(6).select(12).item())
        #expect(abs(first - second) < 1e-5)
        #expect(throws: TorchError.self) { try RotaryPositions(gridSize: 4, referenceGrid: 4, headWidth: 6) }
    }

    @Test func initialValuesHaveTimmsSpread() throws {
        var shape = Self.shape(hidden: 256)
        (shape.width, shape.layers) = (96, 3)
        let tower = try withSeed(4) { try EVATransformer(shape, embeddingSize: 64) }
        func deviation(_ parameter: Parameter) throws -> Double {
            let values = try parameter.tensor.elements(Double.self)
            return (values.map { $0 * $0 }.reduce(0, +) / Double(values.count)).squareRoot()
        }
        let expected: [(Parameter, Double)] = [
            (tower.positionalEmbedding, 0.02), (tower.blocks[2].attention.inWeight, 0.02),
            (tower.blocks[2].attention.outProjection.weight, 0.02 / 6.squareRoot()),
            (tower.blocks[0].feedForward.contract.weight, 0.02 / 2.squareRoot()), (tower.head.weight, 0.00002),
        ]
        for (index, pair) in expected.enumerated() {
            #expect(abs(try deviation(pair.0) / pair.1 - 1) < 0.08, "\(index)")
        }
        #expect(try tower.blocks[1].feedForward.gate?.bias?.tensor.elements(Float.self).allSatisfy { $0 == 0 } == true)
    }
}
