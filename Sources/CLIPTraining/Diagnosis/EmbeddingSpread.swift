import Torch

/// How far a batch's embeddings lie apart.
enum EmbeddingSpread {
    /// The mean cosine between two different rows of `[B, E]`: from the length of the mean direction m, since
    /// Σᵢⱼ cos = B²·|m|², of which B are a row with itself.
    static func meanCosine(_ embeddings: Tensor) throws -> Double {
        try Engine.withoutGradients {
            let count = Double(embeddings.shape[0])
            guard count > 1 else { return 0 }
            let rows = try embeddings.detached().converted(to: .float32).normalized()
            let mean = try rows.mean(along: 0)
            let square = try (mean * mean).sum().item()
            return (count * square - 1) / (count - 1)
        }
    }
}
