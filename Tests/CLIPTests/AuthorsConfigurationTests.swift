import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP

/// Settings and weights as a model's authors wrote them, before any library took the model up.
@Suite struct AuthorsConfigurationTests {
    private func read(_ json: String) throws -> ModelConfiguration {
        try ModelConfiguration(openCLIP: Data(json.utf8), source: "model.json")
    }

    // MARK: EVA-CLIP's model_configs

    private static let rotary =
        #""rope": true, "pt_hw_seq_len": 16, "intp_freq": true, "naiveswiglu": true, "subln": true"#
    private static func eva(
        _ name: String, _ sizes: String, _ parts: String, embedding: Int, text: (width: Int, heads: Int, layers: Int)
    ) -> String {
        """
        {"embed_dim": \(embedding), "vision_cfg": {"eva_model_name": "\(name)", \(sizes), \(parts), "xattn": true,
          "fusedLN": true, "drop_path_rate": 0.4},
         "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": \(text.width), "heads": \(text.heads),
          "layers": \(text.layers), "xattn": false, "fusedLN": true}}
        """
    }

    /// The same shapes as open_clip's, which names timm's towers for them.
    @Test(arguments: [
        (
            "EVA02-B-16",
            eva(
                "eva-clip-b-16-X",
                #""image_size": 224, "layers": 12, "width": 768, "head_width": 64, "patch_size": 16, "mlp_ratio": 2.6667"#,
                rotary, embedding: 512, text: (512, 8, 12))
        ),
        (
            "EVA02-L-14",
            eva(
                "eva-clip-l-14",
                #""image_size": 224, "layers": 24, "width": 1024, "head_width": 64, "mlp_ratio": 2.6667, "patch_size": 14"#,
                rotary, embedding: 768, text: (768, 12, 12))
        ),
        (
            "EVA02-L-14-336",
            eva(
                "eva-clip-l-14-336",
                #""image_size": 336, "layers": 24, "width": 1024, "head_width": 64, "mlp_ratio": 2.6667, "patch_size": 14"#,
                rotary, embedding: 768, text: (768, 12, 12))
        ),
        (
            "EVA01-g-14",
            eva(
                "eva-clip-g-14-x",
                #""image_size": 224, "layers": 40, "width": 1408, "head_width": 88, "mlp_ratio": 4.3637"#,
                #""patch_size": 14"#, embedding: 1024, text: (768, 12, 12))
        ),
        (
            "EVA01-g-14-plus",
            eva(
                "eva-clip-g-14-x",
                #""image_size": 224, "layers": 40, "width": 1408, "head_width": 88, "mlp_ratio": 4.3637"#,
                #""patch_size": 14"#, embedding: 1024, text: (1024, 16, 24))
        ),
        (
            "EVA02-E-14",
            eva(
                "eva-clip-4b-14-x",
                #""image_size": 224, "layers": 64, "width": 1792, "head_width": 112, "mlp_ratio": 8.571428571428571"#,
                #""patch_size": 14, "postnorm": true"#, embedding: 1024, text: (1024, 16, 24))
        ),
        (
            "EVA02-E-14-plus",
            eva(
                "eva-clip-4b-14-x",
                #""image_size": 224, "layers": 64, "width": 1792, "head_width": 112, "mlp_ratio": 8.571428571428571"#,
                #""patch_size": 14, "postnorm": true"#, embedding: 1024, text: (1280, 20, 32))
        ),
    ]) func evasOwnFilesStateOpenCLIPsShapes(_ name: String, _ json: String) throws {
        #expect(try read(json) == BuiltInModels.configuration(named: name))
    }

    @Test(arguments: [
        (#""ls_init_value": 0.1"#, "vision_cfg.ls_init_value"), (#""qkv_bias": false"#, "vision_cfg.qkv_bias"),
        (#""use_rms_norm": true"#, "vision_cfg.use_rms_norm"), (#""subln": true"#, "vision_cfg.subln"),
        (#""rope": true, "pt_hw_seq_len": 9"#, "vision_cfg.intp_freq"), (#""head_width": 50"#, "vision_cfg.head_width"),
    ]) func whatIsNotReadOfEVAIsRefusedByKey(_ part: String, _ key: String) {
        expectRefused(at: key) {
            _ = try read(
                Self.eva("eva-clip-b-16", #""image_size": 224, "width": 768"#, part, embedding: 512, text: (512, 8, 12))
            )
        }
    }

    // MARK: timm's names of SigLIP's towers

    /// timm 1.0.31's `act_layer` of each, which no file states.
    @Test(arguments: [
        ("vit_base_patch16_siglip_256", 768, Activation.gelu), ("vit_base_patch32_siglip_256", 768, .tanhGELU),
        ("vit_large_patch16_siglip_384", 1024, .gelu), ("vit_large_patch16_siglip_512", 1024, .tanhGELU),
        ("vit_so400m_patch14_siglip_384", 1152, .gelu), ("vit_so400m_patch16_siglip_256", 1152, .tanhGELU),
        ("vit_so400m_patch16_siglip_512", 1152, .tanhGELU), ("vit_giantopt_patch16_siglip_384", 1536, .tanhGELU),
    ]) func theNameSaysTheNonLinearity(_ name: String, _ width: Int, _ activation: Activation) throws {
        let size = name.split(separator: "_").last.map(String.init) ?? ""
        let vision =
            #"{"image_size": \#(size), "timm_model_name": "\#(name)", "timm_pool": "map", "timm_proj": "none"}"#
        let model = try read(#"{"embed_dim": \#(width), "vision_cfg": \#(vision), "text_cfg": {}}"#)
        let tower = try #require(model.vision as? VisionTransformerConfiguration)
        #expect(tower.activation == activation)
        #expect(try tower.openCLIPObject()["timm_model_name"] as? String == name)
        var other = tower
        other.activation = activation == .gelu ? .tanhGELU : .gelu
        #expect((try? other.openCLIPObject()["timm_model_name"] as? String) != name)
    }

    // MARK: Chinese-CLIP's and diffusers'

    @Test(arguments: [
        (
            #"{"embed_dim": 512, "image_resolution": 224, "vision_layers": 12, "vision_width": 768, "vision_patch_size": 16}"#,
            "vision_patch_size"
        ),
        (
            #"{"embed_dim": 1024, "image_resolution": 224, "vision_layers": "[3,4,6,3]", "vision_width": 64, "vision_patch_size": null}"#,
            "image_resolution"
        ),
        (#"{"vocab_size": 21128, "text_hidden_act": "gelu", "text_hidden_size": 768}"#, "text_hidden_size"),
    ]) func halfOfAChineseModelNamesTheWholeOnes(_ json: String, _ key: String) {
        let error = #expect(throws: CLIPError.self) { try read(json) }
        guard case .configuration(_, key, let problem) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(problem.contains("chinese-clip-ViT-B-16"))
        for name in BuiltInModels.chineseNames { #expect(BuiltInModels.configuration(named: name) != nil) }
    }

    @Test func aTowerThatHearsIsNamed() {
        expectRefused(at: "audio_cfg") { _ = try read(#"{"embed_dim": 512, "audio_cfg": {}, "text_cfg": {}}"#) }
    }

    @Test func diffusersSafetyCheckerIsNoCLIP() {
        let json =
            #"{"model_type": "clip", "architectures": ["StableDiffusionSafetyChecker"], "text_config": {}, "vision_config": {}}"#
        expectRefused(at: "architectures") {
            _ = try HuggingFaceConfiguration.model(ConfigurationObject(Data(json.utf8), source: "config.json"))
        }
    }

    // MARK: LongCLIP's weights

    /// A model of OpenAI's shape for 30 tokens, and its weights as LongCLIP's code would have saved them: rows that are not
    /// used hold other numbers.
    private func withLongCLIP(body: (_ plain: CLIPModel, _ path: String) throws -> Void) throws {
        var text = TextTransformerConfiguration(width: 64, headCount: 1, layers: 2)
        (text.contextLength, text.activation) = (30, .quickGELU)
        var vision = VisionTransformerConfiguration(imageSize: 16, patchSize: 8, width: 64, layers: 1)
        vision.activation = .quickGELU
        let shape = ModelConfiguration(embeddingSize: 12, vision: vision, text: text)
        let description = ModelDescription(
            name: "plain", configuration: shape, preprocess: PreprocessConfiguration(for: shape), weightsPath: nil)
        let plain = try withSeed(6) { try description.untrained() }
        try withTemporaryDirectory { folder in
            let path = folder + "/longclip.safetensors"
            try Weights.save(plain.model, to: path)
            var tensors = try TensorFile.read(path).mapValues { try $0.copied() }
            let positions = try #require(tensors["positional_embedding"])
            let other = try Tensor.full([30, 64], 9)
            tensors["positional_embedding"] = try Tensor.concatenated([positions.slice(0..<20), other.slice(0..<10)])
            tensors["positional_embedding_res"] = try Tensor.concatenated([
                other.slice(0..<20), positions.slice(20..<30),
            ])
            try TensorFile.write(tensors, to: path)
            try body(plain, path)
        }
    }

    /// The first 20 positions are the first table's, the others the second's; QuickGELU and heads are known.
    @Test func longCLIPsTwoTablesAreOne() throws {
        try withLongCLIP { plain, path in
            let found = try ModelCatalog.description(ofWeights: path).loaded()
            #expect(found.name == "LongCLIP" && found.model.configuration == plain.model.configuration)
            let texts = ["a dog", "", (1...40).map { "word \($0)" }.joined(separator: " ")]
            #expect(try found.vectors(texts: texts).bytes() == plain.vectors(texts: texts).bytes())
        }
    }

    @Test func longCLIPsWeightsAreNotReadWithAnotherNonLinearity() throws {
        try withLongCLIP { plain, path in
            let shape = plain.model.configuration.with(activation: .gelu)
            let other = ModelDescription(
                name: "gelu", configuration: shape, preprocess: PreprocessConfiguration(for: shape), weightsPath: path)
            let error = #expect(throws: CLIPError.self) { try other.loaded() }
            #expect(error?.description.contains("LongCLIP") == true)
        }
    }
}
