import Foundation
import Torch

/// Scaled cosines of this process's pictures with all texts, made tile by tile, and their softmax both ways.
///
/// Logits are in units of ln 2, because powers of two are several times faster than powers of e.
struct Similarities {
    /// Pictures of length 1 times e^logitScale/ln 2, `[b, E]`.
    let rows: Tensor
    /// Texts of length 1, `[N, E]`.
    let columns: Tensor
    /// e^logitScale, which no logit exceeds.
    let scale: Double
    private let tiles: Tiles

    /// e^40 times any batch that fits in memory is far from float32's largest number, and e^-40 from its smallest.
    private static let largestPlainScale = 40.0
    /// Stands for −∞ where the difference of two is taken.
    private static let floor = -1e30

    init(unitPictures: Tensor, allUnitTexts: Tensor, logitScale: Double, tiles: Tiles) throws {
        scale = exp(logitScale)
        rows = try unitPictures * (scale / M_LN2)
        columns = allUnitTexts
        self.tiles = tiles
    }

    /// Whether powers can be summed as they are. A cosine is at most 1, so the scale alone tells.
    var isPlain: Bool { scale <= Self.largestPlainScale }

    /// Logits of a tile in units of ln 2, `[a, n]`.
    func logits(_ row: Int, _ column: Int) throws -> Tensor {
        try rows.slice(tiles.rows[row]).productWithTransposed(columns.slice(tiles.columns[column]))
    }

    /// Logits of the own pairs in units of ln 2, `[b]`.
    func ownLogits(_ own: Range<Int>) throws -> Tensor { try (rows * columns.slice(own)).sum(along: 1) }

    /// What powers of logits sum up to along each row and each column, over all processes.
    func normalizers(masks: CaptionMasks?, own: Range<Int>, over communicator: any Communicator) throws -> Normalizers {
        let rowSums = try PowerSums(count: rows.shape[0], floor: isPlain ? 0 : Self.floor, device: rows.device)
        let columnSums = try PowerSums(count: columns.shape[0], floor: isPlain ? 0 : Self.floor, device: rows.device)
        if let masks {
            // Masks cover repeated pairs' own places, which do count.
            let logits = try ownLogits(own)
            try rowSums.add(logits, weights: masks.ownRows, isPlain: isPlain)
            try columnSums.slice(own).add(logits, weights: masks.ownRows, isPlain: isPlain)
        }
        for (column, columnRange) in tiles.columns.enumerated() {
            for (row, rowRange) in tiles.rows.enumerated() {
                let tile = try logits(row, column)
                if isPlain {
                    try tile.exp2InPlace()
                    try masks?.fill(tile, row, column, with: 0)
                    try rowSums.sums.slice(rowRange).addInPlace(tile.sum(along: 1))
                    try columnSums.sums.slice(columnRange).addInPlace(tile.sum(along: 0))
                } else {
                    try masks?.fill(tile, row, column, with: -.infinity)
                    try rowSums.slice(rowRange).add(tile, along: 1, floor: Self.floor)
                    try columnSums.slice(columnRange).add(tile, along: 0, floor: Self.floor)
                }
            }
        }
        try columnSums.merge(over: communicator, isPlain: isPlain)
        return try Normalizers(rows: rowSums, columns: columnSums, isPlain: isPlain)
    }
}

/// Σ 2^x of several lines at once, as 2^maximum · sum, so that nothing overflows.
struct PowerSums {
    /// `[n]`; all 0 where logits are small enough to do without.
    let maxima: Tensor
    /// `[n]`.
    let sums: Tensor

    init(count: Int, floor: Double, device: Device) throws {
        maxima = try .full([count], floor, device: device)
        sums = try .zeros([count], device: device)
    }

    private init(maxima: Tensor, sums: Tensor) {
        self.maxima = maxima
        self.sums = sums
    }

    /// The same memory, in part.
    func slice(_ range: Range<Int>) throws -> PowerSums {
        PowerSums(maxima: try maxima.slice(range), sums: try sums.slice(range))
    }

    /// Takes in one logit per line, where its weight is 1 and not 0; for lines that are still empty.
    func add(_ logits: Tensor, weights: Tensor, isPlain: Bool) throws {
        guard !isPlain else { return try sums.addInPlace(logits.exp2() * weights) }
        // The logit where the weight is 1; where it is 0, what was there.
        try maxima.copyInPlace(logits * weights - maxima * (weights - 1))
        try sums.addInPlace(weights)
    }

    /// Takes in a tile of logits whose lines run along `dimension`.
    func add(_ tile: Tensor, along dimension: Int, floor: Double) throws {
        let larger = try maxima.maximum(tile.maximum(along: dimension).clamped(from: floor))
        let powers = try tile - larger.unsqueezed(dimension)
        try powers.exp2InPlace()
        try sums.multiplyInPlace((maxima - larger).exp2())
        try sums.addInPlace(powers.sum(along: dimension))
        try maxima.copyInPlace(larger)
    }

    /// Sums over processes.
    func merge(over communicator: any Communicator, isPlain: Bool) throws {
        guard communicator.worldSize > 1 else { return }
        if !isPlain {
            let before = try maxima.copied()
            try communicator.maximumInPlace(maxima)
            try sums.multiplyInPlace((before - maxima).exp2())
        }
        try communicator.sumInPlace(sums)
    }

    /// log₂ Σ 2^x, `[n]`.
    func logarithms() throws -> Tensor { try maxima + sums.log2() }
}
