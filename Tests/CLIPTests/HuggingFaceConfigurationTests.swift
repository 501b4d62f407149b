import Foundation
import Testing
import TorchNN

@testable import CLIP

/// `config.json` and `preprocessor_config.json` as published directories have them, old and sparse ones too.
@Suite struct HuggingFaceConfigurationTests {
    private func model(_ json: String) throws -> ModelConfiguration {
        try HuggingFaceConfiguration.model(ConfigurationObject(Data(json.utf8), source: "config.json"))
    }

    private func preprocess(_ json: String) throws -> PreprocessConfiguration {
        try PreprocessConfiguration(
            huggingFace: ConfigurationObject(Data(json.utf8), source: "preprocessor_config.json"), imageSize: 224)
    }

    private func towers(
        _ model: ModelConfiguration
    ) throws -> (VisionTransformerConfiguration, TextTransformerConfiguration) {
        guard let vision = model.vision as? VisionTransformerConfiguration,
            let text = model.text as? TextTransformerConfiguration
        else {
            throw CLIPError.emptyChoices(what: "transformers")
        }
        return (vision, text)
    }

    /// What is not said is the library's default: ViT-B/32 with QuickGELU.
    @Test func aSparseCLIPFileIsOpenAIsBase() throws {
        let model = try model(#"{"model_type": "clip", "text_config": {}, "vision_config": {}}"#)
        #expect(model.parameterCount == 151_277_313)
        let (vision, text) = try towers(model)
        #expect(vision.activation == .quickGELU && text.activation == .quickGELU)
        #expect(text.pooling == .firstToken(49_407))
    }

    /// SigLIP's base model says no more than its type: tanh GELU, an attention head, padding that is read.
    @Test func aSparseSigLIPFileIsTheBaseModel() throws {
        let model = try model(#"{"model_type": "siglip", "text_config": {}, "vision_config": {}}"#)
        #expect(model.parameterCount == 203_155_970)
        let (vision, text) = try towers(model)
        #expect(vision.pooling == .attentionHead && vision.activation == .tanhGELU && vision.epsilon == 1e-6)
        #expect(text.pooling == .last && !text.isCausal && text.contextLength == 64)
        #expect(model.initialLogitBias == -10)
    }

    @Test func settingsUnderTheSecondNameCount() throws {
        let (vision, text) = try towers(
            model(
                #"""
                {"model_type": "clip", "projection_dim": 768,
                 "text_config": {"hidden_size": 512}, "text_config_dict": {"hidden_size": 768, "num_attention_heads": 12},
                 "vision_config": null, "vision_config_dict": {"patch_size": 14, "hidden_act": "gelu"}}
                """#))
        #expect(text.width == 768 && text.headCount == 12)
        #expect(vision.patchSize == 14 && vision.activation == .gelu)
    }

    @Test(arguments: [
        (#"{"model_type": "siglip2", "text_config": {}, "vision_config": {}}"#, "model_type"),
        (
            #"{"model_type": "clip", "text_config": {"hidden_act": "relu"}, "vision_config": {}}"#,
            "text_config.hidden_act"
        ),
        (
            #"{"model_type": "clip", "text_config": {}, "vision_config": {"num_channels": 1}}"#,
            "vision_config.num_channels"
        ),
        (
            #"{"model_type": "siglip", "text_config": {}, "vision_config": {"vision_use_head": false}}"#,
            "vision_config.vision_use_head"
        ),
        (
            #"{"model_type": "siglip", "text_config": {"projection_size": 512}, "vision_config": {}}"#,
            "text_config.projection_size"
        ),
        (
            #"{"model_type": "chinese_clip", "text_config": {"position_embedding_type": "relative_key"}, "vision_config": {}}"#,
            "text_config.position_embedding_type"
        ),
        (#"{"model_type": "clip", "text_config": {}}"#, "vision_config"),
    ])
    func whatWouldChangeTheNumbersIsRefusedByKey(_ json: String, _ key: String) {
        let error = #expect(throws: CLIPError.self) { try model(json) }
        guard case .configuration("config.json", let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == key)
    }

    /// The first processors wrote sizes as bare numbers and another class's name.
    @Test func anOldProcessorCropsTheMiddle() throws {
        let found = try preprocess(
            #"{"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224, "resample": 3}"#)
        #expect(found == PreprocessConfiguration(size: 224))
    }

    @Test func chineseCLIPSquashes() throws {
        let found = try preprocess(
            #"""
            {"image_processor_type": "ChineseCLIPImageProcessor", "do_center_crop": false,
             "size": {"height": 224, "width": 224}, "crop_size": {"height": 224, "width": 224}}
            """#)
        #expect(found.resizeMode == .squash && found.mean == PreprocessConfiguration.clipMean)
    }

    @Test(arguments: [
        (#"{"do_normalize": false}"#, "do_normalize"), (#"{"resample": 0}"#, "resample"),
        (#"{"size": {"shortest_edge": 256}, "crop_size": 224}"#, "size"),
        (#"{"rescale_factor": 1}"#, "rescale_factor"), (#"{"size": {"height": 224, "width": 112}}"#, "size"),
        (#"{"crop_size": 192}"#, "crop_size"), (#"{"image_std": [0, 1, 1]}"#, "image_std"),
    ])
    func otherPreparationIsRefusedByKey(_ json: String, _ key: String) {
        let error = #expect(throws: CLIPError.self) { try preprocess(json) }
        guard case .configuration(_, let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == key)
    }
}
