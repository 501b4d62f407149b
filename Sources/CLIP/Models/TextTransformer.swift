import Torch
import TorchNN

/// CLIP's causal text transformer: token ids to embeddings `[B, E]` (arXiv 2103.00020, section 2.4).
public final class TextTransformer: Module {
    public let tokenEmbedding: Embedding
    /// `[context length, W]`
    public let positionalEmbedding: Parameter
    public let blocks: [TransformerBlock]
    public let finalNorm: LayerNorm
    /// `[W, E]`
    public let projection: Parameter
    private let configuration: ModelConfiguration.Text

    /// Whether only the end-of-text token goes through the last block. Off, the whole sequence does: the same numbers,
    /// slower.
    public var readsOnlyEndOfText = true
    /// Whether a batch is cut to its longest caption. Off, it is padded to the context length: the same numbers, slower.
    public var trimsToLongest = true

    /// Initialized as the paper's code.
    public init(_ configuration: ModelConfiguration.Text, embeddingSize: Int, activation: Activation) throws {
        self.configuration = configuration
        let width = configuration.width
        tokenEmbedding = try Embedding(configuration.vocabularySize, width)
        positionalEmbedding = try Parameter(zeros: configuration.contextLength, width)
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount,
                hidden: Int(Double(width) * configuration.feedForwardRatio), activation: activation)
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
        let batch = try TokenBatch(captions, configuration: configuration, trimmed: trimsToLongest)
        let device = positionalEmbedding.tensor.device
        let tokens = try Tensor(batch.tokens, shape: [batch.count, batch.length]).moved(to: device)
        let ends = try Tensor(batch.ends).moved(to: device)  // [B]
        let positions = try positionalEmbedding.tensor.slice(0..<batch.length)
        var states = try tokenEmbedding(tokens) + positions  // [B, L, W]
        for block in blocks.dropLast() { states = try block(states, causal: true) }
        let pooled = try endState(states, ends: ends)
        return try finalNorm(pooled).matmul(projection.tensor)
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

/// Captions of different lengths as one rectangle of token ids.
struct TokenBatch {
    let tokens: [Int32]
    /// Where each caption ends: the first place of its highest id, as the paper's code pools.
    let ends: [Int64]
    let length: Int
    var count: Int { ends.count }

    init(_ captions: [[Int32]], configuration: ModelConfiguration.Text, trimmed: Bool) throws {
        var ends: [Int64] = []
        for (row, caption) in captions.enumerated() {
            guard let highest = caption.max(), let end = caption.firstIndex(of: highest) else {
                throw TorchError(context: "TextTransformer", message: "caption \(row) has no tokens")
            }
            guard end < configuration.contextLength else {
                throw TorchError(
                    context: "TextTransformer",
                    message: "caption \(row) has more than the \(configuration.contextLength) tokens the model takes")
            }
            if let bad = caption.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
                throw TorchError(
                    context: "TextTransformer",
                    message:
                        "caption \(row) has token \(bad), outside the vocabulary of \(configuration.vocabularySize)")
            }
            ends.append(Int64(end))
        }
        let length = trimmed ? Int(ends.max() ?? 0) + 1 : configuration.contextLength
        var tokens = [Int32](repeating: 0, count: captions.count * length)
        for (row, caption) in captions.enumerated() {
            for (column, token) in caption.prefix(length).enumerated() { tokens[row * length + column] = token }
        }
        self.tokens = tokens
        self.ends = ends
        self.length = length
    }
}
