import TorchNN

/// An EVA vision transformer (EVA-CLIP, arXiv 2303.15389; EVA-02, arXiv 2303.11331).
package struct EVAConfiguration: Sendable, Equatable {
    package enum FeedForwardKind: Sendable, Equatable {
        /// Two linear layers with GELU between; normalized in between if `hasSubNorm`.
        case mlp
        /// silu(x·W₁)·(x·W₂)·W₃ (arXiv 2002.05202).
        case swiGLU
    }

    /// Pixels of a side.
    package var imageSize: Int
    package var patchSize: Int
    package var width: Int
    package var layers: Int
    package var headCount: Int
    package var hiddenWidth: Int
    package var feedForward = FeedForwardKind.swiGLU
    /// Whether attention's output (EVA-02 base and large) is normalized before its projection.
    package var hasAttentionNorm = true
    /// Whether the feed-forward layer's hidden state is normalized.
    package var hasFeedForwardNorm = true
    /// Whether queries and keys of patches are rotated by their place.
    package var hasRotaryPositions = true
    /// The side, in patches, that rotary positions are scaled to: that of pre-training.
    package var rotaryGrid = 16
    /// Whether normalization follows each part instead of preceding it (EVA-02 enormous).
    package var isPostNorm = false
    package var epsilon: Double = 1e-6

    /// Patches of a side.
    package var gridSize: Int { imageSize / patchSize }

    package init(imageSize: Int, patchSize: Int, width: Int, layers: Int, headCount: Int, hiddenWidth: Int) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
        self.layers = layers
        self.headCount = headCount
        self.hiddenWidth = hiddenWidth
    }
}

extension EVAConfiguration: ImageTowerConfiguration {
    package static let familyName = "EVA"

    package func validate(_ checks: ShapeChecks) throws {
        try checks.patches(imageSize: imageSize, patchSize: patchSize)
        if width % headCount != 0 || width / headCount % 4 != 0 {
            throw checks.refuse("vision_cfg.width", "\(width) cannot be shared out over \(headCount) heads")
        }
    }

    package var traits: [String: String] {
        [
            "tower": "EVA", "heads": "\(headCount)", "epsilon": "\(epsilon)",
            "rotary positions": hasRotaryPositions ? "grid \(rotaryGrid)" : "none",
            "norm": isPostNorm ? "after" : "before",
        ]
    }

    package var switchableActivation: Activation? { nil }
    package func with(activation: Activation) -> Self { self }
    package func with(hiddenProjection: Bool) -> Self? { nil }

    package var preprocessing: PreprocessConfiguration { PreprocessConfiguration(size: imageSize) }

    package var positionGrids: [PositionGrid] {
        [PositionGrid(parameter: "positional_embedding", leading: 1, side: gridSize)]
    }

    package var isOpenAIs: Bool { false }
    package static func inferred(from shapes: CheckpointShapes) -> Self? { nil }

    package var isTimms: Bool { true }
    package var keepsTextApart: Bool { true }

    package func makeTower(embeddingSize: Int) throws -> any ImageTower {
        try EVATransformer(self, embeddingSize: embeddingSize)
    }
}

extension EVAConfiguration {
    package static var timmBeginnings: [String] { timmTowers.map(\.beginning) }

    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? {
        if object.has("eva_model_name") { return try original(object) }
        return try TimmTower.shape(object, among: timmTowers, pool: "token")
    }

    package func openCLIPObject() throws -> [String: Any] {
        try TimmTower.object(of: self, among: Self.timmTowers, pool: "token")
    }

    static let timmTowers = [
        timm("eva02_base_patch16_clip_224", patch: 16, width: 768, layers: 12, heads: 12, hidden: 2048),
        timm("eva02_large_patch14_clip", patch: 14, width: 1024, layers: 24, heads: 16, hidden: 2730),
        timm("eva02_enormous_patch14_clip_224", patch: 14, width: 1792, layers: 64, heads: 16, hidden: 15360) {
            $0.makePlain()
            $0.isPostNorm = true
        },
        timm("eva_giant_patch14", patch: 14, width: 1408, layers: 40, heads: 16, hidden: 6144) { $0.makePlain() },
    ]

    private static func timm(
        _ beginning: String, patch: Int, width: Int, layers: Int, heads: Int, hidden: Int,
        _ adjust: (inout EVAConfiguration) -> Void = { _ in }
    ) -> TimmTower<EVAConfiguration> {
        var tower = EVAConfiguration(
            imageSize: 224, patchSize: patch, width: width, layers: layers, headCount: heads, hiddenWidth: hidden)
        adjust(&tower)
        return TimmTower(beginning: beginning, shape: tower)
    }

    /// The first generation's parts.
    private mutating func makePlain() {
        feedForward = .mlp
        hasAttentionNorm = false
        hasFeedForwardNorm = false
        hasRotaryPositions = false
    }
}

extension EVAConfiguration {
    /// Keys have no bias.
    package func parameterCount(embeddingSize: Int) -> Double {
        let (width, patch, hidden) = (Double(width), Double(patchSize), Double(hiddenWidth))
        let tokens = Double(gridSize) * Double(gridSize) + 1
        var block = 4 * width * width + 3 * width + 4 * width
        block += hasAttentionNorm ? 2 * width : 0
        block += hasFeedForwardNorm ? 2 * hidden : 0
        switch feedForward {
        case .mlp: block += 2 * width * hidden + hidden + width
        case .swiGLU: block += 3 * width * hidden + 2 * hidden + width
        }
        return width * (3 * patch * patch + 1 + 1 + tokens) + Double(layers) * block + 2 * width
            + (width + 1) * Double(embeddingSize)
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let (width, hidden) = (Double(width), Double(hiddenWidth))
        let patches = Double(gridSize) * Double(gridSize)
        let products = feedForward == .swiGLU ? 3.0 : 2.0
        return TowerWork(
            embedding: patches * 3 * Double(patchSize * patchSize) * width,
            blocks: TowerWork.blocks(
                layers, length: options.keptPatches(grid: gridSize) + 1, width: width,
                feedForward: products * width * hidden, pooledLast: options.readsOnlyPooledToken),
            head: width * Double(embeddingSize))
    }

    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        TowerMemory(
            layers: layers, length: options.keptPatches(grid: gridSize) + 1, width: Double(width),
            hidden: Double(hiddenWidth) * (feedForward == .swiGLU ? 2 : 1), heads: Double(headCount))
    }
}
