/// Hugging Face's `clip`: OpenAI's shapes.
enum HuggingFaceCLIP: HuggingFaceModel {
    static let modelType = "clip"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let (vision, text) = try object.huggingFaceTowers()
        var model = ModelConfiguration(
            embeddingSize: try object.size("projection_dim", default: 512),
            vision: try VisionTransformerConfiguration(huggingFace: vision, activation: .quickGELU, patchSize: 32),
            text: try TextTransformerConfiguration(huggingFaceCLIP: text))
        model.initialLogitScale = try object.real("logit_scale_init_value", default: 2.6592)
        return model
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard let vision = model.vision as? VisionTransformerConfiguration, vision.isPlain,
            model.initialLogitBias == nil, model.captionDecoder == nil,
            let text = model.text as? TextTransformerConfiguration, text.projection == .matrix,
            var textObject = text.huggingFaceCLIPObject
        else { return nil }
        textObject["projection_dim"] = model.embeddingSize
        var visionObject = vision.huggingFaceObject
        visionObject["model_type"] = "clip_vision_model"
        visionObject["projection_dim"] = model.embeddingSize
        return [
            "architectures": ["CLIPModel"], "projection_dim": model.embeddingSize,
            "logit_scale_init_value": model.initialLogitScale, "vision_config": visionObject,
            "text_config": textObject,
        ]
    }

    static let layout = ParameterLayout(vision: .huggingFaceVision, text: .huggingFaceText)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String { "CLIPImageProcessor" }
}

extension TextTransformerConfiguration {
    /// Reads what `CLIPTextConfig` states: a `text_config`, or the configuration of a text tower alone.
    init(huggingFaceCLIP text: ConfigurationObject) throws {
        self.init(
            width: try text.size("hidden_size", default: 512),
            headCount: try text.size("num_attention_heads", default: 8),
            layers: try text.size("num_hidden_layers", default: 12))
        contextLength = try text.size("max_position_embeddings", default: 77)
        vocabularySize = try text.size("vocab_size", default: 49_408)
        feedForwardRatio = try text.hiddenRatio(width: width, default: 2048)
        activation = try text.activation("hidden_act", default: .quickGELU)
        epsilon = try text.real("layer_norm_eps", default: 1e-5)
        // The first configurations said 2 and meant the highest id, which is end-of-text; the library still reads
        // them so.
        let end = try text.natural("eos_token_id") ?? 49_407
        pooling = end == 2 ? .highestToken : .firstToken(Int32(clamping: end))
        padToken = Int32(clamping: end == 2 ? vocabularySize - 1 : end)
    }

    /// `CLIPTextConfig` but for the size it projects to; nil for a tower of another shape than that class has.
    var huggingFaceCLIPObject: [String: Any]? {
        guard hasHuggingFaceBlocks, isCausal else { return nil }
        var object = huggingFaceObject
        object["model_type"] = "clip_text_model"
        object["bos_token_id"] = 49_406
        switch pooling {
        // 2 stands for "the highest id"; see the reading side.
        case .highestToken: object["eos_token_id"] = 2
        case .firstToken(let id) where id != 2: object["eos_token_id"] = Int(id)
        case .firstToken, .last, .first: return nil
        }
        return object
    }

    /// Whether the blocks are those of Hugging Face's classes.
    var hasHuggingFaceBlocks: Bool { !hasClassEmbedding && layerScale == nil }

    /// What every class's `text_config` states.
    var huggingFaceObject: [String: Any] {
        [
            "hidden_act": activation.huggingFaceName, "hidden_size": width, "intermediate_size": hiddenWidth,
            "layer_norm_eps": epsilon, "max_position_embeddings": contextLength, "num_attention_heads": headCount,
            "num_hidden_layers": layers, "vocab_size": vocabularySize,
        ]
    }
}
