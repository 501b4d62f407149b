import CLIPText
import TorchNN

/// A BERT text tower (Devlin et al., arXiv 1810.04805) as Chinese-CLIP uses it: the first token's state, projected.
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

    package var traits: [String: String] {
        [
            "tower": "BERT", "heads": "\(headCount)", "activation": activation.rawValue, "epsilon": "\(epsilon)",
            "padding": "\(padToken)",
        ]
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
    package var pictureResizing: PreprocessConfiguration.ResizeMode? { .squash }

    package func tokenizerFamily(_ files: TokenizerFolder) -> TokenizerFamily { .chineseCLIP }

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

    /// open_clip takes BERT from another library, under other names.
    package static func read(openCLIP object: ConfigurationObject, in model: OpenCLIPModel) throws -> Self? { nil }

    package func openCLIPObject() throws -> [String: Any] {
        throw CLIPError.unsupportedConversion(what: "a BERT text tower in open_clip's own layout")
    }

    package func openCLIPNaming(isApart: Bool) throws -> TowerNaming {
        throw CLIPError.unsupportedConversion(what: "a BERT text tower, which open_clip names differently")
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
            + width * Double(embeddingSize)
    }

    package func work(embeddingSize: Int, _ options: TowerWork.Options) -> TowerWork {
        let width = Double(width)
        return TowerWork(
            embedding: 0,
            blocks: TowerWork.blocks(
                layers, length: options.captionLength ?? Double(contextLength), width: width,
                feedForward: 2 * width * Double(hiddenWidth), pooledLast: options.readsOnlyPooledToken),
            head: width * Double(embeddingSize))
    }

    package func memory(_ options: TowerWork.Options) -> TowerMemory {
        TowerMemory(
            layers: layers, length: options.captionLength ?? Double(contextLength), width: Double(width),
            hidden: Double(hiddenWidth), heads: Double(headCount))
    }
}
