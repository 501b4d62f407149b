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
    func parameterCount(embeddingSize: Int) -> Double {
        let width = Double(width)
        let block = ParameterCount.block(width, Double(hiddenWidth))
        return Double(layers) * (2 * block + 2 * width) + 2 * width + width * Double(vocabularySize)
    }
}

