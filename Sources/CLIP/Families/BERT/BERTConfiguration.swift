import CLIPText
import TorchNN

/// A BERT text tower (Devlin et al., arXiv 1810.04805): the first token's state, projected by a matrix, as Chinese-CLIP uses
/// it; or, as open_clip takes it from Hugging Face's library, that or the mean of all tokens' states, and a projection of one
/// layer or two.
package struct BERTConfiguration: Sendable, Equatable {
    package var contextLength: Int = 52
    package var vocabularySize: Int = 21_128
    package var width: Int
    package var headCount: Int
    package var layers: Int
    /// The feed-forward layer's hidden width.
    package var hiddenWidth: Int
    /// Rows of the position table, which may be more than texts are ever long.
    package var positionCount: Int = 512
    package var typeCount: Int = 2
    package var activation: Activation = .gelu
    package var epsilon: Double = 1e-12
    /// Hidden from attention.
    package var padToken: Int32 = 0
    package var pooling: Pooling = .first
    package var projection: Projection = .matrix
    /// Whether it is open_clip's, around a model of Hugging Face's: names, tokenizer and what is locked are then its.
    package var isOpenCLIPs = false

    /// Which of the last states a text's embedding is made of.
    package enum Pooling: String, Sendable {
        /// The class token's, which is first.
        case first
        /// The mean of all that are not padding (Reimers and Gurevych, "Sentence-BERT", arXiv 1908.10084, section 3).
        case mean
    }

    /// What makes the embedding.
    package enum Projection: String, Sendable {
        /// A matrix.
        case matrix
        /// Two without biases, with GELU between, in open_clip's width: the mean of the state's and the embedding's.
        case mlp

        /// What is between the two.
        static func hiddenWidth(_ width: Int, _ embeddingSize: Int) -> Int { (width + embeddingSize) / 2 }
    }

    package init(width: Int, headCount: Int, layers: Int, hiddenWidth: Int) {
        self.width = width
        self.headCount = headCount
        self.layers = layers
        self.hiddenWidth = hiddenWidth
    }
}

extension BERTConfiguration: TextTowerConfiguration {
    package static let familyName = "BERT"

    package func validate(_ checks: ShapeChecks) throws {
        try checks.heads(width: width, headCount: headCount, key: "text_cfg.heads")
        if contextLength > positionCount {
            throw checks.refuse("text_cfg.context_length", "more than the \(positionCount) positions there are")
        }
    }

    /// What Chinese-CLIP's towers have needs no name: vectors written before there were others keep their fingerprint.
    package var traits: [String: String] {
        var traits = [
            "tower": "BERT", "heads": "\(headCount)", "activation": activation.rawValue, "epsilon": "\(epsilon)",
            "padding": "\(padToken)",
        ]
        if pooling != .first { traits["pooling"] = pooling.rawValue }
        return traits
    }

    package var blocks: TransformerShape {
        TransformerShape(width: width, headCount: headCount, layers: layers, activation: activation)
    }

    package var switchableActivation: Activation? { nil }
    package func with(activation: Activation) -> Self { self }
    package func with(hiddenProjection: Bool) -> Self? { nil }

    /// Positions are not resampled: there are more of them than texts are long.
    package func resized(contextLength: Int, _ checks: ShapeChecks) throws -> Self {
        var changed = self
        changed.contextLength = contextLength
        return changed
    }

    package var positionRows: [PositionRow] { [] }

    /// Chinese-CLIP's models squash.
    package var pictureResizing: PreprocessConfiguration.ResizeMode? { isOpenCLIPs ? nil : .squash }

    package func tokenizerFamily(_ files: TokenizerFolder) -> TokenizerFamily { isOpenCLIPs ? .bert : .chineseCLIP }

    package func makeTower(embeddingSize: Int) throws -> any TextTower {
        try BERTTransformer(self, embeddingSize: embeddingSize)
    }

    package var isOpenAIs: Bool { false }
    package static let inferredModelName = "Chinese-CLIP"

    /// Heads are 64 channels wide in all that Chinese-CLIP published.
    package static func inferred(from shapes: CheckpointShapes) -> Self? {
        guard let words = shapes["bert.embeddings.word_embeddings.weight", rank: 2], words[1] >= 64,
            let positions = shapes["bert.embeddings.position_embeddings.weight", rank: 2],
            let types = shapes["bert.embeddings.token_type_embeddings.weight", rank: 2],
            let hidden = shapes["bert.encoder.layer.0.intermediate.dense.weight", rank: 2]
        else { return nil }
        var tower = Self(
            width: words[1], headCount: words[1] / 64, layers: shapes.count(numbered: "bert.encoder.layer"),
            hiddenWidth: hidden[0])
        tower.vocabularySize = words[0]
        tower.positionCount = positions[0]
        tower.contextLength = min(tower.contextLength, positions[0])
        tower.typeCount = types[0]
        return tower
    }
}

extension BERTConfiguration {
    /// The text towers of Chinese-CLIP's five models (arXiv 2211.01335, table 1), by open_clip's names for their image
    /// towers.
    static let chineseCLIPs: [(vision: String, text: BERTConfiguration)] = {
        let base = BERTConfiguration(width: 768, headCount: 12, layers: 12, hiddenWidth: 3072)
        let large = BERTConfiguration(width: 1024, headCount: 16, layers: 24, hiddenWidth: 4096)
        let small = BERTConfiguration(width: 768, headCount: 12, layers: 3, hiddenWidth: 3072)
        return [
            ("RN50", small), ("ViT-B-16", base), ("ViT-L-14", base), ("ViT-L-14-336", base), ("ViT-H-14", large),
        ]
    }()
}

extension BERTConfiguration {
    package func parameterCount(embeddingSize: Int) -> Double {
        let width = Double(width)
        let tables = Double(vocabularySize) + Double(positionCount) + Double(typeCount)
        return width * (tables + 2) + Double(layers) * ParameterCount.block(width, Double(hiddenWidth))
            + projectionSize(embeddingSize)
    }

    /// A projection's values; all of them are multiplied once.
    private func projectionSize(_ embeddingSize: Int) -> Double {
        switch projection {
        case .matrix: return Double(width) * Double(embeddingSize)
        case .mlp:
            return Double(Projection.hiddenWidth(width, embeddingSize)) * (Double(width) + Double(embeddingSize))
        }
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let width = Double(width)
        return TowerWork(
            embedding: 0,
            blocks: TowerWork.blocks(
                layers, length: options.captionLength ?? Double(contextLength), width: width,
                feedForward: 2 * width * Double(hiddenWidth),
                pooledLast: options.readsOnlyPooledToken && pooling == .first),
            head: projectionSize(embeddingSize))
    }

    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        TowerMemory(
            layers: layers, length: options.captionLength ?? Double(contextLength), width: Double(width),
            hidden: Double(hiddenWidth), heads: Double(headCount))
    }
}
