import Torch
import TorchNN

/// CLIP's causal text transformer: token ids to embeddings `[B, E]` (arXiv 2103.00020, section 2.4).
public final class TextTransformer: TextTower {
    public let tokenEmbedding: Embedding
    /// `[context length, W]`
    public let positionalEmbedding: Parameter
    public let blocks: [TransformerBlock]
    public let finalNorm: LayerNorm
    /// `[W, E]`
    public let projection: Parameter
    let configuration: TextTransformerConfiguration

    /// Whether only the end-of-text token goes through the last block. Off, the whole sequence does: the same numbers,
    /// slower.
    public var readsOnlyEndOfText = true
    /// Whether captions of like length share a batch that is cut to its longest. Off, all are padded to the context
    /// length: the same numbers, several times slower.
    public var trimsToLongest = true

    /// Initialized as the paper's code.
    public init(_ configuration: TextTransformerConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let width = configuration.width
        tokenEmbedding = try Embedding(configuration.vocabularySize, width)
        positionalEmbedding = try Parameter(zeros: configuration.contextLength, width)
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount,
                hidden: configuration.hiddenWidth, activation: configuration.activation)
        }
        finalNorm = try LayerNorm(width)
        projection = try Parameter(zeros: width, embeddingSize)
        try initialize()
    }

    private func initialize() throws {
        let width = Double(configuration.width)
        let residual = 1 / (width * 2 * Double(configuration.layers)).squareRoot()
        try Initializer.normal(0.02).apply(to: tokenEmbedding.weight)
        try Initializer.normal(0.01).apply(to: positionalEmbedding)
        for block in blocks {
            try Initializer.normal(1 / width.squareRoot()).apply(to: block.attention.inWeight)
            try Initializer.normal(residual).apply(to: block.attention.outProjection.weight)
            try Initializer.normal(1 / (2 * width).squareRoot()).apply(to: block.feedForward.expand.weight)
            try Initializer.normal(residual).apply(to: block.feedForward.contract.weight)
        }
        try Initializer.normal(1 / width.squareRoot()).apply(to: projection)
    }

    /// - Parameter captions: token ids with start and end of text, not padded (or padded with anything: what stands
    ///   after the highest id, which is end-of-text, is never seen).
    /// - Returns: embeddings `[B, E]`, not normalized.
    public func callAsFunction(_ captions: [[Int32]]) throws -> Tensor {
        let ends = try CaptionBatches.ends(of: captions, configuration: configuration)
        guard trimsToLongest else {
            return try encode(captions, ends: ends, length: configuration.contextLength)
        }
        let batches = CaptionBatches(ends: ends)
        let parts = try batches.rows.map { rows in
            try encode(
                rows.map { captions[$0] }, ends: rows.map { ends[$0] }, length: rows.map { ends[$0] + 1 }.max() ?? 1)
        }
        if parts.count == 1, batches.isInOrder { return parts[0] }
        let device = positionalEmbedding.tensor.device
        return try Tensor.concatenated(parts).rows(Tensor(batches.places).moved(to: device))
    }

    /// Captions as one rectangle of `length` columns, each read up to its end.
    private func encode(_ captions: [[Int32]], ends: [Int], length: Int) throws -> Tensor {
        let device = positionalEmbedding.tensor.device
        var ids = [Int32](repeating: 0, count: captions.count * length)
        for (row, caption) in captions.enumerated() {
            for (column, token) in caption.prefix(length).enumerated() { ids[row * length + column] = token }
        }
        let tokens = try Tensor(ids, shape: [captions.count, length]).moved(to: device)
        let ends = try Tensor(ends.map(Int64.init)).moved(to: device)  // [B]
        var states = try tokenEmbedding(tokens) + positionalEmbedding.tensor.slice(0..<length)  // [B, L, W]
        for block in blocks.dropLast() { states = try block(states, causal: true) }
        return try finalNorm(endState(states, ends: ends)).matmul(projection.tensor)
    }

    /// The last block's state at end-of-text: `[B, L, W] -> [B, W]`.
    private func endState(_ states: Tensor, ends: Tensor) throws -> Tensor {
        guard let last = blocks.last else { return try states.atPositions(ends) }
        guard readsOnlyEndOfText else { return try last(states, causal: true).atPositions(ends) }
        let length = states.shape[1]
        let later = try Tensor.range(length, device: states.device).unsqueezed(0)
            .greater(than: ends.unsqueezed(1))  // [B, L]
        let visible = try Tensor.zeros([ends.shape[0], length], dtype: states.dtype, device: states.device)
            .filled(where: later, with: -.infinity)
        return try last(states, at: ends, visible: visible)
    }
}
