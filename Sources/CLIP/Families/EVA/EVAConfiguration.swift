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
