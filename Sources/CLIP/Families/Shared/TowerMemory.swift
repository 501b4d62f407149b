/// How many numbers a tower keeps of one picture or caption until the backward pass: an estimate, to tell gigabytes from
/// terabytes.
///
/// A block of width W and hidden width H over L tokens keeps its input, two normalized states, queries, keys and values,
/// the mixture and the attended state (8·L·W), the hidden states before and after the non-linearity (2·L·H), and scores
/// and their softmax (2·heads·L²).
package struct TowerMemory: Sendable, Equatable {
    /// Before the first block.
    package var input: Double
    /// Of each block.
    package var blocks: [Double]
    /// Of what enters each block, which is all that a recomputed block keeps.
    package var blockInputs: [Double]

    init(input: Double, blocks: [Double], blockInputs: [Double]) {
        (self.input, self.blocks, self.blockInputs) = (input, blocks, blockInputs)
    }

    /// Of a transformer with blocks alike.
    init(layers: Int, length: Double, width: Double, hidden: Double, heads: Double) {
        let block = 8 * length * width + 2 * length * hidden + 2 * heads * length * length
        self.init(
            input: 3 * length * width, blocks: Array(repeating: block, count: layers),
            blockInputs: Array(repeating: length * width, count: layers))
    }

    /// The sum, if the first blocks are not recorded.
    /// - Parameters:
    ///   - locked: how many blocks at the beginning are not; nil for the whole tower.
    ///   - recomputes: whether blocks keep their input only; one at a time is whole.
    package func values(locked: Int?, recomputes: Bool) -> Double {
        guard let locked else { return 0 }
        let recorded = blocks.dropFirst(locked)
        let input = locked == 0 ? input : 0
        guard recomputes else { return input + recorded.reduce(0, +) }
        return input + blockInputs.dropFirst(locked).reduce(0, +) + (recorded.max() ?? 0)
    }
}
