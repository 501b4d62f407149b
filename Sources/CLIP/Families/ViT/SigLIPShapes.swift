import TorchNN

/// Image towers that open_clip takes from timm, by timm's names: those that CLIP-family checkpoints are published with.
enum TimmTowers {
    static func vision(
        _ object: ConfigurationObject, imageSize: Int, embeddingSize: Int
    ) throws -> ModelConfiguration.Vision {
        let name = try object.string("timm_model_name", default: "")
        _ = try object.flag("timm_model_pretrained", default: false)
        for key in ["timm_drop", "timm_drop_path", "patch_dropout"] { _ = try object.real(key, default: 0) }
        let pool = try object.string("timm_pool", default: "avg")
        let projection = try object.string("timm_proj", default: "linear")
        guard let shape = shapes.first(where: { name.hasPrefix($0.prefix) }) else {
            let known = shapes.map(\.prefix).joined(separator: ", ")
            throw object.problem("timm_model_name", "\"\(name)\" is not supported. Known beginnings: \(known)")
        }
        if pool != shape.pool { throw object.problem("timm_pool", "\"\(pool)\" where \(shape.pool) is needed") }
        // timm_proj null leaves timm's own head, a linear layer with bias, as the projection.
        if object.has("timm_proj"), projection != "none" {
            throw object.problem("timm_proj", "\"\(projection)\" is not supported for this tower")
        }
        try object.refuseOthers()
        switch shape.tower {
        case .transformer(var tower):
            tower.imageSize = imageSize
            if tower.width != embeddingSize {
                throw object.problem("timm_model_name", "its width \(tower.width) is not embed_dim \(embeddingSize)")
            }
            return .transformer(tower)
        case .eva(var tower):
            tower.imageSize = imageSize
            return .eva(tower)
        case .resNet(let tower): return .resNet(tower)
        }
    }

    /// timm's name for a tower, at its resolution; nil for one that has none.
    static func name(of vision: ModelConfiguration.Vision) -> String? {
        for shape in shapes where shape.tower.matches(vision) {
            if shape.prefix.hasSuffix("_224"), vision.imageSize == 224 { return shape.prefix }
            if !shape.prefix.hasSuffix("_224") { return "\(shape.prefix)_\(vision.imageSize)" }
        }
        return nil
    }

    private struct Shape {
        let prefix: String
        let pool: String
        let tower: ModelConfiguration.Vision
    }

    private static let shapes: [Shape] = [
        sigLIP("vit_base_patch16_siglip", patch: 16, width: 768, layers: 12, heads: 12, hidden: 3072),
        sigLIP("vit_base_patch32_siglip", patch: 32, width: 768, layers: 12, heads: 12, hidden: 3072),
        sigLIP("vit_large_patch16_siglip", patch: 16, width: 1024, layers: 24, heads: 16, hidden: 4096),
        sigLIP("vit_so400m_patch14_siglip", patch: 14, width: 1152, layers: 27, heads: 16, hidden: 4304),
        sigLIP("vit_so400m_patch16_siglip", patch: 16, width: 1152, layers: 27, heads: 16, hidden: 4304),
        sigLIP(
            "vit_giantopt_patch16_siglip", patch: 16, width: 1536, layers: 40, heads: 16, hidden: 6144,
            activation: .tanhGELU),
        eva("eva02_base_patch16_clip_224", patch: 16, width: 768, layers: 12, heads: 12, hidden: 2048) { _ in },
        eva("eva02_large_patch14_clip", patch: 14, width: 1024, layers: 24, heads: 16, hidden: 2730) { _ in },
        eva("eva02_enormous_patch14_clip_224", patch: 14, width: 1792, layers: 64, heads: 16, hidden: 15360) {
            $0.feedForward = .mlp
            $0.hasAttentionNorm = false
            $0.hasFeedForwardNorm = false
            $0.hasRotaryPositions = false
            $0.isPostNorm = true
        },
        eva("eva_giant_patch14", patch: 14, width: 1408, layers: 40, heads: 16, hidden: 6144) {
            $0.feedForward = .mlp
            $0.hasAttentionNorm = false
            $0.hasFeedForwardNorm = false
            $0.hasRotaryPositions = false
        },
    ]

    private static func sigLIP(
        _ prefix: String, patch: Int, width: Int, layers: Int, heads: Int, hidden: Int, activation: Activation = .gelu
    ) -> Shape {
        var tower = VisionTransformerConfiguration.sigLIP(
            imageSize: 224, patchSize: patch, width: width, layers: layers, headCount: heads, hiddenWidth: hidden)
        tower.activation = activation
        return Shape(prefix: prefix, pool: "map", tower: .transformer(tower))
    }

    private static func eva(
        _ prefix: String, patch: Int, width: Int, layers: Int, heads: Int, hidden: Int,
        _ adjust: (inout EVAConfiguration) -> Void
    ) -> Shape {
        var tower = EVAConfiguration(
            imageSize: 224, patchSize: patch, width: width, layers: layers, headCount: heads, hiddenWidth: hidden)
        adjust(&tower)
        return Shape(prefix: prefix, pool: "token", tower: .eva(tower))
    }
}

extension ModelConfiguration.Vision {
    /// Whether two towers are of one shape but for the pictures' size.
    fileprivate func matches(_ other: ModelConfiguration.Vision) -> Bool {
        switch (self, other) {
        case (.transformer(var own), .transformer(let other)):
            own.imageSize = other.imageSize
            return own == other
        case (.eva(var own), .eva(let other)):
            own.imageSize = other.imageSize
            return own == other
        default: return false
        }
    }
}

extension VisionTransformerConfiguration {
    /// SigLIP's image tower: no class token, no norm before the blocks, an attention head, width as embedding size.
    static func sigLIP(
        imageSize: Int, patchSize: Int, width: Int, layers: Int, headCount: Int, hiddenWidth: Int
    ) -> VisionTransformerConfiguration {
        var tower = VisionTransformerConfiguration(
            imageSize: imageSize, patchSize: patchSize, width: width, layers: layers, headWidth: width / headCount)
        tower.feedForwardRatio = ratio(hiddenWidth, over: width)
        tower.epsilon = 1e-6
        tower.hasClassToken = false
        tower.hasPatchBias = true
        tower.hasPreNorm = false
        tower.pooling = .attentionHead
        tower.hasProjection = false
        return tower
    }

    /// The ratio that gives exactly this hidden width after rounding down.
    static func ratio(_ hidden: Int, over width: Int) -> Double {
        let ratio = Double(hidden) / Double(width)
        return Int(Double(width) * ratio) == hidden ? ratio : ratio.nextUp
    }
}
