import TorchNN

/// A vision transformer (Dosovitskiy et al., arXiv 2010.11929) as CLIP, SigLIP and CoCa use it.
package struct VisionTransformerConfiguration: Sendable, Equatable {
    /// How the states of all patches become one vector.
    package enum Pooling: Sendable, Equatable {
        /// The class token's state, normalized.
        case token
        /// The mean of the patches' states; normalized before, or after it.
        case average(normAfter: Bool)
        /// One learned query attends to the normalized states; then a residual feed-forward layer (SigLIP).
        case attentionHead
        /// Learned queries attend to the states; the first stands for the picture, the rest feed a caption decoder
        /// (CoCa).
        case attentionalPooler(queries: Int, headCount: Int)

        var isAverage: Bool {
            if case .average = self { return true }
            return false
        }
    }

    /// Pixels of a side.
    package var imageSize: Int
    package var patchSize: Int
    package var width: Int
    package var layers: Int
    /// Channels of one attention head.
    package var headWidth: Int = 64
    /// The feed-forward layer's hidden width over `width`.
    package var feedForwardRatio: Double = 4
    package var activation: Activation = .gelu
    /// What layer normalization adds to the variance.
    package var epsilon: Double = 1e-5
    /// Where the learned factors of each block's parts start; nil for blocks without them.
    package var layerScale: Double?
    package var hasClassToken = true
    package var hasPatchBias = false
    /// Whether the embedded patches are normalized before the first block.
    package var hasPreNorm = true
    package var pooling = Pooling.token
    /// How the pooled state becomes the embedding.
    package var projection = ProjectionKind.matrix

    package var headCount: Int { width / headWidth }
    /// Patches of a side.
    package var gridSize: Int { imageSize / patchSize }
    package var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }

    package init(imageSize: Int, patchSize: Int, width: Int, layers: Int, headWidth: Int = 64) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
        self.layers = layers
        self.headWidth = headWidth
    }

    /// OpenAI's own shape: class token, norm before the blocks, projection.
    var isPlain: Bool {
        pooling == .token && layerScale == nil && hasClassToken && !hasPatchBias && hasPreNorm && projection == .matrix
    }
}

extension VisionTransformerConfiguration: ImageTowerConfiguration {
    package static let familyName = "transformer"

    package func validate(_ checks: ShapeChecks) throws {
        try checks.patches(imageSize: imageSize, patchSize: patchSize)
        if width % headWidth != 0 {
            throw checks.refuse("vision_cfg.head_width", "it does not divide the width \(width)")
        }
        try checks.feedForwardRatio(feedForwardRatio, key: "vision_cfg")
        if projection == .mlp, pooling != .token, !pooling.isAverage {
            throw checks.refuse("vision_cfg.proj_type", "mlp goes with pooling by the class token or the mean")
        }
    }

    package var traits: [String: String] {
        [
            "tower": "transformer", "heads": "\(headCount)", "activation": activation.rawValue,
            "epsilon": "\(epsilon)", "pooling": "\(pooling)",
        ]
    }

    package var switchableActivation: Activation? { activation }

    package func with(activation: Activation) -> Self {
        var changed = self
        changed.activation = activation
        return changed
    }

    package func with(hiddenProjection: Bool) -> Self? {
        guard projection == .matrix || projection == .mlp else { return nil }
        var changed = self
        changed.projection = hiddenProjection ? .mlp : .matrix
        return changed
    }

    package var preprocessing: PreprocessConfiguration {
        isSigLIP ? .sigLIP(size: imageSize) : PreprocessConfiguration(size: imageSize)
    }

    package var positionGrids: [PositionGrid] {
        [PositionGrid(parameter: "positional_embedding", leading: hasClassToken ? 1 : 0, side: gridSize)]
    }

    package var isTimms: Bool { pooling == .attentionHead }
    package var keepsTextApart: Bool { false }

    package func makeTower(embeddingSize: Int) throws -> any ImageTower {
        try VisionTransformer(self, embeddingSize: embeddingSize)
    }
}

extension VisionTransformerConfiguration {
    package var isOpenAIs: Bool {
        var usual = Self(imageSize: imageSize, patchSize: patchSize, width: width, layers: layers)
        usual.activation = .quickGELU
        return self == usual
    }

    /// Heads are 64 channels wide in all of OpenAI's and Chinese-CLIP's models but the latter's largest, where they are
    /// 80.
    package static func inferred(from shapes: CheckpointShapes) -> Self? {
        guard let kernel = shapes["visual.conv1.weight", rank: 4], kernel[3] > 0,
            let positions = shapes["visual.positional_embedding", rank: 2],
            let hidden = shapes["visual.transformer.resblocks.0.mlp.c_fc.weight", rank: 2]
        else { return nil }
        let (width, patch) = (kernel[0], kernel[3])
        let headWidth = width == 1280 ? 80 : 64
        let layers = shapes.count(numbered: "visual.transformer.resblocks")
        guard let grid = CheckpointShapes.grid(positions[0]), width >= headWidth, layers > 0 else { return nil }
        var tower = Self(imageSize: grid * patch, patchSize: patch, width: width, layers: layers, headWidth: headWidth)
        tower.feedForwardRatio = TransformerShape.ratio(hidden[0], over: width)
        tower.activation = .quickGELU
        return tower
    }
}
