import Torch

/// Scaled dot-product attention of a sequence over itself, with several heads (Vaswani et al., arXiv 1706.03762).
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
    public func callAsFunction(_ input: Tensor, causal: Bool) throws -> Tensor {
        let shape = input.shape
        let (batch, length) = (shape[0], shape[1])
        let heads =
            try input.linear(weight: inWeight.tensor, bias: inBias.tensor)  // [B, L, 3·width]
            .reshaped([batch, length, 3, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])  // [3, B, heads, L, d]
        let mixed = try ShortAttention.attend(heads.select(0), heads.select(1), heads.select(2), causal: causal)
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, length, width]))
    }

    /// The output at one position per sequence, `[B, width]`, for the price of one query.
    /// - Parameters:
    ///   - queries: the inputs at those positions, `[B, width]`.
    ///   - input: the whole sequences, `[B, L, width]`.
    ///   - visible: real `[B, L]` added to the scores (0 or -infinity); nil when every position is seen.
    public func callAsFunction(queries: Tensor, over input: Tensor, visible: Tensor?) throws -> Tensor {
        let shape = input.shape
        let (batch, length, depth) = (shape[0], shape[1], width / headCount)
        let (weight, bias) = (inWeight.tensor, inBias.tensor)
        let query =
            try queries.linear(weight: weight.slice(0..<width), bias: bias.slice(0..<width))
            .reshaped([batch, headCount, 1, depth])
        let pair =
            try input.linear(weight: weight.slice(width..<3 * width), bias: bias.slice(width..<3 * width))
            .reshaped([batch, length, 2, headCount, depth])
            .permuted([2, 0, 3, 1, 4])  // [2, B, heads, L, d]
        let mask = try visible?.reshaped([batch, 1, 1, length])
        let mixed = try query.attention(keys: pair.select(0), values: pair.select(1), mask: mask)
        return try outProjection(mixed.reshaped([batch, width]))
    }
}
