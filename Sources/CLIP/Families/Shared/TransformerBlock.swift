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

    private func scaled(_ output: Tensor, _ scale: Parameter?) throws -> Tensor {
        try scale.map { try output * $0.tensor } ?? output
    }

    /// `[B, L, width] -> [B, L, width]`.
    /// - Parameter mask: see `MultiHeadAttention`.
    package func callAsFunction(_ input: Tensor, causal: Bool, mask: Tensor? = nil) throws -> Tensor {
        let attended = try input + scaled(attention(norm1(input), causal: causal, mask: mask), scale1)
        return try attended + scaled(feedForward(norm2(attended)), scale2)
    }

    /// The output at one position per sequence, `[B, width]`: exactly what the whole block gives there, without the
    /// work for positions nobody reads.
    /// - Parameters:
    ///   - positions: int64 `[B]`.
    ///   - visible: see `MultiHeadAttention`.
    package func callAsFunction(_ input: Tensor, at positions: Tensor, visible: Tensor?) throws -> Tensor {
        let normalized = try norm1(input)
        let queries = try normalized.atPositions(positions)
        let mixed = try attention(queries: queries, over: normalized, visible: visible)
        let attended = try input.atPositions(positions) + scaled(mixed, scale1)
        return try attended + scaled(feedForward(norm2(attended)), scale2)
    }

    /// The output at the next place of each sequence, `[B, 1, width] -> [B, 1, width]`, under causal attention.
    /// - Parameters:
    ///   - cache: of the places before, to which this one is added.
    ///   - visible: see `MultiHeadAttention`.
    func callAsFunction(next input: Tensor, cache: inout AttentionCache, visible: Tensor?) throws -> Tensor {
        let attended = try input + scaled(attention(next: norm1(input), cache: &cache, visible: visible), scale1)
        return try attended + scaled(feedForward(norm2(attended)), scale2)
    }

    /// Sequences without their padding, under causal attention: `[T, width] -> [T, width]`.
    func callAsFunction(packed input: Tensor, _ rows: PackedRows) throws -> Tensor {
        let attended = try input + scaled(attention(causal: norm1(input), packed: rows), scale1)
        return try attended + scaled(feedForward(norm2(attended)), scale2)
    }

    /// The output at the last place of each sequence: `[T, width] -> [B, width]`.
    func callAsFunction(endsOfPacked input: Tensor, _ rows: PackedRows) throws -> Tensor {
        let normalized = try norm1(input)
        let mixed = try attention(queries: normalized.rows(rows.ends), overPacked: normalized, rows)
        let attended = try input.rows(rows.ends) + scaled(mixed, scale1)
        return try attended + scaled(feedForward(norm2(attended)), scale2)
    }
}
