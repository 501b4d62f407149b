import TorchNN

extension HuggingFaceConfiguration {
    /// The family a shape belongs to, as Hugging Face's library has it; nil for one it has no class for.
    static func family(of model: ModelConfiguration) -> Family? {
        guard case .transformer(let vision) = model.vision, model.captionDecoder == nil else { return nil }
        switch model.text {
        case .bert where vision.isPlain: return .chineseCLIP
        case .bert: return nil
        case .transformer(let text):
            guard !text.hasClassEmbedding, text.layerScale == nil else { return nil }
            if vision.isPlain, text.isCausal, text.projection == .matrix, model.initialLogitBias == nil {
                if case .highestToken = text.pooling { return .clip }
                // There, 2 would mean the highest id.
                if case .firstToken(let id) = text.pooling, id != 2 { return .clip }
                return nil
            }
            let isSigLIP = vision.isSigLIP && !text.isCausal && text.pooling == .last && text.projection == .linear
            return isSigLIP && model.initialLogitBias != nil ? .sigLIP : nil
        }
    }

    /// `config.json` of a model.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape that Hugging Face's library has no class for.
    static func object(of model: ModelConfiguration) throws -> [String: Any] {
        guard let family = family(of: model), case .transformer(let vision) = model.vision else {
            throw CLIPError.unsupportedConversion(what: "towers that Hugging Face's CLIP classes do not have")
        }
        var visionObject: [String: Any] = [
            "hidden_act": vision.activation.huggingFaceName, "hidden_size": vision.width,
            "image_size": vision.imageSize, "intermediate_size": vision.hiddenWidth,
            "layer_norm_eps": vision.epsilon, "num_attention_heads": vision.headCount, "num_channels": 3,
            "num_hidden_layers": vision.layers, "patch_size": vision.patchSize,
        ]
        var object: [String: Any] = ["model_type": family.rawValue]
        switch family {
        case .clip:
            object["architectures"] = ["CLIPModel"]
            visionObject["model_type"] = "clip_vision_model"
        case .sigLIP:
            object["architectures"] = ["SiglipModel"]
            visionObject["model_type"] = "siglip_vision_model"
        case .chineseCLIP:
            object["architectures"] = ["ChineseCLIPModel"]
            visionObject["model_type"] = "chinese_clip_vision_model"
        }
        if family != .sigLIP {
            object["projection_dim"] = model.embeddingSize
            object["logit_scale_init_value"] = model.initialLogitScale
            visionObject["projection_dim"] = model.embeddingSize
        }
        object["vision_config"] = visionObject
        object["text_config"] = textObject(of: model)
        return object
    }

    private static func textObject(of model: ModelConfiguration) -> [String: Any] {
        switch model.text {
        case .transformer(let tower):
            var object: [String: Any] = [
                "hidden_act": tower.activation.huggingFaceName, "hidden_size": tower.width,
                "intermediate_size": tower.hiddenWidth, "layer_norm_eps": tower.epsilon,
                "max_position_embeddings": tower.contextLength, "num_attention_heads": tower.headCount,
                "num_hidden_layers": tower.layers, "vocab_size": tower.vocabularySize,
            ]
            if tower.pooling == .last {
                object["model_type"] = "siglip_text_model"
                object["projection_size"] = model.embeddingSize
                object["pad_token_id"] = Int(tower.padToken)
                return object
            }
            object["model_type"] = "clip_text_model"
            object["projection_dim"] = model.embeddingSize
            object["bos_token_id"] = 49_406
            // 2 stands for "the highest id"; see the reading side.
            if case .firstToken(let id) = tower.pooling {
                object["eos_token_id"] = Int(id)
            } else {
                object["eos_token_id"] = 2
            }
            return object
        case .bert(let tower):
            return [
                "model_type": "chinese_clip_text_model", "hidden_act": tower.activation.huggingFaceName,
                "hidden_size": tower.width, "intermediate_size": tower.hiddenWidth, "layer_norm_eps": tower.epsilon,
                "max_position_embeddings": tower.positionCount, "num_attention_heads": tower.headCount,
                "num_hidden_layers": tower.layers, "vocab_size": tower.vocabularySize,
                "type_vocab_size": tower.typeCount, "pad_token_id": Int(tower.padToken),
                "position_embedding_type": "absolute",
            ]
        }
    }
}

extension VisionTransformerConfiguration {
    /// OpenAI's own shape: class token, norm before the blocks, projection.
    var isPlain: Bool {
        pooling == .token && layerScale == nil && hasClassToken && !hasPatchBias && hasPreNorm && hasProjection
            && !hasHiddenProjection
    }

    var isSigLIP: Bool {
        pooling == .attentionHead && !hasClassToken && hasPatchBias && !hasPreNorm && !hasProjection
    }
}
