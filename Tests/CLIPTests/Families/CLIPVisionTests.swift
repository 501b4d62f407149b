import Foundation
import Imaging
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Image towers as Hugging Face's library saves them alone, against that library: see
/// `Fixtures/families/image_towers.py`.
@Suite struct CLIPVisionTests {
    static let names = [
        "lone-image", "lone-image-bare", "lone-image-projection", "lone-image-chinese", "lone-image-siglip",
    ]

    private func path(_ name: String) throws -> String { try FixtureModel.root() + "/families/" + name }

    private func expected(_ name: String) throws -> [String: Tensor] {
        try TensorFile.read(path(name) + "/expected.safetensors")
    }

    private func configuration(_ json: String) throws -> ModelConfiguration {
        try HuggingFaceConfiguration.model(ConfigurationObject(Data(json.utf8), source: "config.json"))
    }

    @Test(arguments: names) func embeddingsAndGradientsAreTheLibrarys(_ name: String) throws {
        let expected = try expected(name)
        let source = try ModelCatalog.description(of: path(name)).weightsSource()
        let model = try Initializer.skipping { try DualEncoder(source.configuration) }
        try Weights.load(source, into: model, called: name)
        #expect(model.readsPictures && !model.readsTexts)
        let image = try model.encode(pictures: #require(expected["pixels"]))
        try expectClose(image.detached(), #require(expected["image"]), tolerance: 1e-5, name)
        try (image * #require(expected["weights"])).sum().backward()
        var gradients: [String: Tensor] = [:]
        for (parameter, value) in model.namedParameters {
            let gradient = try #require(try value.tensor.gradient(), "\(parameter)")
            gradients[parameter] = gradient
        }
        let entries = try StateTranslation(layout: source.layout).checkpointState(gradients)
        #expect(entries.count == expected.keys.filter { $0.hasPrefix("gradient.") }.count)
        // The keys' biases shift all scores of a row alike, so their gradients are nothing but rounding.
        for (entry, gradient) in entries where !entry.hasSuffix("k_proj.bias") && !entry.hasSuffix("in_proj_bias") {
            let reference = try #require(expected["gradient." + entry], "\(entry)")
            try expectClose(gradient, reference, tolerance: 1e-4, "\(name) \(entry)")
        }
    }

    @Test(arguments: names) func picturesGoToVectorsAndTextsAreRefusedByName(_ name: String) throws {
        let clip = try ModelCatalog.description(of: path(name)).loaded()
        let file = URL(fileURLWithPath: try path(name) + "/expected.json")
        let inputs = try JSONDecoder().decode(FamilyTests.Family.Inputs.self, from: Data(contentsOf: file))
        let pictures = try inputs.images.map { try Picture.read(path: FixtureModel.root() + "/" + $0) }
        try expectClose(
            clip.vectors(pictures: pictures, normalized: false), #require(expected(name)["image"]), tolerance: 1e-5,
            name)
        #expect(throws: CLIPError.noTextTower) { try clip.vectors(texts: ["a dog"]) }
        #expect(throws: CLIPError.noTextTower) { try clip.model.text }
        #expect(throws: CLIPError.noTextTower) { try clip.model.temperatureScale() }
        #expect(try clip.space(normalized: true).tokenizer == nil)
        #expect(!clip.writesCaptions && clip.model.configuration.contextLength == nil)
    }

    @Test(arguments: names) func conversionKeepsValuesAndSpace(_ name: String) throws {
        try withTemporaryDirectory { folder in
            let description = try ModelCatalog.description(of: path(name))
            try ModelConversion.convert(description, to: .huggingFace, at: folder + "/there")
            let written = try TensorFile.read(folder + "/there/model.safetensors")
            let original = try TensorFile.read(path(name) + "/model.safetensors")
            for (entry, tensor) in written {
                let bare = entry.hasPrefix("vision_model.") ? String(entry.dropFirst("vision_model.".count)) : entry
                let before = try #require(original[entry] ?? original[bare], "\(entry)")
                #expect(try tensor.shape == before.shape && tensor.bytes() == before.bytes(), "\(entry)")
            }
            let again = try ModelCatalog.description(of: folder + "/there")
            #expect(again.configuration == description.configuration)
            #expect(try again.preprocess == description.preprocess)
            let space = try description.loaded().space(normalized: true)
            #expect(try again.loaded().space(normalized: true).fingerprint == space.fingerprint)
            for target in [ModelConversion.Target.openCLIP, .openAI] {
                #expect(throws: CLIPError.self) {
                    try ModelConversion.convert(description, to: target, at: folder + "/other")
                }
                #expect(!FileManager.default.fileExists(atPath: folder + "/other"))
            }
        }
    }

    /// IP-Adapter's ViT-H and Stable Diffusion Image Variations' ViT-L, as their configurations state them.
    @Test func publishedTowersAreRead() throws {
        let huge = try configuration(
            #"""
            {"architectures": ["CLIPVisionModelWithProjection"], "hidden_act": "gelu", "hidden_size": 1280,
             "image_size": 224, "intermediate_size": 5120, "layer_norm_eps": 1e-05, "model_type": "clip_vision_model",
             "num_attention_heads": 16, "num_channels": 3, "num_hidden_layers": 32, "patch_size": 14,
             "projection_dim": 1024, "torch_dtype": "float16"}
            """#)
        #expect(huge.embeddingSize == 1024 && huge.text == nil && huge.parameterCount == 632_076_800)
        let large = try configuration(
            #"""
            {"architectures": ["CLIPVisionModel"], "hidden_act": "quick_gelu", "hidden_size": 1024, "image_size": 224,
             "intermediate_size": 4096, "model_type": "clip_vision_model", "num_attention_heads": 16,
             "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768}
            """#)
        #expect(large.embeddingSize == 1024 && large.parameterCount == 303_179_776)
    }

    @Test func anotherClassIsRefused() throws {
        let error = #expect(throws: CLIPError.self) {
            try configuration(#"{"model_type": "clip_vision_model", "architectures": ["CLIPModel"]}"#)
        }
        guard case .configuration("config.json", "architectures", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// A pipeline of diffusers keeps tokenizer and picture preparation in folders of their own.
    @Test func whatAPipelineKeepsBesideIsFound() throws {
        try withTemporaryDirectory { folder in
            let manager = FileManager.default
            try manager.copyItem(atPath: path("lone-image"), toPath: folder + "/image_encoder")
            try manager.createDirectory(atPath: folder + "/feature_extractor", withIntermediateDirectories: false)
            let processor = "preprocessor_config.json"
            let there = folder + "/feature_extractor/" + processor
            try manager.moveItem(atPath: folder + "/image_encoder/" + processor, toPath: there)
            let found = try ModelCatalog.description(of: folder + "/image_encoder")
            #expect(try found.preprocess == ModelCatalog.description(of: path("lone-image")).preprocess)
            try manager.removeItem(atPath: there)
            let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(of: folder + "/image_encoder") }
            #expect(error?.description.contains("image_encoder/" + processor) == true)

            try manager.copyItem(atPath: path("lone-text"), toPath: folder + "/text_encoder_2")
            try manager.createDirectory(atPath: folder + "/tokenizer_2", withIntermediateDirectories: false)
            for name in [
                "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
            ] {
                try manager.moveItem(
                    atPath: folder + "/text_encoder_2/" + name, toPath: folder + "/tokenizer_2/" + name)
            }
            let text = try ModelCatalog.description(of: folder + "/text_encoder_2/").tokenizer()
            #expect(
                try text.tokenize("a dog").tokens
                    == ModelCatalog.description(of: path("lone-text")).tokenizer().tokenize("a dog").tokens)
        }
    }
}

/// A model whose tokenizer's files are not there reads pictures all the same.
@Suite struct MissingTokenizerTests {
    @Test func picturesAreEmbeddedWithoutATokenizer() throws {
        try withTemporaryDirectory { folder in
            let whole = try FixtureModel.root() + "/families/hf-siglip"
            let path = folder + "/model"
            try FileManager.default.copyItem(atPath: whole, toPath: path)
            for name in ModelDirectory.tokenizerFiles { try? FileManager.default.removeItem(atPath: path + "/" + name) }
            let clip = try ModelCatalog.description(of: path).loaded()
            let picture = try Picture.read(path: FixtureModel.root() + "/pictures/wide.png")
            try expectClose(
                clip.vectors(pictures: [picture]),
                ModelCatalog.description(of: whole).loaded().vectors(pictures: [picture]), tolerance: 0)
            let error = #expect(throws: (any Error).self) { try clip.vectors(texts: ["a dog"]) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("tokenizer"))
            #expect(try clip.space(normalized: true).tokenizer == nil)
        }
    }
}
