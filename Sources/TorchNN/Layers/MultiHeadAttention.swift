import Torch

/// Scaled dot-product attention with several heads (Vaswani et al., arXiv 1706.03762): of a sequence over itself, or of
/// queries over another sequence of the same width.
public final class MultiHeadAttention: PackableLayer {
    /// Queries', keys' and values' projections, one above the other: `[3·width, width]`.
    public let inWeight: Parameter
    /// `[3·width]`
    public let inBias: Parameter
    /// What the heads' outputs go through together, `[width, width]`.
    public let outProjection: Linear
    /// Each of width / headCount columns.
    public let headCount: Int
    private let width: Int
    package var packing: Packing?

    package var packedParameters: [Parameter] { [inWeight, inBias] }

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
    ///   - other: what is added to the output, of its shape.
    public func callAsFunction(
        _ input: Tensor, causal: Bool, mask: Tensor? = nil, adding other: Tensor? = nil
    ) throws -> Tensor {
        let shape = input.shape
        let (batch, length) = (shape[0], shape[1])
        let projected = try project(input, 0..<3)  // [B, L, 3·width]
        if mask == nil, ShortAttention.isFused(projected, depth: width / headCount, longest: length) {
            let starts = (0...batch).map { $0 * length }
            let mixed = try projected.reshaped([batch * length, 3 * width])
                .selfAttention(starts: starts, heads: headCount, causal: causal)
            return try outProjection(mixed.reshaped([batch, length, width]), adding: other)
        }
        let heads =
            try projected
            .reshaped([batch, length, 3, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])  // [3, B, heads, L, d]
        let mixed = try ShortAttention.attend(
            heads.select(0), heads.select(1), heads.select(2), causal: causal, mask: mask)
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, length, width]), adding: other)
    }

    /// Queries', keys' and values' projections, of these three: `[…, width] -> […, parts·width]`.
    func project(_ input: Tensor, _ parts: Range<Int>) throws -> Tensor {
        let rows = parts.lowerBound * width..<parts.upperBound * width
        if let product = try packing?.product(
            input, weight: inWeight, rows: rows, bias: { try inBias.tensor.slice(rows) })
        {
            return product
        }
        let (weight, bias) = (inWeight.tensor, inBias.tensor)
        if parts.count == 3 { return try input.linear(of: packing, weight: weight, bias: bias) }
        return try input.linear(of: packing, weight: weight.slice(rows), bias: bias.slice(rows))
    }

    /// The output at one position per sequence, `[B, width]`, for the price of one query.
    /// - Parameters:
    ///   - queries: the inputs at those positions, `[B, width]`.
    ///   - input: the whole sequences, `[B, L, width]`.
    ///   - visible: real `[B, L]` added to the scores (0 or -infinity); nil when every position is seen.
    ///   - other: what is added to the output, of its shape.
    public func callAsFunction(
        queries: Tensor, over input: Tensor, visible: Tensor?, adding other: Tensor? = nil
    ) throws -> Tensor {
        try self(
            queries: queries.unsqueezed(1), keysAndValues: keysAndValues(input), visible: visible,
            adding: other?.unsqueezed(1)
        ).squeezed(1)
    }

    /// What queries need of a sequence, to be computed once where several calls ask the same one:
    /// `[B, L, width] -> [2, B, heads, L, d]`.
    public func keysAndValues(_ input: Tensor) throws -> Tensor {
        let shape = input.shape
        return try project(input, 1..<3)
            .reshaped([shape[0], shape[1], 2, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])
    }

    /// Several queries over another sequence: `[B, Q, width] -> [B, Q, width]`.
    /// - Parameters:
    ///   - keysAndValues: that sequence as ``keysAndValues(_:)`` gives it.
    ///   - visible: real `[B, L]` added to the scores (0 or -infinity); nil when every position is seen.
    ///   - other: what is added to the output, of its shape.
    public func callAsFunction(
        queries: Tensor, keysAndValues: Tensor, visible: Tensor? = nil, adding other: Tensor? = nil
    ) throws -> Tensor {
        let shape = queries.shape
        let (batch, count) = (shape[0], shape[1])
        let query =
            try project(queries, 0..<1)
            .reshaped([batch, count, headCount, width / headCount])
            .transposed(1, 2)  // [B, heads, Q, d]
        let mask = try visible?.unsqueezed(1).unsqueezed(1)  // [B, 1, 1, L]
        let (keys, values) = (try keysAndValues.select(0), try keysAndValues.select(1))
        let mixed =
            count > 1
            ? try ShortAttention.attend(query, keys, values, causal: false, mask: mask)
            : try query.attention(keys: keys, values: values, mask: mask)
        return try outProjection(mixed.transposed(1, 2).reshaped([batch, count, width]), adding: other)
    }
}

/// What the places of a sequence so far contribute to causal attention, so that the next costs one query.
public struct AttentionCache {
    /// Keys and values, `[2, B, heads, L, d]`.
    private var pairs: Tensor?

    /// Of sequences that have not begun.
    public init() {}

    /// Adds the next place's and returns all.
    mutating func append(_ next: Tensor) throws -> Tensor {
        let all = try pairs.map { try Tensor.concatenated([$0, next], dimension: 3) } ?? next
        pairs = all
        return all
    }

    /// Replaces the sequences by these, which may repeat and leave out.
    /// - Parameter indices: int64 `[B']`.
    public mutating func keep(_ indices: Tensor) throws { pairs = try pairs?.rows(indices, dimension: 1) }
}

extension MultiHeadAttention {
    /// Causal attention's output at the next place of each sequence: `[B, 1, width] -> [B, 1, width]`.
    /// - Parameters:
    ///   - cache: of the places before, to which this one is added.
    ///   - visible: real `[B, L]`, with this place, added to the scores; nil when every place is seen.
    ///   - other: what is added to the output, of its shape.
    public func callAsFunction(
        next input: Tensor, cache: inout AttentionCache, visible: Tensor?, adding other: Tensor? = nil
    ) throws -> Tensor {
        try self(queries: input, keysAndValues: cache.append(keysAndValues(input)), visible: visible, adding: other)
    }
}

/// Attention on a CPU, by whichever of two exact ways is faster for the size.
///
/// libtorch's fused kernel walks over heads one by one; on short sequences the calls cost more than the arithmetic, and
/// in bfloat16 its backward pass is six to ten times slower than two batched products and a softmax (measured with
/// libtorch 2.13 on Zen 5: 256 pictures of 65 tokens, 6 heads of 32: 117 ms against 20 ms; captions of 12: 48 ms
/// against 5 ms). The products need memory for every pair of positions, so long sequences stay with the fused kernel.
enum ShortAttention {
    /// The longest sequence that this package's own kernel is taken for, where nothing is to be differentiated.
    static let fusedLimit = 320

    /// Whether ``Tensor/selfAttention(starts:heads:causal:)`` is taken for projections of queries, keys and values.
    static func isFused(_ projected: Tensor, depth: Int, longest: Int) -> Bool {
        !Engine.recordsGradients && projected.device.kind == .cpu && longest <= fusedLimit
            && [.float32, .bfloat16].contains(projected.dtype) && Tensor.hasSelfAttention(depth: depth)
    }

    /// The longest sequence that products are taken for.
    static func limit(_ dtype: DType) -> Int { dtype == .float32 ? 56 : 256 }

    /// softmax(q·kᵀ/√d + mask)·v: `[B, heads, L, d]` each; without `causal`, keys and values may be of another length.
    /// - Parameter mask: broadcast to `[B, heads, L, L]`; with `causal`, both hold.
    static func attend(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, causal: Bool, mask: Tensor? = nil
    ) throws -> Tensor {
        let length = max(queries.shape[2], keys.shape[2])
        guard queries.device.kind == .cpu, length <= limit(queries.dtype) else {
            // The fused kernel takes one of the two.
            guard causal, let mask else {
                return try queries.attention(keys: keys, values: values, mask: mask, causal: causal)
            }
            let both = try mask + laterPositions(length, dtype: mask.dtype, device: mask.device)
            return try queries.attention(keys: keys, values: values, mask: both)
        }
        return try byProducts(queries, keys, values, causal: causal, mask: mask)
    }

    static func byProducts(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, causal: Bool, mask: Tensor? = nil
    ) throws -> Tensor {
        let shape = queries.shape
        let scaled = try queries * (1 / Double(shape[3]).squareRoot())
        var scores = try scaled.matmul(keys.transposed())  // [B, heads, L, L]
        if causal { scores = try scores + laterPositions(shape[2], dtype: scores.dtype, device: scores.device) }
        if let mask { scores = try scores + mask }
        return try scores.softmax(along: -1).matmul(values)
    }

    /// -infinity above the diagonal, 0 elsewhere: `[L, L]`.
    private static func laterPositions(_ length: Int, dtype: DType, device: Device) throws -> Tensor {
        let places = try Tensor.range(length, device: device)
        let later = try places.unsqueezed(0).greater(than: places.unsqueezed(1))
        return try Tensor.zeros([length, length], dtype: dtype, device: device).filled(where: later, with: -.infinity)
    }
}
