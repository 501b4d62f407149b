import Torch

/// Embeddings divided by their lengths, and the way back for a gradient.
struct UnitRows {
    /// `[B, E]`, each row of length 1.
    let rows: Tensor
    /// `[B, 1]`, at least 1e-12.
    private let lengths: Tensor

    /// - Parameter embeddings: `[B, E]`.
    init(_ embeddings: Tensor) throws {
        lengths = try embeddings.norm(along: 1, keep: true).clamped(from: 1e-12)
        rows = try (embeddings / lengths).contiguous()
    }

    /// For u = x/|x| and a gradient g with respect to u: (g − u·(u·g))/|x|, and u·g of each row, `[B, 1]`.
    func gradient(from unitGradient: Tensor) throws -> (embeddings: Tensor, along: Tensor) {
        let along = try (rows * unitGradient).sum(along: 1, keep: true)
        return (try (unitGradient - rows * along) / lengths, along)
    }
}
