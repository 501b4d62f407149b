/// Hugging Face's `chinese_clip`.
enum HuggingFaceChineseCLIP: HuggingFaceModel {
    static let modelType = "chinese_clip"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let (vision, text) = try object.huggingFaceTowers()
        var model = ModelConfiguration(
            embeddingSize: try object.size("projection_dim", default: 512),
            vision: try VisionTransformerConfiguration(huggingFace: vision, activation: .quickGELU, patchSize: 32),
            text: try BERTConfiguration(huggingFace: text))
        model.initialLogitScale = try object.real("logit_scale_init_value", default: 2.6592)
        return model
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard let vision = model.vision as? VisionTransformerConfiguration, vision.isPlain,
            let text = model.text as? BERTConfiguration, !text.isOpenCLIPs, model.captionDecoder == nil
        else { return nil }
        var visionObject = vision.huggingFaceObject
        visionObject["model_type"] = "chinese_clip_vision_model"
        visionObject["projection_dim"] = model.embeddingSize
        return [
            "architectures": ["ChineseCLIPModel"], "projection_dim": model.embeddingSize,
            "logit_scale_init_value": model.initialLogitScale, "vision_config": visionObject,
            "text_config": text.huggingFaceObject,
        ]
    }

    static let layout = ParameterLayout(vision: .huggingFaceVision, text: .chineseHuggingFaceText)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String { "ChineseCLIPImageProcessor" }
}

extension BERTConfiguration {
    /// Reads a `text_config`.
    init(huggingFace text: ConfigurationObject) throws {
        let positions = try text.string("position_embedding_type", default: "absolute")
        guard positions == "absolute" else {
            throw text.problem("position_embedding_type", "\"\(positions)\" is not supported: use absolute")
        }
        self.init(
            width: try text.size("hidden_size", default: 768),
            headCount: try text.size("num_attention_heads", default: 12),
            layers: try text.size("num_hidden_layers", default: 12),
            hiddenWidth: try text.size("intermediate_size", default: 3072))
        vocabularySize = try text.size("vocab_size", default: 30_522)
        positionCount = try text.size("max_position_embeddings", default: 512)
        contextLength = min(contextLength, positionCount)
        typeCount = try text.size("type_vocab_size", default: 2)
        activation = try text.activation("hidden_act", default: .gelu)
        epsilon = try text.real("layer_norm_eps", default: 1e-12)
        padToken = Int32(clamping: try text.natural("pad_token_id") ?? 0)
    }

    /// What ``init(huggingFace:)`` reads back.
    var huggingFaceObject: [String: Any] {
        [
            "model_type": "chinese_clip_text_model", "hidden_act": activation.huggingFaceName, "hidden_size": width,
            "intermediate_size": hiddenWidth, "layer_norm_eps": epsilon, "max_position_embeddings": positionCount,
            "num_attention_heads": headCount, "num_hidden_layers": layers, "vocab_size": vocabularySize,
            "type_vocab_size": typeCount, "pad_token_id": Int(padToken), "position_embedding_type": "absolute",
        ]
    }
}
