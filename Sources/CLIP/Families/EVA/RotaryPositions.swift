import Foundation
import Torch

/// Rotary positions of patches in a square grid (Su et al., arXiv 2104.09864; in two dimensions, EVA-02, arXiv
/// 2303.11331): pairs of neighbouring channels are turned by angles, the first half of a head's by the row, the second by
/// the column.
struct RotaryPositions {
    private let tables: Tables

    /// Cosines and sines of the angles, `[grid² + 1, head width]`, or `[B, 1, tokens, head width]` where pictures differ.
    /// The first row, for the class token, turns nothing.
    /// Those on another device than the processor are kept: every block of every pass asks for them.
    private final class Tables: @unchecked Sendable {
        private let lock = NSLock()
        private let own: (cosines: Tensor, sines: Tensor)
        private var moved: (cosines: Tensor, sines: Tensor)?

        init(cosines: Tensor, sines: Tensor) { own = (cosines, sines) }

        func on(_ device: Device) throws -> (cosines: Tensor, sines: Tensor) {
            if own.cosines.device == device { return own }
            lock.lock()
            defer { lock.unlock() }
            if let moved, moved.cosines.device == device { return moved }
            // In inference mode the copies could not be used for training later.
            let copies = try Engine.outsideInference {
                (try own.cosines.moved(to: device), try own.sines.moved(to: device))
            }
            moved = copies
            return copies
        }
    }

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
        tables = Tables(
            cosines: try Tensor(angles.map(cosf), shape: shape), sines: try Tensor(angles.map(sinf), shape: shape))
    }

    private init(cosines: Tensor, sines: Tensor) {
        tables = Tables(cosines: cosines, sines: sines)
    }

    /// The positions of some patches of each picture, after the class token's.
    /// - Parameter places: of patches, counted from 0: int64 `[B, kept]`.
    func kept(_ places: Tensor) throws -> RotaryPositions {
        let shape = places.shape
        let first = try Tensor.zeros([shape[0], 1], dtype: .int64, device: places.device)
        let rows = try Tensor.concatenated([first, (places + 1).converted(to: .int64)], dimension: 1).reshaped([-1])
        let (cosines, sines) = try tables.on(places.device)
        func picked(_ table: Tensor) throws -> Tensor {
            try table.rows(rows).reshaped([shape[0], 1, shape[1] + 1, table.shape[1]])
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
        let (cosines, sines) = try tables.on(states.device)
        let turned = try states * cosines + quarterTurn * sines
        return try turned.converted(to: states.dtype)
    }
}
