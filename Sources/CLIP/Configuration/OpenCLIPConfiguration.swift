import Foundation
import TorchNN

/// Reading and writing shapes as open_clip's `model_cfg` states them.
extension ModelConfiguration {
    /// Reads `model_cfg`, or a file that holds only that.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)``.
    init(_ object: ConfigurationObject) throws {
        let activation: Activation = try object.flag("quick_gelu", default: false) ? .quickGELU : .gelu
        let embeddingSize = try object.size("embed_dim")
        let vision = try object.object("vision_cfg")
        let text = try object.object("text_cfg")
        self.init(
            embeddingSize: embeddingSize,
            vision: try Vision(openCLIP: vision, activation: activation, embeddingSize: embeddingSize),
            text: try Text(openCLIP: text, activation: activation))
        _ = try object.flag("custom_text", default: false)  // only the weights' names differ
        if object.has("init_logit_bias") { initialLogitBias = try object.real("init_logit_bias", default: 0) }
        initialLogitScale = try object.real("init_logit_scale", default: initialLogitScale)
        if object.has("multimodal_cfg") {
            captionDecoder = try CaptionDecoderConfiguration(
                openCLIP: object.object("multimodal_cfg"), activation: activation)
        }
        try object.refuseOthers()
        try validate(source: object.source)
    }
}

extension ModelConfiguration.Vision {
    init(openCLIP object: ConfigurationObject, activation: Activation, embeddingSize: Int) throws {
        let imageSize = try object.squareSize("image_size", default: 224)
        if object.has("timm_model_name") {
            self = try TimmTowers.vision(object, imageSize: imageSize, embeddingSize: embeddingSize)
            return
        }
        if let layers = try object.sizes("layers") {
            guard layers.count == 4 else { throw object.problem("layers", "four numbers are needed for a ResNet") }
            let width = try object.size("width", default: 64)
            let headWidth = try object.size("head_width", default: 64)
            _ = try object.natural("patch_size")
            self = .resNet(
                ResNetConfiguration(
                    imageSize: imageSize, layers: layers, width: width, headCount: width * 32 / headWidth))
            try object.refuseOthers()
            return
        }
        var tower = VisionTransformerConfiguration(
            imageSize: imageSize,
            patchSize: try object.size("patch_size", default: 16),
            width: try object.size("width", default: 768),
            layers: try object.size("layers", default: 12),
            headWidth: try object.size("head_width", default: 64))
        tower.feedForwardRatio = try object.real("mlp_ratio", default: 4)
        tower.activation = try object.activation(default: activation)
        tower.epsilon = try object.epsilon(default: 1e-5)
        tower.layerScale = try object.layerScale()
        tower.hasPreNorm = try !object.flag("no_ln_pre", default: false)
        _ = try object.real("patch_dropout", default: 0)  // in training only
        _ = try object.flag("output_tokens", default: false)
        tower.pooling = try Self.pooling(object)
        // open_clip itself has no such key here: a model with "mlp" is this package's.
        switch try object.string("proj_type", default: "linear") {
        case "linear": break
        case "mlp": tower.hasHiddenProjection = true
        case let other: throw object.problem("proj_type", "\"\(other)\" is not supported: use linear or mlp")
        }
        try object.refuseOthers(except: ["pos_embed_type": "learnable", "timm_pool": "avg"])
        self = .transformer(tower)
    }

    private static func pooling(_ object: ConfigurationObject) throws -> VisionTransformerConfiguration.Pooling {
        if try object.flag("attentional_pool", default: false) {
            return .attentionalPooler(
                queries: try object.size("attn_pooler_queries", default: 256),
                headCount: try object.size("attn_pooler_heads", default: 8))
        }
        _ = try object.natural("attn_pooler_queries")
        _ = try object.natural("attn_pooler_heads")
        let normAfter = try object.flag("final_ln_after_pool", default: false)
        switch try object.string("pool_type", default: "tok") {
        case "tok": return .token
        case "avg": return .average(normAfter: normAfter)
        case let other: throw object.problem("pool_type", "\"\(other)\" is not supported: use tok or avg")
        }
    }
}

extension ModelConfiguration.Text {
    init(openCLIP object: ConfigurationObject, activation: Activation) throws {
        if object.has("hf_model_name") {
            throw object.problem("hf_model_name", "text towers from Hugging Face's library are not supported here")
        }
        var tower = TextTransformerConfiguration(
            width: try object.size("width", default: 512),
            headCount: try object.size("heads", default: 8),
            layers: try object.size("layers", default: 12))
        tower.contextLength = try object.size("context_length", default: 77)
        tower.vocabularySize = try object.size("vocab_size", default: 49_408)
        tower.feedForwardRatio = try object.real("mlp_ratio", default: 4)
        tower.activation = try object.activation(default: activation)
        tower.epsilon = try object.epsilon(default: 1e-5)
        tower.layerScale = try object.layerScale()
        tower.isCausal = try !object.flag("no_causal_mask", default: false)
        tower.hasClassEmbedding = try object.flag("embed_cls", default: false)
        _ = try object.flag("output_tokens", default: false)
        // The tokenizer is chosen by the files beside the weights; these say which it was.
        _ = try object.string("hf_tokenizer_name", default: "")
        if object.has("tokenizer_kwargs") { try TextCleaningNames.check(object.object("tokenizer_kwargs")) }
        tower.padToken = Int32(clamping: try object.natural("pad_id") ?? 0)
        let end = try object.natural("eos_id") ?? 2
        switch try object.string("pool_type", default: "argmax") {
        case "argmax": tower.pooling = .highestToken
        case "eos": tower.pooling = .firstToken(Int32(clamping: end))
        case "last": tower.pooling = .last
        case "first": tower.pooling = .first
        case let other:
            throw object.problem("pool_type", "\"\(other)\" is not supported: use argmax, eos, last or first")
        }
        let hasBias = try object.flag("proj_bias", default: false)
        switch try object.string("proj_type", default: "linear") {
        case "linear": tower.projection = hasBias ? .linear : .matrix
        case "mlp" where !hasBias: tower.projection = .mlp
        case "none": tower.projection = .none
        case let other:
            throw object.problem("proj_type", "\"\(other)\" is not supported: use linear, mlp (without bias) or none")
        }
        try object.refuseOthers()
        self = .transformer(tower)
    }
}

extension CaptionDecoderConfiguration {
    init(openCLIP object: ConfigurationObject, activation: Activation) throws {
        self.init(
            width: try object.size("width", default: 512), headCount: try object.size("heads", default: 8),
            layers: try object.size("layers", default: 12))
        contextLength = try object.size("context_length", default: 76)
        vocabularySize = try object.size("vocab_size", default: 49_408)
        feedForwardRatio = try object.real("mlp_ratio", default: 4)
        self.activation = activation
        // open_clip's decoder has no use for these, which its configurations state all the same.
        for key in ["attn_pooler_heads", "attn_pooler_queries", "n_queries", "dim_head"] { _ = try object.natural(key) }
        try object.refuseOthers()
    }
}

extension ConfigurationObject {
    /// `act_kwargs`: only GELU's approximation can be chosen.
    fileprivate func activation(default fallback: Activation) throws -> Activation {
        guard has("act_kwargs") else { return fallback }
        let options = try object("act_kwargs")
        let approximation = try options.string("approximate", default: "none")
        try options.refuseOthers()
        switch approximation {
        case "none": return fallback
        case "tanh" where fallback == .gelu: return .tanhGELU
        default: throw options.problem("approximate", "\"\(approximation)\" is not supported: use none or tanh")
        }
    }

    /// `ls_init_value`; null or 0 for none.
    fileprivate func layerScale() throws -> Double? {
        let start = try real("ls_init_value", default: 0)
        return start == 0 ? nil : start
    }

    /// `norm_kwargs`: only what is added to the variance can be chosen.
    fileprivate func epsilon(default fallback: Double) throws -> Double {
        guard has("norm_kwargs") else { return fallback }
        let options = try object("norm_kwargs")
        let epsilon = try options.real("eps", default: fallback)
        guard epsilon >= 0, epsilon < 1 else { throw options.problem("eps", "a number from 0 to 1 is needed") }
        try options.refuseOthers()
        return epsilon
    }
}

/// `tokenizer_kwargs` of open_clip.
enum TextCleaningNames {
    static func check(_ object: ConfigurationObject) throws {
        switch try object.string("clean", default: "canonicalize") {
        case "canonicalize": break
        case let other: throw object.problem("clean", "\"\(other)\" is not supported: use canonicalize")
        }
        try object.refuseOthers()
    }
}
