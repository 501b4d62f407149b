import Torch
import TorchNN

/// Attention pooling: the mean of all places asks all places and itself (arXiv 2103.00020, section 2.4):
/// `[B, width, H, W] -> [B, width]`, and ``output`` of that is the embedding.
package final class AttentionPool: Module {
    /// `[H·W + 1, width]`, the mean's first.
    package let positionalEmbedding: Parameter
    package let query: Linear
    package let key: Linear
    package let value: Linear
    /// From `width` to the embedding.
    package let output: Linear
    private let headCount: Int

    var shortcuts = TowerShortcuts()

    init(width: Int, gridSize: Int, headCount: Int, embeddingSize: Int) throws {
        self.headCount = headCount
        positionalEmbedding = try Parameter(zeros: gridSize * gridSize + 1, width)
        query = try Linear(width, width)
        key = try Linear(width, width)
        value = try Linear(width, width)
        output = try Linear(width, embeddingSize)
        let draw = Initializer.normal(1 / Double(width).squareRoot())
        for parameter in [positionalEmbedding, query.weight, key.weight, value.weight, output.weight] {
            try draw.apply(to: parameter)
        }
    }

    package func callAsFunction(_ input: Tensor) throws -> Tensor {
        let (batch, width) = (input.shape[0], input.shape[1])
        let places = try input.reshaped([batch, width, -1]).transposed()  // [B, H·W, width]
        let states =
            try Tensor.concatenated([places.mean(along: 1, keep: true), places], dimension: 1)
            + positionalEmbedding.tensor.converted(to: input.dtype)  // [B, H·W + 1, width]
        let asking = shortcuts.readsOnlyPooled ? try states.slice(0..<1, dimension: 1) : states
        let mixed = try heads(query(asking)).attention(keys: heads(key(states)), values: heads(value(states)))
        return try mixed.select(0, dimension: 2).reshaped([batch, width])
    }

    /// `[B, L, width] -> [B, heads, L, width / heads]`
    private func heads(_ states: Tensor) throws -> Tensor {
        let shape = states.shape
        return try states.reshaped([shape[0], shape[1], headCount, shape[2] / headCount]).transposed(1, 2)
    }
}
