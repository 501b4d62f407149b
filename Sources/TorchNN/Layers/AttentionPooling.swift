import Torch

/// Attention of learned queries over a sequence of any width, as PyTorch's `nn.MultiheadAttention` with `kdim`.
public final class PoolingAttention: Module {
    /// Queries', keys' and values' projections, one above the other, `[3·width, width]`; nil where the sequence is of
    /// another width.
    public let inWeight: Parameter?
    /// `[width, width]`; with the next two, nil where the sequence is of the queries' width.
    public let queryWeight: Parameter?
    /// `[width, input width]`
    public let keyWeight: Parameter?
    /// `[width, input width]`
    public let valueWeight: Parameter?
    /// Queries', keys' and values', one after another: `[3·width]`.
    public let inBias: Parameter
    /// What the heads' outputs go through together, `[width, width]`.
    public let outProjection: Linear
    private let width: Int
    private let headCount: Int

    /// Initialized as PyTorch's `nn.MultiheadAttention`: Xavier-uniform projections, biases zero.
    public init(width: Int, inputWidth: Int, headCount: Int) throws {
        guard headCount > 0, width % headCount == 0 else {
            throw TorchError(
                context: "PoolingAttention", message: "width \(width) cannot be shared out over \(headCount) heads")
        }
        self.width = width
        self.headCount = headCount
        let isOneMatrix = width == inputWidth
        inWeight = isOneMatrix ? try Parameter(zeros: 3 * width, width) : nil
        queryWeight = isOneMatrix ? nil : try Parameter(zeros: width, width)
        keyWeight = isOneMatrix ? nil : try Parameter(zeros: width, inputWidth)
        valueWeight = isOneMatrix ? nil : try Parameter(zeros: width, inputWidth)
        inBias = try Parameter(zeros: 3 * width)
        outProjection = try Linear(width, width)
        for weight in [inWeight, queryWeight, keyWeight, valueWeight].compactMap({ $0 }) {
            let bound = (6 / Double(weight.shape[0] + weight.shape[1])).squareRoot()
            try Initializer.uniform(bound: bound).apply(to: weight)
        }
        if let bias = outProjection.bias { try Initializer.constant(0).apply(to: bias) }
    }

    /// Projections of queries, keys and values.
    private func weights() throws -> [Tensor] {
        if let inWeight { return try (0..<3).map { try inWeight.tensor.slice($0 * width..<($0 + 1) * width) } }
        return [queryWeight, keyWeight, valueWeight].compactMap { $0?.tensor }
    }

    /// - Parameters:
    ///   - queries: `[Q, width]`, the same for every sequence.
    ///   - input: `[B, L, input width]`.
    /// - Returns: `[B, Q, width]`.
    public func callAsFunction(queries: Tensor, over input: Tensor) throws -> Tensor {
        let (batch, count, depth) = (input.shape[0], queries.shape[0], width / headCount)
        let weights = try weights()
        func heads(_ states: Tensor, _ part: Int) throws -> Tensor {
            let bias = try inBias.tensor.slice(part * width..<(part + 1) * width)
            return try states.linear(weight: weights[part], bias: bias)
                .reshaped([states.shape[0], -1, headCount, depth]).transposed(1, 2)  // [B, heads, L, d]
        }
        let query = try heads(queries.unsqueezed(0), 0).expanded([batch, headCount, count, depth])
        let mixed = try query.attention(keys: heads(input, 1), values: heads(input, 2))
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, count, width]))
    }
}

/// Learned queries that gather a sequence into a fixed number of states: `[B, L, input width] -> [B, queries, width]`
/// (CoCa, Yu et al., arXiv 2205.01917, section 3.2).
public final class AttentionalPooler: Module {
    /// `[queries, width]`
    public let query: Parameter
    /// Before the queries are used.
    public let queryNorm: LayerNorm
    /// Before the sequence is looked at.
    public let inputNorm: LayerNorm
    /// Of the queries over the sequence.
    public let attention: PoolingAttention

    /// Queries from the standard normal distribution, as open_clip's.
    public init(queries: Int, width: Int, inputWidth: Int, headCount: Int) throws {
        query = try Parameter(zeros: queries, width)
        queryNorm = try LayerNorm(width)
        inputNorm = try LayerNorm(inputWidth)
        attention = try PoolingAttention(width: width, inputWidth: inputWidth, headCount: headCount)
        try Initializer.normal(1).apply(to: query)
    }

    /// `[B, L, input width] -> [B, queries, width]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try attention(queries: queryNorm(query.tensor), over: inputNorm(input))
    }
}

/// One learned query attends to a sequence; then a residual feed-forward layer: `[B, L, width] -> [B, width]` (SigLIP's
/// multihead attention pooling, Zhai et al., arXiv 2106.04560, appendix B).
public final class AttentionPoolingHead: Module {
    /// `[1, width]`
    public let probe: Parameter
    /// Of the probe over the sequence.
    public let attention: MultiHeadAttention
    /// Before the feed-forward layer.
    public let norm: LayerNorm
    /// Added to what attention gave.
    public let feedForward: FeedForward

    /// - Parameters:
    ///   - hidden: the feed-forward layer's inner width.
    ///   - epsilon: the normalization's.
    public init(width: Int, headCount: Int, hidden: Int, activation: Activation, epsilon: Double) throws {
        probe = try Parameter(zeros: 1, width)
        attention = try MultiHeadAttention(width: width, headCount: headCount)
        norm = try LayerNorm(width, epsilon: epsilon)
        feedForward = try FeedForward(width: width, hidden: hidden, activation: activation)
        try Initializer.normal(1 / Double(width).squareRoot()).apply(to: probe)
    }

    /// `[B, L, width] -> [B, width]`.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        let shape = input.shape
        let queries = try probe.tensor.expanded([shape[0], shape[2]])
        let pooled = try attention(queries: queries, over: input, visible: nil)
        return try feedForward(norm(pooled), adding: pooled)
    }
}
