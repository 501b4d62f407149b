import Torch
import TorchNN

/// A residual block with normalization before each part: attention over the sequence, then a feed-forward layer.
package final class TransformerBlock: Module {
    package let norm1: LayerNorm
    package let attention: MultiHeadAttention
    package let norm2: LayerNorm
    package let feedForward: FeedForward
    /// What each part's output is multiplied by, `[width]` (arXiv 2103.17239); nil for one.
    package let scale1: Parameter?
    package let scale2: Parameter?

    /// - Parameter layerScale: where ``scale1`` and ``scale2`` start; nil for a block without them.
    package init(
        width: Int, headCount: Int, hidden: Int, activation: Activation, epsilon: Double = 1e-5,
        layerScale: Double? = nil
    ) throws {
        norm1 = try LayerNorm(width, epsilon: epsilon)
        attention = try MultiHeadAttention(width: width, headCount: headCount)
        norm2 = try LayerNorm(width, epsilon: epsilon)
        feedForward = try FeedForward(width: width, hidden: hidden, activation: activation)
        scale1 = try layerScale.map { try Parameter(Tensor.full([width], $0)) }
        scale2 = try layerScale.map { try Parameter(Tensor.full([width], $0)) }
    }

    /// `input + scale · part`, the sum within the part's last product where nothing is scaled.
    private func sum(_ input: Tensor, _ scale: Parameter?, _ part: (Tensor?) throws -> Tensor) throws -> Tensor {
        guard let scale else { return try part(input) }
        return try input + part(nil) * scale.tensor
    }

    private func fed(_ attended: Tensor) throws -> Tensor {
        try sum(attended, scale2) { try feedForward(norm2(attended), adding: $0) }
    }

    /// `[B, L, width] -> [B, L, width]`.
    /// - Parameter mask: see `MultiHeadAttention`.
    package func callAsFunction(_ input: Tensor, causal: Bool, mask: Tensor? = nil) throws -> Tensor {
        try fed(sum(input, scale1) { try attention(norm1(input), causal: causal, mask: mask, adding: $0) })
    }

    /// The output at one position per sequence, `[B, width]`: exactly what the whole block gives there, without the
    /// work for positions nobody reads.
    /// - Parameters:
    ///   - positions: int64 `[B]`.
    ///   - visible: see `MultiHeadAttention`.
    package func callAsFunction(_ input: Tensor, at positions: Tensor, visible: Tensor?) throws -> Tensor {
        let normalized = try norm1(input)
        let queries = try normalized.atPositions(positions)
        return try fed(
            sum(input.atPositions(positions), scale1) {
                try attention(queries: queries, over: normalized, visible: visible, adding: $0)
            })
    }

    /// The output at the next place of each sequence, `[B, 1, width] -> [B, 1, width]`, under causal attention.
    /// - Parameters:
    ///   - cache: of the places before, to which this one is added.
    ///   - visible: see `MultiHeadAttention`.
    func callAsFunction(next input: Tensor, cache: inout AttentionCache, visible: Tensor?) throws -> Tensor {
        try fed(
            sum(input, scale1) { try attention(next: norm1(input), cache: &cache, visible: visible, adding: $0) })
    }

    /// Sequences without their padding, under causal attention: `[T, width] -> [T, width]`.
    func callAsFunction(packed input: Tensor, _ rows: PackedRows) throws -> Tensor {
        try fed(sum(input, scale1) { try attention(causal: norm1(input), packed: rows, adding: $0) })
    }

    /// The output at the last place of each sequence: `[T, width] -> [B, width]`.
    func callAsFunction(endsOfPacked input: Tensor, _ rows: PackedRows) throws -> Tensor {
        let normalized = try norm1(input)
        return try fed(
            sum(input.rows(rows.ends), scale1) {
                try attention(queries: normalized.rows(rows.ends), overPacked: normalized, rows, adding: $0)
            })
    }
}
