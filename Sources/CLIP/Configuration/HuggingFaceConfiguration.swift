import Foundation
import TorchNN

/// Shapes as Hugging Face's `config.json` states them: `clip`, `siglip` (also SigLIP 2 of fixed resolution) and
/// `chinese_clip`.
///
/// These files carry dozens of settings of the library that wrote them; what changes a model's numbers is read or
/// refused, the rest is let be.
enum HuggingFaceConfiguration {
    /// Kinds of model that are read.
    enum Family: String, CaseIterable {
        case clip
        case sigLIP = "siglip"
        case chineseCLIP = "chinese_clip"
    }

    static func family(_ object: ConfigurationObject) throws -> Family {
        let name = try object.string("model_type", default: "")
        guard let family = Family(rawValue: name) else {
            let known = Family.allCases.map(\.rawValue).joined(separator: ", ")
            throw object.problem("model_type", "\"\(name)\" is not supported. Known: \(known)")
        }
        return family
    }

    static func model(_ object: ConfigurationObject) throws -> ModelConfiguration {
        let family = try family(object)
        // Old files repeat a tower's settings under a second name, which counts for the library.
        let vision = try object.object("vision_config", replacedBy: "vision_config_dict")
        let text = try object.object("text_config", replacedBy: "text_config_dict")
        let model: ModelConfiguration
        switch family {
        case .clip: model = try clip(object, vision, text)
        case .sigLIP: model = try sigLIP(object, vision, text)
        case .chineseCLIP: model = try chineseCLIP(object, vision, text)
        }
        try model.validate(source: object.source)
        return model
    }

    private static func clip(
        _ object: ConfigurationObject, _ vision: ConfigurationObject, _ text: ConfigurationObject
    ) throws -> ModelConfiguration {
        var tower = TextTransformerConfiguration(
            width: try text.size("hidden_size", default: 512),
            headCount: try text.size("num_attention_heads", default: 8),
            layers: try text.size("num_hidden_layers", default: 12))
        tower.contextLength = try text.size("max_position_embeddings", default: 77)
        tower.vocabularySize = try text.size("vocab_size", default: 49_408)
        tower.feedForwardRatio = try text.hiddenRatio(width: tower.width, default: 2048)
        tower.activation = try text.activation("hidden_act", default: .quickGELU)
        tower.epsilon = try text.real("layer_norm_eps", default: 1e-5)
        // The first configurations said 2 and meant the highest id, which is end-of-text; the library still reads
        // them so.
        let end = try text.natural("eos_token_id") ?? 49_407
        tower.pooling = end == 2 ? .highestToken : .firstToken(Int32(clamping: end))
        tower.padToken = Int32(clamping: end == 2 ? tower.vocabularySize - 1 : end)
        var model = ModelConfiguration(
            embeddingSize: try object.size("projection_dim", default: 512),
            vision: .transformer(try visionTower(vision, activation: .quickGELU, patchSize: 32)),
            text: .transformer(tower))
        model.initialLogitScale = try object.real("logit_scale_init_value", default: 2.6592)
        return model
    }

    private static func visionTower(
        _ object: ConfigurationObject, activation: Activation, patchSize: Int
    ) throws -> VisionTransformerConfiguration {
        let width = try object.size("hidden_size", default: 768)
        let heads = try object.size("num_attention_heads", default: 12)
        guard width % heads == 0 else {
            throw object.problem("num_attention_heads", "\(heads) does not divide the width \(width)")
        }
        if try object.size("num_channels", default: 3) != 3 { throw object.problem("num_channels", "3 is needed") }
        var tower = VisionTransformerConfiguration(
            imageSize: try object.squareSize("image_size", default: 224),
            patchSize: try object.squareSize("patch_size", default: patchSize), width: width,
            layers: try object.size("num_hidden_layers", default: 12), headWidth: width / heads)
        tower.feedForwardRatio = try object.hiddenRatio(width: width, default: 3072)
        tower.activation = try object.activation("hidden_act", default: activation)
        tower.epsilon = try object.real("layer_norm_eps", default: 1e-5)
        return tower
    }

    private static func sigLIP(
        _ object: ConfigurationObject, _ vision: ConfigurationObject, _ text: ConfigurationObject
    ) throws -> ModelConfiguration {
        guard try vision.flag("vision_use_head", default: true) else {
            throw vision.problem("vision_use_head", "a model without the pooling head gives no embeddings")
        }
        let shape = try visionTower(vision, activation: .tanhGELU, patchSize: 16)
        var tower = VisionTransformerConfiguration.sigLIP(
            imageSize: shape.imageSize, patchSize: shape.patchSize, width: shape.width, layers: shape.layers,
            headCount: shape.headCount, hiddenWidth: shape.hiddenWidth)
        tower.activation = shape.activation
        tower.epsilon = try vision.real("layer_norm_eps", default: 1e-6)
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
        let embeddingSize = try text.size("projection_size", default: words.width)
        guard embeddingSize == tower.width else {
            throw text.problem("projection_size", "\(embeddingSize) is not the image tower's width \(tower.width)")
        }
        var model = ModelConfiguration(
            embeddingSize: embeddingSize, vision: .transformer(tower), text: .transformer(words))
        // The paper's start (arXiv 2303.15343, section 3.2). Hugging Face's own from-scratch start of 0 and 0 does not
        // learn.
        model.initialLogitScale = log(10)
        model.initialLogitBias = -10
        return model
    }

    private static func chineseCLIP(
        _ object: ConfigurationObject, _ vision: ConfigurationObject, _ text: ConfigurationObject
    ) throws -> ModelConfiguration {
        let positions = try text.string("position_embedding_type", default: "absolute")
        guard positions == "absolute" else {
            throw text.problem("position_embedding_type", "\"\(positions)\" is not supported: use absolute")
        }
        var tower = BERTConfiguration(
            width: try text.size("hidden_size", default: 768),
            headCount: try text.size("num_attention_heads", default: 12),
            layers: try text.size("num_hidden_layers", default: 12),
            hiddenWidth: try text.size("intermediate_size", default: 3072))
        tower.vocabularySize = try text.size("vocab_size", default: 30_522)
        tower.positionCount = try text.size("max_position_embeddings", default: 512)
        tower.contextLength = min(tower.contextLength, tower.positionCount)
        tower.typeCount = try text.size("type_vocab_size", default: 2)
        tower.activation = try text.activation("hidden_act", default: .gelu)
        tower.epsilon = try text.real("layer_norm_eps", default: 1e-12)
        tower.padToken = Int32(clamping: try text.natural("pad_token_id") ?? 0)
        var model = ModelConfiguration(
            embeddingSize: try object.size("projection_dim", default: 512),
            vision: .transformer(try visionTower(vision, activation: .quickGELU, patchSize: 32)), text: .bert(tower))
        model.initialLogitScale = try object.real("logit_scale_init_value", default: 2.6592)
        return model
    }
}

extension ConfigurationObject {
    /// Hugging Face's names of the non-linearities that CLIP's descendants use.
    fileprivate func activation(_ key: String, default fallback: Activation) throws -> Activation {
        guard has(key) else { return fallback }
        let name = try string(key, default: "")
        guard let activation = Activation(huggingFace: name) else {
            throw problem(key, "\"\(name)\" is not supported: use quick_gelu, gelu or gelu_pytorch_tanh")
        }
        return activation
    }

    fileprivate func hiddenRatio(width: Int, default fallback: Int) throws -> Double {
        VisionTransformerConfiguration.ratio(try size("intermediate_size", default: fallback), over: width)
    }
}

extension Activation {
    init?(huggingFace name: String) {
        switch name {
        case "quick_gelu": self = .quickGELU
        case "gelu": self = .gelu
        case "gelu_pytorch_tanh", "gelu_new": self = .tanhGELU
        default: return nil
        }
    }

    /// What Hugging Face's `hidden_act` calls it.
    var huggingFaceName: String {
        switch self {
        case .quickGELU: "quick_gelu"
        case .gelu: "gelu"
        case .tanhGELU: "gelu_pytorch_tanh"
        }
    }
}
