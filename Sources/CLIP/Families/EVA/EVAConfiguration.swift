import TorchNN

/// An EVA vision transformer (EVA-CLIP, arXiv 2303.15389; EVA-02, arXiv 2303.11331).
public struct EVAConfiguration: Sendable, Equatable {
    public enum FeedForwardKind: Sendable, Equatable {
        /// Two linear layers with GELU between; normalized in between if `hasSubNorm`.
        case mlp
        /// silu(x·W₁)·(x·W₂)·W₃ (arXiv 2002.05202).
        case swiGLU
    }

    /// Pixels of a side.
    public var imageSize: Int
    public var patchSize: Int
    public var width: Int
    public var layers: Int
    public var headCount: Int
    public var hiddenWidth: Int
    public var feedForward = FeedForwardKind.swiGLU
    /// Whether attention's output (EVA-02 base and large) is normalized before its projection.
    public var hasAttentionNorm = true
    /// Whether the feed-forward layer's hidden state is normalized.
    public var hasFeedForwardNorm = true
    /// Whether queries and keys of patches are rotated by their place.
    public var hasRotaryPositions = true
    /// The side, in patches, that rotary positions are scaled to: that of pre-training.
    public var rotaryGrid = 16
    /// Whether normalization follows each part instead of preceding it (EVA-02 enormous).
    public var isPostNorm = false
    public var epsilon: Double = 1e-6

    /// Patches of a side.
    public var gridSize: Int { imageSize / patchSize }

    public init(imageSize: Int, patchSize: Int, width: Int, layers: Int, headCount: Int, hiddenWidth: Int) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
        self.layers = layers
        self.headCount = headCount
        self.hiddenWidth = hiddenWidth
    }

    /// Keys have no bias.
    func parameterCount(embeddingSize: Int) -> Double {
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
}
