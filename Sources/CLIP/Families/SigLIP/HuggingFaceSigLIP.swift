import Foundation
import TorchNN

/// Hugging Face's `siglip`, also SigLIP 2 of fixed resolution.
enum HuggingFaceSigLIP: HuggingFaceModel {
    static let modelType = "siglip"

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let (vision, text) = try object.huggingFaceTowers()
        let tower = try VisionTransformerConfiguration(huggingFaceSigLIP: vision)
        let words = try textTower(text)
        let embeddingSize = try text.size("projection_size", default: words.width)
        guard embeddingSize == tower.width else {
            throw text.problem("projection_size", "\(embeddingSize) is not the image tower's width \(tower.width)")
        }
        var model = ModelConfiguration(embeddingSize: embeddingSize, vision: tower, text: words)
        // The paper's start (arXiv 2303.15343, section 3.2). Hugging Face's own from-scratch start of 0 and 0 does not
        // learn.
        model.initialLogitScale = log(10)
        model.initialLogitBias = -10
        return model
    }

    private static func textTower(_ text: ConfigurationObject) throws -> TextTransformerConfiguration {
        var words = TextTransformerConfiguration(
            width: try text.size("hidden_size", default: 768),
            headCount: try text.size("num_attention_heads", default: 12),
            layers: try text.size("num_hidden_layers", default: 12))
        words.contextLength = try text.size("max_position_embeddings", default: 64)
        words.vocabularySize = try text.size("vocab_size", default: 32_000)
        words.feedForwardRatio = try text.hiddenRatio(width: words.width, default: 3072)
        words.activation = try text.activation("hidden_act", default: .tanhGELU)
        words.epsilon = try text.real("layer_norm_eps", default: 1e-6)
        words.isCausal = false
        words.pooling = .last
        words.projection = .linear
        words.padToken = Int32(clamping: try text.natural("pad_token_id") ?? 1)
        return words
    }

    static func object(of model: ModelConfiguration) -> [String: Any]? {
        guard let vision = model.vision as? VisionTransformerConfiguration, vision.isSigLIP,
            let text = model.text as? TextTransformerConfiguration, text.hasHuggingFaceBlocks, !text.isCausal,
            text.pooling == .last, text.projection == .linear, model.initialLogitBias != nil,
            model.captionDecoder == nil
        else { return nil }
        var visionObject = vision.huggingFaceObject
        visionObject["model_type"] = "siglip_vision_model"
        var textObject = text.huggingFaceObject
        textObject["model_type"] = "siglip_text_model"
        textObject["projection_size"] = model.embeddingSize
        textObject["pad_token_id"] = Int(text.padToken)
        return ["architectures": ["SiglipModel"], "vision_config": visionObject, "text_config": textObject]
    }

    static let layout = ParameterLayout(vision: .sigLIPHuggingFaceVision, text: .sigLIPHuggingFaceText)

    static func imageProcessor(for preprocessing: PreprocessConfiguration) -> String {
        // SigLIP's own class cannot cut the middle out.
        preprocessing.resizeMode == .shortest ? "CLIPImageProcessor" : "SiglipImageProcessor"
    }
}

extension VisionTransformerConfiguration {
    /// Reads what `SiglipVisionConfig` states: a `vision_config`, or the configuration of an image tower alone.
    init(huggingFaceSigLIP vision: ConfigurationObject) throws {
        guard try vision.flag("vision_use_head", default: true) else {
            throw vision.problem("vision_use_head", "a model without the pooling head gives no embeddings")
        }
        let shape = try Self(huggingFace: vision, activation: .tanhGELU, patchSize: 16)
        self = .sigLIP(
            imageSize: shape.imageSize, patchSize: shape.patchSize, width: shape.width, layers: shape.layers,
            headCount: shape.headCount, hiddenWidth: shape.hiddenWidth)
        activation = shape.activation
        epsilon = try vision.real("layer_norm_eps", default: 1e-6)
    }
}
