import Torch

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
        let lowest = try min(rows.minimum(along: 0).item(), columns.minimum(along: 0).item())
        let highest = try max(rows.maximum(along: 0).item(), columns.maximum(along: 0).item())
        // Not-a-number takes the other way and shows in the loss.
        guard highest - lowest <= Self.largestSpread else {
            common = nil
            return
        }
        let shift = (lowest + highest) / 2
        func factors(_ lines: PowerSums) throws -> Tensor {
            try ((-lines.maxima) + shift).exp2() / lines.sums
        }
        common = (shift, try factors(rowSums), try factors(columnSums))
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
