import TorchNN

/// CoCa's multimodal decoder (Yu et al., arXiv 2205.01917): the text tower's states attend to the picture's tokens and
/// predict each next word.
package struct CaptionDecoderConfiguration: Sendable, Equatable {
    package var contextLength: Int = 76
    package var vocabularySize: Int = 49_408
    package var width: Int
    package var headCount: Int
    package var layers: Int
    package var feedForwardRatio: Double = 4
    package var activation: Activation = .gelu

    package var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }

    package init(width: Int, headCount: Int, layers: Int) {
        self.width = width
        self.headCount = headCount
        self.layers = layers
    }

    /// Pairs of a self-attention block and a cross-attention block, a final norm, and a projection to the vocabulary.
    func parameterCount() -> Double {
        let width = Double(width)
        let block = ParameterCount.block(width, Double(hiddenWidth))
        return Double(layers) * (2 * block + 2 * width) + 2 * width + width * Double(vocabularySize)
    }
}

extension CaptionDecoderConfiguration {
    /// Whether the sizes fit one another.
    func validate(_ checks: ShapeChecks) throws {
        try checks.heads(width: width, headCount: headCount, key: "multimodal_cfg.heads")
        try checks.feedForwardRatio(feedForwardRatio, key: "multimodal_cfg")
    }

    /// Reads open_clip's `multimodal_cfg`.
    init(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws {
        self.init(
            width: try object.size("width", default: 512), headCount: try object.size("heads", default: 8),
            layers: try object.size("layers", default: 12))
        contextLength = try object.size("context_length", default: 76)
        vocabularySize = try object.size("vocab_size", default: 49_408)
        feedForwardRatio = try object.real("mlp_ratio", default: 4)
        activation = model.activation
        // open_clip's decoder has no use for these, which its configurations state all the same.
        for key in ["attn_pooler_heads", "attn_pooler_queries", "n_queries", "dim_head"] { _ = try object.natural(key) }
        try object.refuseOthers()
    }

    /// What open_clip reads back.
    var openCLIPObject: [String: Any] {
        [
            "context_length": contextLength, "vocab_size": vocabularySize, "width": width, "heads": headCount,
            "layers": layers, "mlp_ratio": feedForwardRatio,
        ]
    }
}
