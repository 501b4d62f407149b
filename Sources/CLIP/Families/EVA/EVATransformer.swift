import Torch
import TorchNN

/// An EVA vision transformer: pictures `[B, 3, S, S]` to embeddings `[B, E]` (EVA-CLIP, arXiv 2303.15389; EVA-02, arXiv
/// 2303.11331).
package final class EVATransformer: ImageTower {
    package let patches: PatchEmbedding
    /// `[W]`, the vector of the extra token whose last state stands for the picture.
    package let classEmbedding: Parameter
    /// `[grid² + 1, W]`, the class token's first.
    package let positionalEmbedding: Parameter
    package let blocks: [EVABlock]
    package let postNorm: LayerNorm
    /// From `W` to the embedding, with a bias.
    package let head: Linear
    private let rotation: RotaryPositions?
    private let configuration: EVAConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false
    package let patchDropout: PatchDropout? = PatchDropout()

    package var layerCount: Int { blocks.count }

    package var tokens: (any TokenTower)? { nil }

    package func part(of parameter: String) -> TowerPart {
        part(
            of: parameter, embeddings: ["patches", "class_embedding", "positional_embedding"], finalNorm: "post_norm")
    }

    /// Initialized as timm's code: everything at 0.02 with biases zero, what ends a residual branch smaller the deeper it
    /// stands, and the head a thousandth of it.
    package init(_ configuration: EVAConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let (width, grid) = (configuration.width, configuration.gridSize)
        patches = try PatchEmbedding(width: width, patchSize: configuration.patchSize, bias: true)
        classEmbedding = try Parameter(zeros: width)
        positionalEmbedding = try Parameter(zeros: grid * grid + 1, width)
        blocks = try (0..<configuration.layers).map { try EVABlock(configuration, depth: $0) }
        postNorm = try LayerNorm(width, epsilon: configuration.epsilon)
        head = try Linear(width, embeddingSize)
        rotation =
            configuration.hasRotaryPositions
            ? try RotaryPositions(
                gridSize: grid, referenceGrid: configuration.rotaryGrid, headWidth: width / configuration.headCount)
            : nil
        for parameter in [classEmbedding, positionalEmbedding] { try Initializer.normal(0.02).apply(to: parameter) }
        try head.initialize(deviation: 0.02 * 0.001)
    }

    package func states(_ pictures: Tensor) throws -> Tensor {
        try check(pictures, size: configuration.imageSize)
        let embedded = try patches(pictures)  // [B, grid², W]
        let classToken = try classEmbedding.tensor.converted(to: embedded.dtype)
            .expanded([embedded.shape[0], 1, configuration.width])
        var states =
            try Tensor.concatenated([classToken, embedded], dimension: 1)
            + positionalEmbedding.tensor.converted(to: embedded.dtype)  // [B, grid² + 1, W]
        var rotation = self.rotation
        if let kept = try patchDropout?.choice(
            batch: embedded.shape[0], count: embedded.shape[1], device: embedded.device)
        {
            let patches = try PatchDropout.rows(of: states.slice(1..<states.shape[1], dimension: 1), at: kept)
            states = try Tensor.concatenated([states.slice(0..<1, dimension: 1), patches], dimension: 1)
            rotation = try rotation?.kept(kept)
        }
        let turned = rotation
        for (index, block) in blocks.enumerated() {
            let isLast = index == blocks.count - 1
            let onlyFirst = isLast && shortcuts.readsOnlyPooled
            states = try block.run(states, recomputing: recomputesBlocks && !isLast) {
                try block($0, rotation: turned, onlyFirst: onlyFirst)
            }
        }
        return try postNorm(states.select(0, dimension: 1))
    }

    package func embedding(ofState state: Tensor) throws -> Tensor { try head(state) }
}

extension Linear {
    /// timm's start: normal weights, no bias.
    func initialize(deviation: Double) throws {
        try Initializer.normal(deviation).apply(to: weight)
        if let bias { try Initializer.constant(0).apply(to: bias) }
    }
}
