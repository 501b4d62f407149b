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

/// What turns logits into the softmax over rows and over columns.
struct Normalizers {
    /// log₂ Σ 2^logit of each row, `[b]`, and of each column, `[N]`.
    let rows: Tensor
    let columns: Tensor
    /// With a common shift m, both softmaxes come from one power: 2^(x − m) · (2^(m − row) + 2^(m − column)).
    private let common: (shift: Double, rows: Tensor, columns: Tensor)?

    /// How far apart normalizers may lie for that: half of it stays clear of float32's range on either side, and what
    /// is rounded to nothing is less than 2^-70 of its row and column.
    private static let largestSpread = 110.0

    init(rows rowSums: PowerSums, columns columnSums: PowerSums, isPlain: Bool) throws {
        rows = try rowSums.logarithms()
        columns = try columnSums.logarithms()
        if isPlain {
            common = (
                0, try rowSums.sums.onesLike() / rowSums.sums, try columnSums.sums.onesLike() / columnSums.sums
            )
            return
        }
        func factors(_ lines: PowerSums, _ shift: Double) throws -> Tensor {
            try ((-lines.maxima) + shift).exp2() / lines.sums
        }
        common = try Self.shift(rows, columns).map { ($0, try factors(rowSums, $0), try factors(columnSums, $0)) }
    }

    /// Other normalizers than a tile's own sums: log₂ of them for each row, `[b]`, and each column, `[N]`.
    init(rows: Tensor, columns: Tensor) throws {
        self.rows = rows
        self.columns = columns
        common = try Self.shift(rows, columns).map { ($0, try (-rows + $0).exp2(), try (-columns + $0).exp2()) }
    }

    /// What is common to all lines; nil where they lie too far apart. Not-a-number takes that way too, and shows in the
    /// loss.
    private static func shift(_ rows: Tensor, _ columns: Tensor) throws -> Double? {
        let lowest = try min(rows.minimum(along: 0).item(), columns.minimum(along: 0).item())
        let highest = try max(rows.maximum(along: 0).item(), columns.maximum(along: 0).item())
        return highest - lowest <= largestSpread ? (lowest + highest) / 2 : nil
    }

    /// Turns a tile of logits into the sum of its softmax over rows and its softmax over columns.
    func addSoftmaxes(in tile: Tensor, rows rowRange: Range<Int>, columns columnRange: Range<Int>) throws {
        if let common {
            if common.shift != 0 { try tile.subtractInPlace(common.shift) }
            try tile.exp2InPlace()
            let factors =
                try common.rows.slice(rowRange).unsqueezed(1)
                + common.columns.slice(columnRange).unsqueezed(0)
            try tile.multiplyInPlace(factors)
            return
        }
        let overColumns = try tile - columns.slice(columnRange).unsqueezed(0)
        try overColumns.exp2InPlace()
        try tile.subtractInPlace(rows.slice(rowRange).unsqueezed(1))
        try tile.exp2InPlace()
        try tile.addInPlace(overColumns)
    }

    /// The same for the own pairs' logits `[b]`.
    func softmaxes(ofOwn logits: Tensor, _ own: Range<Int>) throws -> Tensor {
        try (logits - rows).exp2() + (logits - columns.slice(own)).exp2()
    }
}
