import Torch

/// What the places of a sequence so far contribute to causal attention, so that the next costs one query.
public struct AttentionCache {
    /// Keys and values, `[2, B, heads, L, d]`.
    private var pairs: Tensor?

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
    public func callAsFunction(next input: Tensor, cache: inout AttentionCache, visible: Tensor?) throws -> Tensor {
        try self(queries: input, keysAndValues: cache.append(keysAndValues(input)), visible: visible)
    }
}
