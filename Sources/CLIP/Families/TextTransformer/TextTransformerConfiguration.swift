import CLIPText
import TorchNN

/// A text transformer (Radford et al., arXiv 2103.00020, section 2.4) as CLIP, SigLIP and CoCa use it.
package struct TextTransformerConfiguration: Sendable, Equatable {
    /// Which token's state stands for the text.
    package enum Pooling: Sendable, Equatable {
        /// The first of the highest id, which is end-of-text in CLIP's vocabulary.
        case highestToken
        /// The first of this id.
        case firstToken(Int32)
        /// The last of the row, padding included (SigLIP): rows are always of the context length.
        case last
        /// The first of the row.
        case first
    }

    /// OpenAI's vocabulary, which nearly every CLIP model has.
    static let clipVocabularySize = 49_408

    /// The most tokens a caption may have, with start and end.
    package var contextLength: Int = 77
    package var vocabularySize: Int = Self.clipVocabularySize
    package var width: Int
    package var headCount: Int
    package var layers: Int
    package var feedForwardRatio: Double = 4
    package var activation: Activation = .gelu
    package var epsilon: Double = 1e-5
    /// Where the learned factors of each block's parts start; nil for blocks without them.
    package var layerScale: Double?
    /// Whether a token sees only those before it.
    package var isCausal = true
    package var pooling = Pooling.highestToken
    /// How that state becomes the embedding.
    package var projection = ProjectionKind.matrix
    /// Whether a learned vector stands after the last token, sees the whole text and is what is pooled (CoCa). Padding
    /// (``padToken``) is hidden from it.
    package var hasClassEmbedding = false
    /// The id that fills rows; it matters where padding is seen or hidden explicitly.
    package var padToken: Int32 = 0

    package var hiddenWidth: Int { Int(Double(width) * feedForwardRatio) }
    /// Rows of the position table.
    package var positionCount: Int { contextLength + (hasClassEmbedding ? 1 : 0) }

    package init(width: Int, headCount: Int, layers: Int) {
        self.width = width
        self.headCount = headCount
        self.layers = layers
    }

    /// Whether padding changes the embedding, so that every row has to be of the context length.
    package var readsPadding: Bool { !hasClassEmbedding && (!isCausal || pooling == .last) }

    /// Whether no place of a caption sees anything after the pooled one.
    var canPack: Bool { isCausal && !hasClassEmbedding && !readsPadding }
}

extension TextTransformerConfiguration: TextTowerConfiguration {
    package static let familyName = "transformer"

    package func validate(_ checks: ShapeChecks) throws {
        try checks.heads(width: width, headCount: headCount, key: "text_cfg.heads")
        try checks.feedForwardRatio(feedForwardRatio, key: "text_cfg")
    }

    package var traits: [String: String] {
        var traits = [
            "tower": isCausal ? "causal transformer" : "transformer", "heads": "\(headCount)",
            "activation": activation.rawValue, "epsilon": "\(epsilon)", "pooling": "\(pooling)",
        ]
        // Where a token sees only those before it, what follows the end changes nothing.
        if !isCausal || hasClassEmbedding { traits["padding"] = "\(padToken)" }
        return traits
    }

    package var blocks: TransformerShape {
        TransformerShape(width: width, headCount: headCount, layers: layers, activation: activation)
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

    package func resized(contextLength: Int, _ checks: ShapeChecks) throws -> Self {
        if hasClassEmbedding {
            throw checks.refuse(
                "text_cfg.context_length", "a captioning model's text positions cannot be resampled")
        }
        var changed = self
        changed.contextLength = contextLength
        return changed
    }

    package var positionRows: [PositionRow] {
        [PositionRow(parameter: "positional_embedding", length: positionCount)]
    }

    package var unprojectedState: String? {
        projection == .none ? "the pooled token's state after the final norm, without a projection" : nil
    }

    package var pictureResizing: PreprocessConfiguration.ResizeMode? { nil }

    package func tokenizerFamily(_ files: TokenizerFolder) -> TokenizerFamily {
        guard pooling == .last, !isCausal else { return .clip }
        return files.sigLIPFamily(vocabularySize: vocabularySize)
    }

    package func makeTower(embeddingSize: Int) throws -> any TextTower {
        try TextTransformer(self, embeddingSize: embeddingSize)
    }
}

extension TextTransformerConfiguration {
    package static let inferredModelName = "OpenAI's layout"

    package var isOpenAIs: Bool {
        var usual = Self(width: width, headCount: width / 64, layers: layers)
        usual.contextLength = contextLength
        usual.vocabularySize = vocabularySize
        usual.activation = .quickGELU
        usual.padToken = padToken
        // The first of the last id there is, is the first of the highest.
        if pooling == .firstToken(Int32(clamping: vocabularySize - 1)) { usual.pooling = pooling }
        return self == usual
    }

    /// Only OpenAI's: others' non-linearity and heads do not show.
    package static func inferred(from shapes: CheckpointShapes) -> Self? {
        guard shapes.isOpenAIs, let words = shapes["token_embedding.weight", rank: 2], words[1] >= 64,
            let positions = shapes["positional_embedding", rank: 2]
        else { return nil }
        let layers = shapes.count(numbered: "transformer.resblocks")
        guard layers > 0 else { return nil }
        var tower = Self(width: words[1], headCount: words[1] / 64, layers: layers)
        tower.vocabularySize = words[0]
        tower.contextLength = positions[0]
        tower.activation = .quickGELU
        return tower
    }
}

extension TextTransformerConfiguration {
    package func parameterCount(embeddingSize: Int) -> Double {
        let width = Double(width)
        var count = width * (Double(vocabularySize) + Double(positionCount) + 2 + (hasClassEmbedding ? 1 : 0))
        count +=
            Double(layers) * (ParameterCount.block(width, Double(hiddenWidth)) + (layerScale == nil ? 0 : 2 * width))
        return count + projection.parameterCount(width, Double(embeddingSize))
    }

    private func length(_ options: TowerWork.Options) -> Double {
        (readsPadding ? nil : options.captionLength) ?? Double(contextLength)
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let width = Double(width)
        return TowerWork(
            embedding: 0,
            blocks: TowerWork.blocks(
                layers, length: length(options) + (hasClassEmbedding ? 1 : 0), width: width,
                feedForward: 2 * width * Double(hiddenWidth), pooledLast: options.readsOnlyPooledToken),
            head: projection.work(width, Double(embeddingSize)))
    }

    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        TowerMemory(
            layers: layers, length: length(options), width: Double(width), hidden: Double(hiddenWidth),
            heads: Double(headCount))
    }
}
