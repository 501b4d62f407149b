import TorchNN

/// A vision transformer (Dosovitskiy et al., arXiv 2010.11929) as CLIP, SigLIP and CoCa use it.
public struct VisionTransformerConfiguration: Sendable, Equatable {
    /// How the states of all patches become one vector.
    public enum Pooling: Sendable, Equatable {
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
    public var imageSize: Int
    public var patchSize: Int
    public var width: Int
    public var layers: Int
    /// Channels of one attention head.
    public var headWidth: Int = 64
    /// The feed-forward layer's hidden width over `width`.
    public var feedForwardRatio: Double = 4
    public var activation: Activation = .gelu
    /// What layer normalization adds to the variance.
    public var epsilon: Double = 1e-5
    /// Where the learned factors of each block's parts start; nil for blocks without them.
    public var layerScale: Double?
    public var hasClassToken = true
    public var hasPatchBias = false
    /// Whether the embedded patches are normalized before the first block.
    public var hasPreNorm = true
    public var pooling = Pooling.token
    /// Whether a matrix maps the pooled state to the embedding. Without one, `width` is the embedding's size.
    public var hasProjection = true
    /// Whether two layers do that instead (``TorchNN/ProjectionHead``), which only this package's models have.
    public var hasHiddenProjection = false

    public var headCount: Int { width / headWidth }
    /// Patches of a side.
    public var gridSize: Int { imageSize / patchSize }
    public var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }

    public init(imageSize: Int, patchSize: Int, width: Int, layers: Int, headWidth: Int = 64) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.width = width
        self.layers = layers
        self.headWidth = headWidth
    }

    /// Counted in floating point, which is exact to 2^53 and does not overflow for absurd shapes.
    func parameterCount(embeddingSize: Int) -> Double {
        let (width, patch) = (Double(width), Double(patchSize))
        let tokens = Double(gridSize) * Double(gridSize) + (hasClassToken ? 1 : 0)
        var count = width * (3 * patch * patch + (hasPatchBias ? 1 : 0) + (hasClassToken ? 1 : 0) + tokens)
        count += hasPreNorm ? 2 * width : 0
        count +=
            Double(layers) * (ParameterCount.block(width, Double(hiddenWidth)) + (layerScale == nil ? 0 : 2 * width))
        switch pooling {
        case .token, .average: count += 2 * width
        case .attentionHead:
            // The norm before it, the query, its attention, its own norm and feed-forward layer.
            count += 2 * width + width + ParameterCount.block(width, Double(hiddenWidth)) - 2 * width
        case .attentionalPooler(let queries, _):
            let embedding = Double(embeddingSize)
            // Queries and their norm, keys' norm, three projections with biases, the output's; then the final norm.
            count += Double(queries) * embedding + 2 * embedding + 2 * width
            count += embedding * embedding + 2 * embedding * width + 3 * embedding + embedding * embedding + embedding
            count += 2 * embedding + (hasProjection ? embedding * embedding : 0)
            return count
        }
        if hasHiddenProjection { count += width * width }
        return count + (hasProjection ? width * Double(embeddingSize) : 0)
    }
}

/// A text transformer (Radford et al., arXiv 2103.00020, section 2.4) as CLIP, SigLIP and CoCa use it.
public struct TextTransformerConfiguration: Sendable, Equatable {
    /// Which token's state stands for the text.
    public enum Pooling: Sendable, Equatable {
        /// The first of the highest id, which is end-of-text in CLIP's vocabulary.
        case highestToken
        /// The first of this id.
        case firstToken(Int32)
        /// The last of the row, padding included (SigLIP): rows are always of the context length.
        case last
        /// The first of the row.
        case first
    }

    /// How that state becomes the embedding.
    public enum Projection: Sendable, Equatable {
        /// A matrix, no bias.
        case matrix
        /// A linear layer with bias (SigLIP).
        case linear
        /// Two layers (``TorchNN/ProjectionHead``), which only this package's models have.
        case mlp
        /// None: `width` is the embedding's size.
        case none
    }

    /// OpenAI's vocabulary, which nearly every CLIP model has.
    static let clipVocabularySize = 49_408

    /// The most tokens a caption may have, with start and end.
    public var contextLength: Int = 77
    public var vocabularySize: Int = Self.clipVocabularySize
    public var width: Int
    public var headCount: Int
    public var layers: Int
    public var feedForwardRatio: Double = 4
    public var activation: Activation = .gelu
    public var epsilon: Double = 1e-5
    /// Where the learned factors of each block's parts start; nil for blocks without them.
    public var layerScale: Double?
    /// Whether a token sees only those before it.
    public var isCausal = true
    public var pooling = Pooling.highestToken
    public var projection = Projection.matrix
    /// Whether a learned vector stands after the last token, sees the whole text and is what is pooled (CoCa). Padding
    /// (``padToken``) is hidden from it.
    public var hasClassEmbedding = false
    /// The id that fills rows; it matters where padding is seen or hidden explicitly.
    public var padToken: Int32 = 0

    public var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }
    /// Rows of the position table.
    public var positionCount: Int { contextLength + (hasClassEmbedding ? 1 : 0) }

    public init(width: Int, headCount: Int, layers: Int) {
        self.width = width
        self.headCount = headCount
        self.layers = layers
    }

    func parameterCount(embeddingSize: Int) -> Double {
        let (width, embedding) = (Double(width), Double(embeddingSize))
        var count = width * (Double(vocabularySize) + Double(positionCount) + 2 + (hasClassEmbedding ? 1 : 0))
        count +=
            Double(layers) * (ParameterCount.block(width, Double(hiddenWidth)) + (layerScale == nil ? 0 : 2 * width))
        switch projection {
        case .matrix: count += width * embedding
        case .linear: count += width * embedding + embedding
        case .mlp: count += width * width + width * embedding
        case .none: break
        }
        return count
    }
}

/// A BERT text tower (Devlin et al., arXiv 1810.04805) as Chinese-CLIP uses it: the first token's state, projected.
public struct BERTConfiguration: Sendable, Equatable {
    public var contextLength: Int = 52
    public var vocabularySize: Int = 21_128
    public var width: Int
    public var headCount: Int
    public var layers: Int
    /// The feed-forward layer's hidden width.
    public var hiddenWidth: Int
    /// Rows of the position table, which may be more than texts are ever long.
    public var positionCount: Int = 512
    public var typeCount: Int = 2
    public var activation: Activation = .gelu
    public var epsilon: Double = 1e-12
    /// Hidden from attention.
    public var padToken: Int32 = 0

    public init(width: Int, headCount: Int, layers: Int, hiddenWidth: Int) {
        self.width = width
        self.headCount = headCount
        self.layers = layers
        self.hiddenWidth = hiddenWidth
    }

    func parameterCount(embeddingSize: Int) -> Double {
        let width = Double(width)
        let tables = Double(vocabularySize) + Double(positionCount) + Double(typeCount)
        return width * (tables + 2) + Double(layers) * ParameterCount.block(width, Double(hiddenWidth))
            + width * Double(embeddingSize)
    }
}

/// CoCa's multimodal decoder (Yu et al., arXiv 2205.01917): the text tower's states attend to the picture's tokens and
/// predict each next word.
public struct CaptionDecoderConfiguration: Sendable, Equatable {
    public var contextLength: Int = 76
    public var vocabularySize: Int = 49_408
    public var width: Int
    public var headCount: Int
    public var layers: Int
    public var feedForwardRatio: Double = 4
    public var activation: Activation = .gelu

    public var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }

    public init(width: Int, headCount: Int, layers: Int) {
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

enum ParameterCount {
    /// A transformer block: attention and feed-forward layer with biases, two norms.
    static func block(_ width: Double, _ hidden: Double) -> Double {
        let attention = 4 * width * width + 4 * width
        return attention + 2 * width * hidden + hidden + width + 4 * width
    }
}
