extension TextTransformerConfiguration {
    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        if object.has("hf_model_name") { return nil }
        var tower = Self(
            width: try object.size("width", default: 512),
            headCount: try object.size("heads", default: 8),
            layers: try object.size("layers", default: 12))
        tower.contextLength = try object.size("context_length", default: 77)
        tower.vocabularySize = try object.size("vocab_size", default: 49_408)
        tower.feedForwardRatio = try object.real("mlp_ratio", default: 4)
        tower.activation = try object.openCLIPActivation(default: model.activation)
        tower.epsilon = try object.openCLIPEpsilon(default: 1e-5)
        tower.layerScale = try object.openCLIPLayerScale()
        tower.isCausal = try !object.flag("no_causal_mask", default: false)
        tower.hasClassEmbedding = try object.flag("embed_cls", default: false)
        _ = try object.flag("output_tokens", default: false)
        // In EVA-CLIP's files: how it is computed.
        for key in ["xattn", "fusedLN"] { _ = try object.flag(key, default: false) }
        // The tokenizer is chosen by the files beside the weights; these say which it was.
        _ = try object.string("hf_tokenizer_name", default: "")
        if object.has("tokenizer_kwargs") { try checkCleaning(object.object("tokenizer_kwargs")) }
        tower.padToken = Int32(clamping: try object.natural("pad_id") ?? 0)
        tower.pooling = try pooling(object)
        let hasBias = try object.flag("proj_bias", default: false)
        switch try object.string("proj_type", default: "linear") {
        case "linear": tower.projection = hasBias ? .linear : .matrix
        case "mlp" where !hasBias: tower.projection = .mlp
        case "none": tower.projection = .none
        case let other:
            throw object.problem("proj_type", "\"\(other)\" is not supported: use linear, mlp (without bias) or none")
        }
        try object.refuseOthers()
        return tower
    }

    private static func pooling(_ object: ConfigurationObject) throws -> Pooling {
        let end = try object.natural("eos_id") ?? 2
        switch try object.string("pool_type", default: "argmax") {
        case "argmax": return .highestToken
        case "eos": return .firstToken(Int32(clamping: end))
        case "last": return .last
        case "first": return .first
        case let other:
            throw object.problem("pool_type", "\"\(other)\" is not supported: use argmax, eos, last or first")
        }
    }

    private static func checkCleaning(_ object: ConfigurationObject) throws {
        switch try object.string("clean", default: "canonicalize") {
        case "canonicalize": break
        case let other: throw object.problem("clean", "\"\(other)\" is not supported: use canonicalize")
        }
        try object.refuseOthers()
    }

    package func openCLIPObject() throws -> [String: Any] {
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

    package func openCLIPNaming(isApart: Bool) throws -> TowerNaming { isApart ? .openCLIPTextApart : .openCLIPText }
}
