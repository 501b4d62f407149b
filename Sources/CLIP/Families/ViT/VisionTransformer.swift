import Torch
import TorchNN

/// A vision transformer: pictures `[B, 3, S, S]` to embeddings `[B, E]` (arXiv 2103.00020, section 2.4; SigLIP's, arXiv
/// 2303.15343; CoCa's, arXiv 2205.01917).
public final class VisionTransformer: ImageTower {
    public let patches: PatchEmbedding
    /// `[W]`, the vector of the extra token whose last state stands for the picture.
    public let classEmbedding: Parameter?
    /// `[grid², W]`, or one more with the class token's first.
    public let positionalEmbedding: Parameter
    public let preNorm: LayerNorm?
    public let blocks: [TransformerBlock]
    /// Over `W`; over `E` after an attentional pooler.
    public let postNorm: LayerNorm
    public let attentionHead: AttentionPoolingHead?
    public let pooler: AttentionalPooler?
    /// `[W, E]`, or `[E, E]` after an attentional pooler.
    public let projection: Parameter?
    /// From `W` to the embedding in two layers; nil for a tower with a matrix, or none.
    public let hiddenProjection: ProjectionHead?
    let configuration: VisionTransformerConfiguration

    /// Whether only the class token goes through the last block where it alone is pooled. Off, the whole sequence does:
    /// the same numbers, slower.
    public var readsOnlyClassToken = true
    public var recomputesBlocks = false
    public let patchDropout: PatchDropout? = PatchDropout()

    public var layerCount: Int { blocks.count }

    public func layer(of parameter: String) -> Int {
        layer(of: parameter, embeddings: ["patches", "class_embedding", "positional_embedding", "pre_norm"])
    }

    /// Initialized as the paper's code: embeddings and projection at width^-½, blocks as PyTorch's defaults.
    public init(_ configuration: VisionTransformerConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let (width, epsilon) = (configuration.width, configuration.epsilon)
        let tokens = configuration.gridSize * configuration.gridSize + (configuration.hasClassToken ? 1 : 0)
        patches = try PatchEmbedding(
            width: width, patchSize: configuration.patchSize, bias: configuration.hasPatchBias)
        classEmbedding = configuration.hasClassToken ? try Parameter(zeros: width) : nil
        positionalEmbedding = try Parameter(zeros: tokens, width)
        preNorm = configuration.hasPreNorm ? try LayerNorm(width, epsilon: epsilon) : nil
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation, epsilon: epsilon, layerScale: configuration.layerScale)
        }
        var pooledWidth = width
        switch configuration.pooling {
        case .token, .average: (attentionHead, pooler) = (nil, nil)
        case .attentionHead:
            attentionHead = try AttentionPoolingHead(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation, epsilon: epsilon)
            pooler = nil
        case .attentionalPooler(let queries, let headCount):
            attentionHead = nil
            pooler = try AttentionalPooler(
                queries: queries, width: embeddingSize, inputWidth: width, headCount: headCount)
            pooledWidth = embeddingSize
        }
        postNorm = try LayerNorm(pooledWidth, epsilon: epsilon)
        hiddenProjection = configuration.hasHiddenProjection ? try ProjectionHead(pooledWidth, embeddingSize) : nil
        let hasMatrix = configuration.hasProjection && !configuration.hasHiddenProjection
        projection = hasMatrix ? try Parameter(zeros: pooledWidth, embeddingSize) : nil
        try Self.check(configuration, embeddingSize: embeddingSize, pooledWidth: pooledWidth)
        let scale = Initializer.normal(1 / Double(width).squareRoot())
        for parameter in [classEmbedding, positionalEmbedding, projection].compactMap({ $0 }) {
            try scale.apply(to: parameter)
        }
    }

    private static func check(
        _ configuration: VisionTransformerConfiguration, embeddingSize: Int, pooledWidth: Int
    ) throws {
        func refuse(_ message: String) -> TorchError { TorchError(context: "VisionTransformer", message: message) }
        if configuration.pooling == .token, !configuration.hasClassToken {
            throw refuse("the class token's state is to be pooled, and there is no class token")
        }
        if !configuration.hasProjection, pooledWidth != embeddingSize {
            throw refuse("without projection, width \(pooledWidth) has to be the embedding's size \(embeddingSize)")
        }
    }

    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: embeddings `[B, E]`, not normalized.
    public func callAsFunction(_ pictures: Tensor) throws -> Tensor {
        let input = try embed(pictures)
        if configuration.pooling == .token, readsOnlyClassToken, let last = blocks.last {
            let states = try run(blocks.dropLast(), on: input)
            let first = try Tensor.zeros([states.shape[0]], dtype: .int64, device: states.device)
            return try project(postNorm(last(states, at: first, visible: nil)))
        }
        return try project(pool(run(blocks[...], on: input)).state)
    }

    /// Embeddings, and what is left for a caption decoder to attend to.
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: `[B, E]`, not normalized, and `[B, tokens, pooled width]`: an attentional pooler's states but the
    ///   first, or the normalized patches' states.
    public func embeddingAndTokens(_ pictures: Tensor) throws -> (embedding: Tensor, tokens: Tensor) {
        let (state, tokens) = try pool(run(blocks[...], on: embed(pictures)))
        return (try project(state), tokens)
    }

    /// What enters the first block: `[B, 3, S, S] -> [B, tokens, W]`.
    func embed(_ pictures: Tensor) throws -> Tensor {
        let size = configuration.imageSize
        guard pictures.rank == 4, Array(pictures.shape.dropFirst()) == [3, size, size] else {
            throw TorchError(
                context: "VisionTransformer",
                message: "pictures of shape \(pictures.shape) given where [B, 3, \(size), \(size)] is needed")
        }
        let embedded = try patches(pictures)  // [B, grid², W]
        var states = try place(embedded)
        if let kept = try patchDropout?.choice(
            batch: embedded.shape[0], count: embedded.shape[1], device: embedded.device)
        {
            // The class token stays, and each patch's position goes with it.
            let patches = try PatchDropout.rows(
                of: configuration.hasClassToken ? states.slice(1..<states.shape[1], dimension: 1) : states, at: kept)
            states =
                configuration.hasClassToken
                ? try Tensor.concatenated([states.slice(0..<1, dimension: 1), patches], dimension: 1) : patches
        }
        return try preNorm?(states) ?? states
    }

    /// Patches with the class token before them, at their places: `[B, grid², W] -> [B, tokens, W]`.
    private func place(_ embedded: Tensor) throws -> Tensor {
        var states = embedded
        if let classEmbedding {
            let classToken = try classEmbedding.tensor.converted(to: states.dtype)
                .expanded([states.shape[0], 1, configuration.width])
            states = try Tensor.concatenated([classToken, states], dimension: 1)  // [B, grid² + 1, W]
        }
        return try states + positionalEmbedding.tensor.converted(to: states.dtype)
    }

    /// The tower's last block is never recomputed: backward needs its inner states first, when nothing has been freed.
    func run(_ blocks: ArraySlice<TransformerBlock>, on input: Tensor) throws -> Tensor {
        try zip(blocks.indices, blocks).reduce(input) { states, numbered in
            let (index, block) = numbered
            return try block.run(states, recomputing: recomputesBlocks && index + 1 < layerCount) {
                try block($0, causal: false)
            }
        }
    }

    /// The last block's states as one, `[B, pooled width]`, and those that are left.
    private func pool(_ states: Tensor) throws -> (state: Tensor, tokens: Tensor) {
        func withoutClass(_ states: Tensor) throws -> Tensor {
            configuration.hasClassToken ? try states.slice(1..<states.shape[1], dimension: 1) : states
        }
        switch configuration.pooling {
        case .token:
            let normalized = try postNorm(states)
            return (try normalized.select(0, dimension: 1), try withoutClass(normalized))
        case .average(normAfter: true):
            let patches = try withoutClass(states)
            return (try postNorm(patches.mean(along: 1)), patches)
        case .average(normAfter: false):
            let patches = try withoutClass(postNorm(states))
            return (try patches.mean(along: 1), patches)
        case .attentionHead, .attentionalPooler:
            if let attentionHead {
                let normalized = try postNorm(states)
                return (try attentionHead(normalized), try withoutClass(normalized))
            }
            let pooled = try postNorm(pooler?(states) ?? states)
            return (try pooled.select(0, dimension: 1), try pooled.slice(1..<pooled.shape[1], dimension: 1))
        }
    }

    private func project(_ state: Tensor) throws -> Tensor {
        if let hiddenProjection { return try hiddenProjection(state) }
        return try projection.map { try state.matmul($0.tensor) } ?? state
    }
}
