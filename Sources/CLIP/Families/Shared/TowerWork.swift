import CLIP

/// Multiply-adds that one picture or one caption costs a tower, counted from its shape: every matrix product and every
/// convolution, and nothing else (norms, activations and softmax are a few parts in a thousand).
///
/// A product `[M, K]·[K, N]` counts M·K·N; one multiply-add is two floating-point operations.
public struct TowerWork: Sendable, Equatable {
    /// What comes before the first block: patches, or a ResNet's stem. Tables that are looked up cost nothing.
    public var embedding: Double
    public var blocks: [Double]
    /// Pooling and projection.
    public var head: Double

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

extension TowerWork {
    /// Of the image tower, for one picture.
    public static func image(of model: ModelConfiguration, _ options: Options = Options()) -> TowerWork {
        let embedding = Double(model.embeddingSize)
        switch model.vision {
        case .transformer(let tower): return TowerWork(tower, embedding, options)
        case .eva(let tower): return TowerWork(tower, embedding, options)
        case .resNet(let tower): return TowerWork(tower, embedding, options)
        }
    }

    /// Of the text tower, for one caption.
    public static func text(of model: ModelConfiguration, _ options: Options = Options()) -> TowerWork {
        let embedding = Double(model.embeddingSize)
        switch model.text {
        case .transformer(let tower):
            let width = Double(tower.width)
            let length =
                (tower.readsPadding ? nil : options.captionLength) ?? Double(tower.contextLength)
            let projection: Double
            switch tower.projection {
            case .matrix, .linear: projection = width * embedding
            case .mlp: projection = width * width + width * embedding
            case .none: projection = 0
            }
            return TowerWork(
                embedding: 0,
                blocks: blocks(
                    tower.layers, length: length + (tower.hasClassEmbedding ? 1 : 0), width: width,
                    feedForward: 2 * width * Double(tower.hiddenWidth), pooledLast: options.readsOnlyPooledToken),
                head: projection)
        case .bert(let tower):
            let width = Double(tower.width)
            return TowerWork(
                embedding: 0,
                blocks: blocks(
                    tower.layers, length: options.captionLength ?? Double(tower.contextLength), width: width,
                    feedForward: 2 * width * Double(tower.hiddenWidth), pooledLast: options.readsOnlyPooledToken),
                head: width * embedding)
        }
    }

    /// Patches, and those a tower goes on with.
    private static func patches(grid: Int, _ options: Options) -> (all: Double, kept: Double) {
        let all = Double(grid) * Double(grid)
        guard options.patchDropout > 0 else { return (all, all) }
        return (all, max(1, (all * (1 - options.patchDropout)).rounded(.down)))
    }

    private init(_ tower: VisionTransformerConfiguration, _ outputs: Double, _ options: Options) {
        let (width, hidden) = (Double(tower.width), Double(tower.hiddenWidth))
        let (patches, kept) = Self.patches(grid: tower.gridSize, options)
        let length = kept + (tower.hasClassToken ? 1 : 0)
        var pooledWidth = width
        var head = 0.0
        switch tower.pooling {
        case .token, .average: break
        case .attentionHead:
            head += 2 * length * width * width + 2 * width * width + 2 * length * width + 2 * width * hidden
        case .attentionalPooler(let queries, _):
            let count = Double(queries)
            head += 2 * count * outputs * outputs + 2 * length * width * outputs + 2 * count * length * outputs
            pooledWidth = outputs
        }
        if tower.hasProjection { head += pooledWidth * outputs }
        if tower.hasHiddenProjection { head += pooledWidth * pooledWidth }
        self.init(
            embedding: patches * 3 * Double(tower.patchSize * tower.patchSize) * width,
            blocks: Self.blocks(
                tower.layers, length: length, width: width, feedForward: 2 * width * hidden,
                pooledLast: options.readsOnlyPooledToken && tower.pooling == .token),
            head: head)
    }

    private init(_ tower: EVAConfiguration, _ outputs: Double, _ options: Options) {
        let (width, hidden) = (Double(tower.width), Double(tower.hiddenWidth))
        let (patches, kept) = Self.patches(grid: tower.gridSize, options)
        let products = tower.feedForward == .swiGLU ? 3.0 : 2.0
        self.init(
            embedding: patches * 3 * Double(tower.patchSize * tower.patchSize) * width,
            blocks: Self.blocks(
                tower.layers, length: kept + 1, width: width, feedForward: products * width * hidden,
                pooledLast: options.readsOnlyPooledToken),
            head: width * outputs)
    }

    private init(_ tower: ResNetConfiguration, _ outputs: Double, _ options: Options) {
        let stem = Double(tower.width)
        let half = Double(tower.imageSize / 2) * Double(tower.imageSize / 2)
        let embedding = half * 9 * (3 * stem / 2 + stem / 2 * stem / 2 + stem / 2 * stem)
        var blocks: [Double] = []
        var inputs = stem
        var places = half / 4  // of what enters the block
        for (stage, count) in tower.layers.enumerated() {
            let planes = stem * Double(1 << stage)
            for block in 0..<count {
                let shrinks = block == 0 && stage > 0
                let after = shrinks ? places / 4 : places
                var work = places * (inputs * planes + 9 * planes * planes) + after * planes * 4 * planes
                if block == 0 { work += after * inputs * 4 * planes }
                blocks.append(work)
                inputs = 4 * planes
                places = after
            }
        }
        let width = Double(tower.outputWidth)
        let length = Double(tower.gridSize) * Double(tower.gridSize) + 1
        let asking = options.readsOnlyPooledToken ? 1 : length
        let head =
            (asking + 2 * length) * width * width + 2 * asking * length * width + asking * width * outputs
        self.init(embedding: embedding, blocks: blocks, head: head)
    }
}
