import TorchNN

extension ModelConfiguration {
    /// The object open_clip reads back as `model_cfg`.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape open_clip has no words for.
    func openCLIPObject() throws -> [String: Any] {
        var object: [String: Any] = ["embed_dim": embeddingSize]
        let activation = try sharedActivation()
        object["quick_gelu"] = activation == .quickGELU
        object["vision_cfg"] = try vision.openCLIPObject()
        guard case .transformer(let text) = text else {
            throw CLIPError.unsupportedConversion(what: "a BERT text tower in open_clip's own layout")
        }
        object["text_cfg"] = text.openCLIPObject(quickGELU: activation == .quickGELU)
        if usesCustomText { object["custom_text"] = true }
        if initialLogitScale != DualEncoder.initialLogitScale { object["init_logit_scale"] = initialLogitScale }
        if let initialLogitBias { object["init_logit_bias"] = initialLogitBias }
        if let decoder = captionDecoder {
            object["multimodal_cfg"] = [
                "context_length": decoder.contextLength, "vocab_size": decoder.vocabularySize, "width": decoder.width,
                "heads": decoder.headCount, "layers": decoder.layers, "mlp_ratio": decoder.feedForwardRatio,
            ]
        }
        return object
    }

    /// Whether open_clip keeps the text tower apart, under `text.`.
    var usesCustomText: Bool {
        if captionDecoder != nil || initialLogitBias != nil { return true }
        if case .eva = vision { return true }
        return false
    }

    /// open_clip has one switch for both towers' QuickGELU.
    private func sharedActivation() throws -> Activation {
        guard case .transformer(let text) = text else { return .gelu }
        if case .transformer(let vision) = vision {
            guard (vision.activation == .quickGELU) == (text.activation == .quickGELU) else {
                throw CLIPError.unsupportedConversion(
                    what: "QuickGELU in one tower only, which open_clip's configuration cannot state")
            }
        }
        return text.activation
    }
}

extension ModelConfiguration.Vision {
    func openCLIPObject() throws -> [String: Any] {
        switch self {
        case .resNet(let tower):
            return [
                "image_size": tower.imageSize, "layers": tower.layers, "width": tower.width,
                "head_width": tower.outputWidth / tower.headCount,
            ]
        case .transformer(let tower) where tower.pooling != .attentionHead: return tower.openCLIPObject
        case .transformer, .eva:
            guard let name = TimmTowers.name(of: self) else {
                throw CLIPError.unsupportedConversion(what: "an image tower of a size that timm has no name for")
            }
            var object: [String: Any] = [
                "image_size": imageSize, "timm_model_name": name, "timm_model_pretrained": false,
            ]
            if case .eva = self {
                object["timm_pool"] = "token"
            } else {
                object["timm_pool"] = "map"
                object["timm_proj"] = "none"
            }
            return object
        }
    }
}

extension VisionTransformerConfiguration {
    fileprivate var openCLIPObject: [String: Any] {
        var object: [String: Any] = [
            "image_size": imageSize, "patch_size": patchSize, "width": width, "layers": layers,
            "head_width": headWidth,
        ]
        if feedForwardRatio != 4 { object["mlp_ratio"] = feedForwardRatio }
        if let layerScale { object["ls_init_value"] = layerScale }
        if !hasPreNorm { object["no_ln_pre"] = true }
        if epsilon != 1e-5 { object["norm_kwargs"] = ["eps": epsilon] }
        if activation == .tanhGELU { object["act_kwargs"] = ["approximate": "tanh"] }
        if hasHiddenProjection { object["proj_type"] = "mlp" }
        switch pooling {
        case .token, .attentionHead: break
        case .average(let normAfter):
            object["pool_type"] = "avg"
            if normAfter { object["final_ln_after_pool"] = true }
        case .attentionalPooler(let queries, let headCount):
            object["attentional_pool"] = true
            object["attn_pooler_queries"] = queries
            object["attn_pooler_heads"] = headCount
            object["output_tokens"] = true
        }
        return object
    }
}

extension TextTransformerConfiguration {
    fileprivate func openCLIPObject(quickGELU: Bool) -> [String: Any] {
        var object: [String: Any] = [
            "context_length": contextLength, "vocab_size": vocabularySize, "width": width, "heads": headCount,
            "layers": layers,
        ]
        if feedForwardRatio != 4 { object["mlp_ratio"] = feedForwardRatio }
        if let layerScale { object["ls_init_value"] = layerScale }
        if !isCausal { object["no_causal_mask"] = true }
        if epsilon != 1e-5 { object["norm_kwargs"] = ["eps": epsilon] }
        if activation == .tanhGELU { object["act_kwargs"] = ["approximate": "tanh"] }
        if hasClassEmbedding {
            object["embed_cls"] = true
            object["output_tokens"] = true
        }
        if padToken != 0 { object["pad_id"] = Int(padToken) }
        switch pooling {
        case .highestToken: break
        case .firstToken(let id):
            object["pool_type"] = "eos"
            object["eos_id"] = Int(id)
        case .last: object["pool_type"] = "last"
        case .first: object["pool_type"] = "first"
        }
        switch projection {
        case .matrix: break
        case .linear: object["proj_bias"] = true
        case .mlp: object["proj_type"] = "mlp"
        case .none: object["proj_type"] = "none"
        }
        return object
    }
}
