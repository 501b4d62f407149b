import Torch
import TorchNN

/// A vision transformer: pictures `[B, 3, S, S]` to embeddings `[B, E]` (arXiv 2103.00020, section 2.4; SigLIP's, arXiv
/// 2303.15343; CoCa's, arXiv 2205.01917).
package final class VisionTransformer: TokenTower {
    package let patches: PatchEmbedding
    /// `[W]`, the vector of the extra token whose last state stands for the picture.
    package let classEmbedding: Parameter?
    /// `[grid², W]`, or one more with the class token's first.
    package let positionalEmbedding: Parameter
    package let preNorm: LayerNorm?
    package let blocks: [TransformerBlock]
    /// Pooling and projection.
    package let head: any PoolingHead
    let configuration: VisionTransformerConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false
    package let patchDropout: PatchDropout? = PatchDropout()

    package var layerCount: Int { blocks.count }
    package var tokens: (any TokenTower)? { self }
    /// That of the patches' states, or of what an attentional pooler gives.
    package var tokenWidth: Int { head.postNorm.weight.shape[0] }

    package func part(of parameter: String) -> TowerPart {
        part(
            of: parameter, embeddings: ["patches", "class_embedding", "positional_embedding", "pre_norm"],
            finalNorm: "post_norm")
    }

    /// Initialized as the paper's code: embeddings and projection at width^-½, blocks as PyTorch's defaults.
    package init(_ configuration: VisionTransformerConfiguration, embeddingSize: Int) throws {
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
        head = try configuration.makeHead(embeddingSize: embeddingSize)
        let scale = Initializer.normal(1 / Double(width).squareRoot())
        for parameter in [classEmbedding, positionalEmbedding].compactMap({ $0 }) { try scale.apply(to: parameter) }
        try head.projection.initialize(scale)
    }

    package func states(_ pictures: Tensor) throws -> Tensor {
        let input = try embed(pictures)
        if head.readsOnlyFirst, shortcuts.readsOnlyPooled, let last = blocks.last {
            let states = try run(blocks.dropLast(), on: input)
            let first = try Tensor.zeros([states.shape[0]], dtype: .int64, device: states.device)
            return try head.postNorm(last(states, at: first, visible: nil))
        }
        return try head.pool(run(blocks[...], on: input)).state
    }

    package func embedding(ofState state: Tensor) throws -> Tensor { try head.projection(state) }

    /// Embeddings, and what is left for a caption decoder to attend to.
    /// - Parameter pictures: preprocessed, `[B, 3, S, S]`.
    /// - Returns: `[B, E]`, not normalized, and `[B, tokens, pooled width]`: an attentional pooler's states but the
    ///   first, or the normalized patches' states.
    package func embeddingAndTokens(_ pictures: Tensor) throws -> (embedding: Tensor, tokens: Tensor) {
        let (state, tokens) = try head.pool(run(blocks[...], on: embed(pictures)))
        return (try head.projection(state), tokens)
    }

    /// What enters the first block: `[B, 3, S, S] -> [B, tokens, W]`.
    func embed(_ pictures: Tensor) throws -> Tensor {
        try check(pictures, size: configuration.imageSize)
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
}
