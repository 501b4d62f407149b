import Torch

/// Scaled dot-product attention with several heads (Vaswani et al., arXiv 1706.03762): of a sequence over itself, or of
/// queries over another sequence of the same width.
public final class MultiHeadAttention: Module {
    /// Queries', keys' and values' projections, one above the other: `[3·width, width]`.
    public let inWeight: Parameter
    /// `[3·width]`
    public let inBias: Parameter
    public let outProjection: Linear
    public let headCount: Int
    private let width: Int

    /// Initialized as PyTorch's `nn.MultiheadAttention`: Xavier-uniform projections, biases zero.
    public init(width: Int, headCount: Int) throws {
        guard headCount > 0, width % headCount == 0 else {
            throw TorchError(
                context: "MultiHeadAttention", message: "width \(width) cannot be shared out over \(headCount) heads")
        }
        self.width = width
        self.headCount = headCount
        inWeight = try Parameter(zeros: 3 * width, width)
        inBias = try Parameter(zeros: 3 * width)
        outProjection = try Linear(width, width)
        try Initializer.uniform(bound: (6.0 / Double(4 * width)).squareRoot()).apply(to: inWeight)
        if let bias = outProjection.bias { try Initializer.constant(0).apply(to: bias) }
    }

    /// `[B, L, width] -> [B, L, width]`.
    /// - Parameters:
    ///   - causal: each position sees itself and those before it.
    ///   - mask: real, broadcast to `[B, heads, L, L]` and added to the scores; with `causal`, both hold.
    public func callAsFunction(_ input: Tensor, causal: Bool, mask: Tensor? = nil) throws -> Tensor {
        let shape = input.shape
        let (batch, length) = (shape[0], shape[1])
        let heads =
            try input.linear(weight: inWeight.tensor, bias: inBias.tensor)  // [B, L, 3·width]
            .reshaped([batch, length, 3, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])  // [3, B, heads, L, d]
        let mixed = try ShortAttention.attend(
            heads.select(0), heads.select(1), heads.select(2), causal: causal, mask: mask)
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, length, width]))
    }

    /// The output at one position per sequence, `[B, width]`, for the price of one query.
    /// - Parameters:
    ///   - queries: the inputs at those positions, `[B, width]`.
    ///   - input: the whole sequences, `[B, L, width]`.
    ///   - visible: real `[B, L]` added to the scores (0 or -infinity); nil when every position is seen.
    public func callAsFunction(queries: Tensor, over input: Tensor, visible: Tensor?) throws -> Tensor {
        try self(queries: queries.unsqueezed(1), keysAndValues: keysAndValues(input), visible: visible).squeezed(1)
    }

    /// What queries need of a sequence, to be computed once where several calls ask the same one:
    /// `[B, L, width] -> [2, B, heads, L, d]`.
    public func keysAndValues(_ input: Tensor) throws -> Tensor {
        let shape = input.shape
        let (weight, bias) = (inWeight.tensor, inBias.tensor)
        return try input.linear(weight: weight.slice(width..<3 * width), bias: bias.slice(width..<3 * width))
            .reshaped([shape[0], shape[1], 2, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])
    }

    /// Several queries over another sequence: `[B, Q, width] -> [B, Q, width]`.
    /// - Parameters:
    ///   - keysAndValues: that sequence as ``keysAndValues(_:)`` gives it.
    ///   - visible: real `[B, L]` added to the scores (0 or -infinity); nil when every position is seen.
    public func callAsFunction(queries: Tensor, keysAndValues: Tensor, visible: Tensor? = nil) throws -> Tensor {
        let shape = queries.shape
        let (batch, count) = (shape[0], shape[1])
        let query =
            try queries.linear(weight: inWeight.tensor.slice(0..<width), bias: inBias.tensor.slice(0..<width))
            .reshaped([batch, count, headCount, width / headCount])
            .transposed(1, 2)  // [B, heads, Q, d]
        let mask = try visible?.unsqueezed(1).unsqueezed(1)  // [B, 1, 1, L]
        let (keys, values) = (try keysAndValues.select(0), try keysAndValues.select(1))
        let mixed =
            count > 1
            ? try ShortAttention.attend(query, keys, values, causal: false, mask: mask)
            : try query.attention(keys: keys, values: values, mask: mask)
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, count, width]))
    }
}
