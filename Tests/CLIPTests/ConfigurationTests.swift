import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

@Suite struct ConfigurationTests {
    private func read(_ json: String) throws -> ModelConfiguration {
        try ModelConfiguration(ConfigurationObject(Data(json.utf8), source: "test.json"))
    }

    private let small = """
        "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 64, "layers": 1},
        "text_cfg": {"width": 64, "heads": 2, "layers": 1}
        """

    /// open_clip's and OpenAI's counts, with the temperature.
    @Test(arguments: [
        ("ViT-B-32", 151_277_313), ("ViT-B-16", 149_620_737), ("ViT-L-14", 427_616_513), ("ViT-L-14-336", 427_944_193),
        ("ViT-L/14@336px", 427_944_193),
    ])
    func builtInModelsHaveThePublishedSize(_ name: String, _ count: Int) throws {
        #expect(try #require(BuiltInModels.configuration(named: name)).parameterCount == count)
    }

    @Test(arguments: FixtureModel.all) func theCountIsThatOfTheRealModel(_ fixture: FixtureModel) throws {
        let model = try fixture.model()
        #expect(model.parameterCount == model.configuration.parameterCount)
    }

    @Test func theActivationIsPartOfTheName() {
        func activation(_ name: String) -> Activation? {
            guard let tower = BuiltInModels.configuration(named: name)?.text as? TextTransformerConfiguration else {
                return nil
            }
            return tower.activation
        }
        #expect(activation("ViT-B-32") == .gelu)
        #expect(activation("ViT-B-32-quickgelu") == .quickGELU)
        #expect(activation("ViT-B/32") == .quickGELU)
        #expect(BuiltInModels.configuration(named: "ViT-B-33") == nil)
    }

    @Test func aProgramStatesAShapeAsOpenCLIPDoes() throws {
        let json = "{\"embed_dim\": 16, \(small)}"
        #expect(try ModelConfiguration(openCLIP: Data(json.utf8)) == read(json))
        let error = #expect(throws: CLIPError.self) {
            try ModelConfiguration(openCLIP: Data("{}".utf8), source: "mine")
        }
        #expect(error?.description.hasPrefix("mine: embed_dim") == true)
    }

    @Test func defaultsAreOpenCLIPs() throws {
        let configuration = try read("{\"embed_dim\": 16, \(small)}")
        #expect(configuration.text?.contextLength == 77)
        #expect(configuration.text?.vocabularySize == 49_408)
        guard let vision = configuration.vision as? VisionTransformerConfiguration,
            let text = configuration.text as? TextTransformerConfiguration
        else { throw CLIPError.emptyChoices(what: "transformers") }
        #expect(vision.headWidth == 64)
        #expect(vision.activation == .gelu && text.activation == .gelu)
        #expect(text.isCausal && text.pooling == .highestToken && vision.pooling == .token)
    }

    @Test(arguments: [
        ("{\"embed_dim\": 16", "file"),
        ("[]", "file"),
        ("{\(0)}", "file"),
        ("{\"embed_dim\": 0, SMALL}", "embed_dim"),
        ("{\"embed_dim\": 1.5, SMALL}", "embed_dim"),
        ("{\"embed_dim\": 1e300, SMALL}", "embed_dim"),
        ("{SMALL}", "embed_dim"),
        ("{\"embed_dim\": true, SMALL}", "embed_dim"),
        ("{\"embed_dim\": 16, \"quick_gelu\": \"yes\", SMALL}", "quick_gelu"),
        ("{\"embed_dim\": 16, \"init_logit_bias\": \"-10\", SMALL}", "init_logit_bias"),
        ("{\"embed_dim\": 16, \"vision_cfg\": {\"layers\": [3, 4, 6]}, \"text_cfg\": {}}", "vision_cfg.layers"),
        ("{\"embed_dim\": 16, \"vision_cfg\": {\"qk_norm\": true}, \"text_cfg\": {}}", "vision_cfg.qk_norm"),
        (
            "{\"embed_dim\": 16, \"vision_cfg\": {\"image_size\": 6, \"patch_size\": 8}, \"text_cfg\": {}}",
            "vision_cfg.patch_size"
        ),
        ("{\"embed_dim\": 16, \"vision_cfg\": {\"pool_type\": \"max\"}, \"text_cfg\": {}}", "vision_cfg.pool_type"),
        ("{\"embed_dim\": 16, \"vision_cfg\": {}, \"text_cfg\": {\"heads\": 7}}", "text_cfg.heads"),
        ("{\"embed_dim\": 16, \"vision_cfg\": {}, \"text_cfg\": {\"hf_model_name\": \"x\"}}", "text_cfg.hf_model_name"),
        ("{\"embed_dim\": 16, \"vision_cfg\": {}}", "text_cfg"),
    ])
    func whatCannotBeHonouredIsRefusedByKey(_ json: String, _ key: String) {
        let error = #expect(throws: CLIPError.self) {
            try read(json.replacingOccurrences(of: "SMALL", with: small))
        }
        guard case .configuration(let source, let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(source == "test.json")
        #expect(found == key)
    }

    @Test func settingsThatAreSwitchedOffAreNoMatter() throws {
        let vision =
            "\"vision_cfg\": {\"width\": 64, \"ls_init_value\": null, \"patch_dropout\": 0.0, \"pool_type\": \"tok\"}"
        let tower = try #require(
            read("{\"embed_dim\": 16, \(vision), \"text_cfg\": {}}").vision as? VisionTransformerConfiguration)
        #expect(tower.width == 64)
    }

    @Test func initialValuesHaveThePapersSpread() throws {
        var tower = TextTransformerConfiguration(width: 128, headCount: 2, layers: 4)
        tower.vocabularySize = 4000
        let configuration = ModelConfiguration(
            embeddingSize: 64,
            vision: VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 128, layers: 2),
            text: tower)
        let model = try withSeed(1) { try DualEncoder(configuration) }
        func deviation(_ parameter: Parameter) throws -> Double {
            let values = try parameter.tensor.elements(Double.self)
            return (values.map { $0 * $0 }.reduce(0, +) / Double(values.count)).squareRoot()
        }
        let (visual, text) = try model.transformers()
        let width = 128.0
        let expected: [(Parameter, Double)] = [
            (text.tokenEmbedding.weight, 0.02), (text.positionalEmbedding, 0.01),
            (text.blocks[1].attention.inWeight, 1 / width.squareRoot()),
            (text.blocks[1].attention.outProjection.weight, 1 / (width * 8).squareRoot()),
            (text.blocks[1].feedForward.expand.weight, 1 / (2 * width).squareRoot()),
            (text.blocks[1].feedForward.contract.weight, 1 / (width * 8).squareRoot()),
            (try text.matrix, 1 / width.squareRoot()),
            (try visual.matrix, 1 / width.squareRoot()),
            (visual.positionalEmbedding, 1 / width.squareRoot()),
            // Uniform within ±b has a spread of b/√3.
            (visual.blocks[0].attention.inWeight, (6 / (4 * width) / 3).squareRoot()),
            (visual.blocks[0].feedForward.expand.weight, (1 / width / 3).squareRoot()),
        ]
        for (index, pair) in expected.enumerated() {
            let found = try deviation(pair.0)
            #expect(abs(found / pair.1 - 1) < 0.08, "\(index): \(found) where \(pair.1) is expected")
        }
        #expect(abs(try model.logitScale.tensor.item() - 2.659260) < 1e-6)
    }
}
