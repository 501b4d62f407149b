/// Multiply-adds that one picture or one caption costs a tower, counted from its shape: every matrix product and every
/// convolution, and nothing else (norms, activations and softmax are a few parts in a thousand).
///
/// A product `[M, K]·[K, N]` counts M·K·N; one multiply-add is two floating-point operations.
public struct TowerWork: Sendable, Equatable {
    /// What comes before the first block: patches, or a ResNet's stem. Tables that are looked up cost nothing.
    public var embedding: Double
    /// Of each block, from the first.
    public var blocks: [Double]
    /// Pooling and projection.
    public var head: Double

    /// All of it: multiply-adds of one picture or caption.
    public var total: Double { embedding + blocks.reduce(0, +) + head }

    /// What a tower is asked to do.
    public struct Options: Sendable, Equatable {
        /// Tokens of a caption, its start and end with it; nil for the whole context. The mean does where lengths differ:
        /// only attention's small part is not linear in it.
        public var captionLength: Double?
        /// Whether the last block (and a ResNet's attention pooling) computes only what is read, as this package does.
        public var readsOnlyPooledToken = true
        /// The share of patches left out. They are cut and embedded all the same.
        public var patchDropout: Double = 0

        /// As this package trains.
        public init() {}

        /// As plain code computes: whole sequences, padding and all.
        public static var plain: Options {
            var options = Options()
            options.readsOnlyPooledToken = false
            return options
        }
    }

    init(embedding: Double, blocks: [Double], head: Double) {
        self.embedding = embedding
        self.blocks = blocks
        self.head = head
    }

    /// Of a block over `length` tokens: four projections, scores and mixtures, a feed-forward layer.
    static func block(length: Double, width: Double, feedForward: Double) -> Double {
        4 * length * width * width + 2 * length * length * width + length * feedForward
    }

    /// Of a block asked for one token: keys and values of all, the rest of one.
    static func pooledBlock(length: Double, width: Double, feedForward: Double) -> Double {
        2 * length * width * width + 2 * width * width + 2 * length * width + feedForward
    }

    static func blocks(
        _ count: Int, length: Double, width: Double, feedForward: Double, pooledLast: Bool
    ) -> [Double] {
        let whole = block(length: length, width: width, feedForward: feedForward)
        guard pooledLast, count > 0 else { return Array(repeating: whole, count: count) }
        return Array(repeating: whole, count: count - 1)
            + [pooledBlock(length: length, width: width, feedForward: feedForward)]
    }
}

extension TowerWork.Options {
    /// Patches a tower goes on with, of a square grid's.
    func keptPatches(grid: Int) -> Double {
        let all = Double(grid) * Double(grid)
        guard patchDropout > 0 else { return all }
        return max(1, (all * (1 - patchDropout)).rounded(.down))
    }
}

extension TowerWork {
    /// Of the image tower, for one picture; nothing for a model without one.
    public static func image(of model: ModelConfiguration, _ options: Options = Options()) -> TowerWork {
        model.vision?.work(embeddingSize: model.embeddingSize, options)
            ?? TowerWork(embedding: 0, blocks: [], head: 0)
    }

    /// Of the text tower, for one caption; nothing for a model without one.
    public static func text(of model: ModelConfiguration, _ options: Options = Options()) -> TowerWork {
        model.text?.work(embeddingSize: model.embeddingSize, options)
            ?? TowerWork(embedding: 0, blocks: [], head: 0)
    }
}
