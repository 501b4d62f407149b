extension VisionTransformerConfiguration {
    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        if object.has("timm_model_name") { return try sigLIP(timm: object, embeddingSize: model.embeddingSize) }
        // A list is a ResNet's.
        guard !object.has("eva_model_name"), try object.sizes("layers") == nil else { return nil }
        var tower = Self(
            imageSize: try object.squareSize("image_size", default: 224),
            patchSize: try object.size("patch_size", default: 16),
            width: try object.size("width", default: 768),
            layers: try object.size("layers", default: 12),
            headWidth: try object.size("head_width", default: 64))
        tower.feedForwardRatio = try object.real("mlp_ratio", default: 4)
        tower.activation = try object.openCLIPActivation(default: model.activation)
        tower.epsilon = try object.openCLIPEpsilon(default: 1e-5)
        tower.layerScale = try object.openCLIPLayerScale()
        tower.hasPreNorm = try !object.flag("no_ln_pre", default: false)
        _ = try object.real("patch_dropout", default: 0)  // in training only
        _ = try object.flag("output_tokens", default: false)
        tower.pooling = try pooling(object)
        // open_clip itself has no such key here: a model with "mlp" is this package's.
        switch try object.string("proj_type", default: "linear") {
        case "linear": break
        case "mlp": tower.projection = .mlp
        case let other: throw object.problem("proj_type", "\"\(other)\" is not supported: use linear or mlp")
        }
        try object.refuseOthers(except: ["pos_embed_type": "learnable", "timm_pool": "avg"])
        return tower
    }

    private static func pooling(_ object: ConfigurationObject) throws -> Pooling {
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

    package func openCLIPObject() throws -> [String: Any] {
        if pooling == .attentionHead { return try timmObject() }
        var object: [String: Any] = [
            "image_size": imageSize, "patch_size": patchSize, "width": width, "layers": layers,
            "head_width": headWidth,
        ]
        if feedForwardRatio != 4 { object["mlp_ratio"] = feedForwardRatio }
        if let layerScale { object["ls_init_value"] = layerScale }
        if !hasPreNorm { object["no_ln_pre"] = true }
        if epsilon != 1e-5 { object["norm_kwargs"] = ["eps": epsilon] }
        if activation == .tanhGELU { object["act_kwargs"] = ["approximate": "tanh"] }
        if projection == .mlp { object["proj_type"] = "mlp" }
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

    package var openCLIPNaming: TowerNaming {
        switch pooling {
        case .token, .average: .openCLIPVision
        case .attentionHead: .sigLIPTimm
        case .attentionalPooler: .openCLIPPooledVision
        }
    }
}
