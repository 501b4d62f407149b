import Torch
import TorchNN

/// BERT as a text tower (Devlin et al., arXiv 1810.04805; Chinese-CLIP, Yang et al., arXiv 2211.01335): token ids to
/// embeddings `[B, E]`, of the first token's last state or of the mean of all that are not padding (Reimers and Gurevych,
/// arXiv 1908.10084).
package final class BERTTransformer: TextTower {
    package let tokenEmbedding: Embedding
    /// `[positions, W]`
    package let positionalEmbedding: Parameter
    /// `[types, W]`; a text is all of type 0.
    package let typeEmbedding: Parameter
    package let embeddingNorm: LayerNorm
    package let blocks: [PostNormBlock]
    /// From the pooled state to the embedding; its parameters are named as the tower's own.
    package let projection: any EmbeddingProjection
    private let configuration: BERTConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false

    package var layerCount: Int { blocks.count }

    package func part(of parameter: String) -> TowerPart {
        part(
            of: parameter,
            embeddings: ["token_embedding", "positional_embedding", "type_embedding", "embedding_norm"],
            finalNorm: nil)
    }

    /// open_clip trains its own projection in any case.
    package func lockGroup(of parameter: String) -> Int? {
        configuration.isOpenCLIPs && part(of: parameter) == .head ? nil : layer(of: parameter)
    }

    /// Initialized as the authors' code: matrices and tables normal with deviation 0.02, biases zero.
    package init(_ configuration: BERTConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let (width, epsilon) = (configuration.width, configuration.epsilon)
        tokenEmbedding = try Embedding(configuration.vocabularySize, width)
        positionalEmbedding = try Parameter(zeros: configuration.positionCount, width)
        typeEmbedding = try Parameter(zeros: configuration.typeCount, width)
        embeddingNorm = try LayerNorm(width, epsilon: epsilon)
        blocks = try (0..<configuration.layers).map { _ in
            try PostNormBlock(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation, epsilon: epsilon)
        }
        switch configuration.projection {
        case .matrix: projection = try MatrixProjection(width, embeddingSize)
        case .mlp: projection = try BERTHiddenProjection(width, embeddingSize)
        }
        let small = Initializer.normal(0.02)
        for table in [tokenEmbedding.weight, positionalEmbedding, typeEmbedding] { try small.apply(to: table) }
        for block in blocks { try block.initialize(small) }
        try projection.initialize(.normal(1 / Double(width).squareRoot()))
    }

    /// - Parameter captions: token ids with the class token first and the separator last; padding after it is hidden and
    ///   need not be there.
    /// - Returns: embeddings `[B, E]`, not normalized.
    /// - Throws: `TorchError` for a caption that is empty or begins with padding, is too long, or has an id outside the
    ///   vocabulary.
    package func callAsFunction(_ captions: [[Int32]]) throws -> Tensor {
        let ends = try ends(of: captions)
        guard shortcuts.trimsToLongest else { return try encode(captions, length: configuration.contextLength) }
        let device = positionalEmbedding.tensor.device
        return try CaptionBatches(ends: ends, device: device).map(device: device) { rows in
            let length = CaptionBatches.columns(
                rows.map { ends[$0] }, limit: configuration.contextLength, on: device)
            return try encode(rows.map { captions[$0] }, length: length)
        }
    }

    /// The place of each caption's last token that is not padding.
    private func ends(of captions: [[Int32]]) throws -> [Int] {
        let rows = CaptionRows(
            tower: "BERTTransformer", contextLength: configuration.contextLength,
            vocabularySize: configuration.vocabularySize)
        try rows.checkTokens(captions)
        return try captions.enumerated().map { row, caption in
            guard caption[0] != configuration.padToken,
                let end = caption.lastIndex(where: { $0 != configuration.padToken })
            else { throw rows.problem(row, "begins with padding (token \(configuration.padToken))") }
            try rows.checkEnd(end, row: row)
            return end
        }
    }

    /// Captions as one rectangle of `length` columns.
    private func encode(_ captions: [[Int32]], length: Int) throws -> Tensor {
        let device = positionalEmbedding.tensor.device
        let padToken = configuration.padToken
        let tokens = try CaptionRows.rectangle(captions, length: length, padding: padToken, device: device)
        let words = try tokenEmbedding(tokens)  // [B, L, W]
        let places = try positionalEmbedding.tensor.slice(0..<length) + typeEmbedding.tensor.select(0)
        var states = try embeddingNorm(words + places)
        let flags = captions.map { caption in (0..<length).map { $0 < caption.count && caption[$0] != padToken } }
        let hasPadding = flags.contains { $0.contains(false) }
        let visible =
            hasPadding ? try CaptionRows.visibility(flags, dtype: states.dtype, device: device) : nil  // [B, L]
        let mask = try visible?.unsqueezed(1).unsqueezed(1)
        for block in blocks.dropLast() {
            states = try block.run(states, recomputing: recomputesBlocks) { try block($0, mask: mask) }
        }
        switch configuration.pooling {
        case .first: return try projection(firstState(states, mask: mask, visible: visible))
        case .mean:
            if let last = blocks.last {
                states = try last.run(states, recomputing: recomputesBlocks) { try last($0, mask: mask) }
            }
            return try projection(mean(states, over: hasPadding ? flags : nil))
        }
    }

    /// The mean of the states that are not padding: `[B, L, W] -> [B, W]`.
    /// - Parameter flags: which they are; nil for all.
    private func mean(_ states: Tensor, over flags: [[Bool]]?) throws -> Tensor {
        guard let flags else { return try states.mean(along: 1) }
        let shares = flags.flatMap { row -> [Float] in
            let share = 1 / Float(row.count { $0 })
            return row.map { $0 ? share : 0 }
        }
        let weights = try Tensor(shares, shape: [flags.count, 1, flags[0].count]).uploaded(to: states.device)
        return try weights.converted(to: states.dtype).matmul(states).squeezed(1)  // [B, 1, L] · [B, L, W]
    }

    /// The last block's state of the first token: `[B, L, W] -> [B, W]`.
    private func firstState(_ states: Tensor, mask: Tensor?, visible: Tensor?) throws -> Tensor {
        guard let last = blocks.last else { return try states.select(0, dimension: 1) }
        guard shortcuts.readsOnlyPooled else { return try last(states, mask: mask).select(0, dimension: 1) }
        return try last(firstOf: states, visible: visible)
    }
}

/// Two matrices with GELU between, as open_clip puts them after a model of Hugging Face's.
package final class BERTHiddenProjection: EmbeddingProjection {
    package let hiddenProjection: Layers

    init(_ width: Int, _ embeddingSize: Int) throws { hiddenProjection = try Layers(width, embeddingSize) }

    /// They stay as PyTorch draws them.
    package func initialize(_ draw: Initializer) throws {}

    package func callAsFunction(_ state: Tensor) throws -> Tensor { try hiddenProjection(state) }

    package final class Layers: Module {
        package let expand: Linear
        package let contract: Linear

        init(_ width: Int, _ embeddingSize: Int) throws {
            let hidden = BERTConfiguration.Projection.hiddenWidth(width, embeddingSize)
            expand = try Linear(width, hidden, bias: false)
            contract = try Linear(hidden, embeddingSize, bias: false)
        }

        func callAsFunction(_ state: Tensor) throws -> Tensor {
            try contract(expand(state, ending: .gelu(approximate: false)) { try $0.gelu() })
        }
    }
}

/// A residual block with normalization after each part (Vaswani et al., arXiv 1706.03762).
package final class PostNormBlock: Module {
    package let attention: MultiHeadAttention
    package let norm1: LayerNorm
    package let feedForward: FeedForward
    package let norm2: LayerNorm

    package init(width: Int, headCount: Int, hidden: Int, activation: Activation, epsilon: Double) throws {
        attention = try MultiHeadAttention(width: width, headCount: headCount)
        norm1 = try LayerNorm(width, epsilon: epsilon)
        feedForward = try FeedForward(width: width, hidden: hidden, activation: activation)
        norm2 = try LayerNorm(width, epsilon: epsilon)
    }

    func initialize(_ weights: Initializer) throws {
        for linear in [attention.outProjection, feedForward.expand, feedForward.contract] {
            try weights.apply(to: linear.weight)
            if let bias = linear.bias { try Initializer.constant(0).apply(to: bias) }
        }
        try weights.apply(to: attention.inWeight)
    }

    /// `[B, L, width] -> [B, L, width]`.
    /// - Parameter mask: see `MultiHeadAttention`.
    package func callAsFunction(_ input: Tensor, mask: Tensor?) throws -> Tensor {
        try finish(attention(input, causal: false, mask: mask, adding: input))
    }

    /// The output at the first position, `[B, width]`: exactly what the whole block gives there.
    /// - Parameter visible: see `MultiHeadAttention`.
    package func callAsFunction(firstOf input: Tensor, visible: Tensor?) throws -> Tensor {
        let first = try input.select(0, dimension: 1)
        return try finish(attention(queries: first, over: input, visible: visible, adding: first))
    }

    private func finish(_ attended: Tensor) throws -> Tensor {
        let middle = try norm1(attended)
        return try norm2(feedForward(middle, adding: middle))
    }
}
