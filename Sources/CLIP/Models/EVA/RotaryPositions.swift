import Foundation
import Torch

/// Rotary positions of patches in a square grid (Su et al., arXiv 2104.09864; in two dimensions, EVA-02, arXiv
/// 2303.11331): pairs of neighbouring channels are turned by angles, the first half of a head's by the row, the second by
/// the column.
struct RotaryPositions {
    /// Cosines and sines of the angles, `[grid² + 1, head width]`, or `[B, 1, tokens, head width]` where pictures differ.
    /// The first row, for the class token, turns nothing.
    private let cosines: Tensor
    private let sines: Tensor

    /// - Parameters:
    ///   - gridSize: patches of a side.
    ///   - referenceGrid: the side that places are scaled to, that of pre-training.
    ///   - headWidth: a multiple of four.
    init(gridSize: Int, referenceGrid: Int, headWidth: Int) throws {
        guard headWidth > 0, headWidth % 4 == 0, gridSize > 0 else {
            throw TorchError(
                context: "RotaryPositions", message: "a head's width has to be a multiple of 4, not \(headWidth)")
        }
        let bands = headWidth / 4
        let frequencies = (0..<bands).map { Float(1) / powf(10_000, Float($0) / Float(bands)) }
        // In 32 bits, as the models were trained.
        let places = (0..<gridSize).map { Float($0) / Float(gridSize) * Float(referenceGrid) }
        var angles = [Float](repeating: 0, count: headWidth)
        for row in places {
            for column in places {
                for place in [row, column] { angles += frequencies.flatMap { [place * $0, place * $0] } }
            }
        }
        let shape = [gridSize * gridSize + 1, headWidth]
        cosines = try Tensor(angles.map(cosf), shape: shape)
        sines = try Tensor(angles.map(sinf), shape: shape)
    }

    private init(cosines: Tensor, sines: Tensor) {
        self.cosines = cosines
        self.sines = sines
    }

    /// The positions of some patches of each picture, after the class token's.
    /// - Parameter places: of patches, counted from 0: int64 `[B, kept]`.
    func kept(_ places: Tensor) throws -> RotaryPositions {
        let shape = places.shape
        let first = try Tensor.zeros([shape[0], 1], dtype: .int64, device: places.device)
        let rows = try Tensor.concatenated([first, (places + 1).converted(to: .int64)], dimension: 1).reshaped([-1])
        func picked(_ table: Tensor) throws -> Tensor {
            try table.moved(to: places.device).rows(rows).reshaped([shape[0], 1, shape[1] + 1, table.shape[1]])
        }
        return RotaryPositions(cosines: try picked(cosines), sines: try picked(sines))
    }

    /// Turns queries or keys, class token first: `[B, heads, grid² + 1, d]`.
    func callAsFunction(_ states: Tensor) throws -> Tensor {
        let shape = states.shape
        let pairs = try states.reshaped(Array(shape.dropLast()) + [shape[3] / 2, 2])
        let quarterTurn = try Tensor.stacked(
            [-pairs.select(1, dimension: 4), pairs.select(0, dimension: 4)], dimension: 4
        ).reshaped(shape)
        let turned = try states * cosines.moved(to: states.device) + quarterTurn * sines.moved(to: states.device)
        return try turned.converted(to: states.dtype)
    }
}
