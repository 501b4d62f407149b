import TorchNN

/// SigLIP's image towers (arXiv 2303.15343): vision transformers with an attention head, by timm's names.
extension VisionTransformerConfiguration {
    package static var timmBeginnings: [String] { sigLIPTowers.map(\.beginning) }

    /// No class token, no norm before the blocks, an attention head, width as embedding size.
    static func sigLIP(
        imageSize: Int, patchSize: Int, width: Int, layers: Int, headCount: Int, hiddenWidth: Int
    ) -> VisionTransformerConfiguration {
        var tower = VisionTransformerConfiguration(
            imageSize: imageSize, patchSize: patchSize, width: width, layers: layers, headWidth: width / headCount)
        tower.feedForwardRatio = TransformerShape.ratio(hiddenWidth, over: width)
        tower.epsilon = 1e-6
        tower.hasClassToken = false
        tower.hasPatchBias = true
        tower.hasPreNorm = false
        tower.pooling = .attentionHead
        tower.projection = .none
        return tower
    }

    var isSigLIP: Bool {
        pooling == .attentionHead && !hasClassToken && hasPatchBias && !hasPreNorm && projection == .none
    }

    /// Reads a `vision_cfg` with timm's name of a tower; nil for another family's.
    static func sigLIP(timm object: ConfigurationObject, embeddingSize: Int) throws -> VisionTransformerConfiguration? {
        guard let tower = try TimmTower.shape(object, among: sigLIPTowers, pool: "map") else { return nil }
        guard tower.width == embeddingSize else {
            throw object.problem("timm_model_name", "its width \(tower.width) is not embed_dim \(embeddingSize)")
        }
        return tower
    }

    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a shape that timm has no name for.
    func timmObject() throws -> [String: Any] {
        var object = try TimmTower.object(of: self, among: Self.sigLIPTowers, pool: "map")
        object["timm_proj"] = "none"
        return object
    }

    private static let sigLIPTowers = [
        timm("vit_base_patch16_siglip", patch: 16, width: 768, layers: 12, heads: 12, hidden: 3072),
        timm(
            "vit_base_patch32_siglip", patch: 32, width: 768, layers: 12, heads: 12, hidden: 3072,
            activation: .tanhGELU),
        // Of one size, timm's newest resolution alone has the other non-linearity.
        timm(
            "vit_large_patch16_siglip_512", patch: 16, width: 1024, layers: 24, heads: 16, hidden: 4096,
            activation: .tanhGELU),
        timm("vit_large_patch16_siglip", patch: 16, width: 1024, layers: 24, heads: 16, hidden: 4096),
        timm("vit_so400m_patch14_siglip", patch: 14, width: 1152, layers: 27, heads: 16, hidden: 4304),
        timm(
            "vit_so400m_patch16_siglip", patch: 16, width: 1152, layers: 27, heads: 16, hidden: 4304,
            activation: .tanhGELU),
        timm(
            "vit_giantopt_patch16_siglip", patch: 16, width: 1536, layers: 40, heads: 16, hidden: 6144,
            activation: .tanhGELU),
    ]

    private static func timm(
        _ beginning: String, patch: Int, width: Int, layers: Int, heads: Int, hidden: Int,
        activation: Activation = .gelu
    ) -> TimmTower<VisionTransformerConfiguration> {
        var tower = sigLIP(
            imageSize: 224, patchSize: patch, width: width, layers: layers, headCount: heads, hiddenWidth: hidden)
        tower.activation = activation
        return TimmTower(beginning: beginning, shape: tower)
    }
}

extension PreprocessConfiguration {
    /// Squashed, and centered on one half.
    static func sigLIP(size: Int) -> PreprocessConfiguration {
        var preprocessing = PreprocessConfiguration(size: size)
        preprocessing.resizeMode = .squash
        preprocessing.mean = [0.5, 0.5, 0.5]
        preprocessing.standardDeviation = [0.5, 0.5, 0.5]
        return preprocessing
    }
}
