import Foundation

/// A 64-bit fingerprint of what a picture looks like, by the discrete cosine transform ("pHash"): the brightness
/// averaged to 32 x 32, its two-dimensional DCT-II, and of the 8 x 8 lowest frequencies one bit each, set where the
/// coefficient clearly exceeds their median. It survives scaling and recompression; it sees no color.
public struct PerceptualHash: Sendable, Hashable {
    /// One bit for each of the 8 × 8 lowest frequencies, row by row from the least significant.
    public let bits: UInt64

    /// A fingerprint that was taken before.
    public init(bits: UInt64) {
        self.bits = bits
    }

    /// Takes a picture's fingerprint, which costs one pass over its pixels.
    public init(_ picture: Picture) {
        let colors = picture.averaged(columns: Self.side, rows: Self.side)  // [32, 32, 3]
        // ITU-R BT.601 luma.
        let luma = (0..<(Self.side * Self.side)).map { (cell: Int) -> Double in
            let red = colors[cell * 3]
            let green = colors[cell * 3 + 1]
            let blue = colors[cell * 3 + 2]
            return 0.299 * red + 0.587 * green + 0.114 * blue
        }
        let low = Self.lowFrequencies(luma)
        let median = Self.median(Array(low.dropFirst()))
        // Symmetrical pictures have many coefficients of zero, which is then the median too. Bits are set only clearly
        // above it, so that these do not hash the noise of scaling.
        let strength = low.dropFirst().reduce(0) { $0 + abs($1) } / Double(low.count - 1)
        let threshold = median + max(0.05 * strength, 1e-3)
        var bits: UInt64 = 0
        for (index, value) in low.enumerated() where value > threshold { bits |= 1 << UInt64(index) }
        self.bits = bits
    }

    /// How many of the 64 bits differ: 0 for pictures that look the same, about 32 for unrelated ones.
    public func distance(to other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }

    private static let side = 32
    private static let kept = 8

    /// cos(pi (2x + 1) u / 64), `[8, 32]`.
    private static let cosines: [Double] = (0..<kept).flatMap { frequency in
        (0..<side).map { cos(Double.pi * Double(2 * $0 + 1) * Double(frequency) / Double(2 * side)) }
    }

    /// `[32, 32]` brightness to the `[8, 8]` lowest DCT coefficients.
    private static func lowFrequencies(_ luma: [Double]) -> [Double] {
        var rows = [Double](repeating: 0, count: side * kept)  // [32, 8]
        for y in 0..<side {
            for u in 0..<kept {
                var sum = 0.0
                for x in 0..<side { sum += luma[y * side + x] * cosines[u * side + x] }
                rows[y * kept + u] = sum
            }
        }
        var result = [Double](repeating: 0, count: kept * kept)
        for v in 0..<kept {
            for u in 0..<kept {
                var sum = 0.0
                for y in 0..<side { sum += rows[y * kept + u] * cosines[v * side + y] }
                result[v * kept + u] = sum
            }
        }
        return result
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}

extension Picture {
    /// Mean colors over a grid of equal cells, `[rows, columns, 3]`, each 0...255. Cells share pixels they both cover
    /// by area, so any size of picture goes into any grid.
    public func averaged(columns: Int, rows: Int) -> [Double] {
        let across = Self.overlaps(length: width, cells: columns)
        let down = Self.overlaps(length: height, cells: rows)
        var result = [Double](repeating: 0, count: rows * columns * 3)
        pixels.withUnsafeBufferPointer { source in
            var line = [Double](repeating: 0, count: columns * 3)
            for (y, rowShares) in down.enumerated() {
                for index in line.indices { line[index] = 0 }
                for (x, shares) in across.enumerated() {
                    let from = (y * width + x) * 3
                    for share in shares {
                        line[share.cell * 3] += Double(source[from]) * share.weight
                        line[share.cell * 3 + 1] += Double(source[from + 1]) * share.weight
                        line[share.cell * 3 + 2] += Double(source[from + 2]) * share.weight
                    }
                }
                for share in rowShares {
                    let to = share.cell * columns * 3
                    for index in line.indices { result[to + index] += line[index] * share.weight }
                }
            }
        }
        return result
    }

    private struct Share {
        let cell: Int
        let weight: Double
    }

    /// For each of `length` pixels the cells it lies in, weighted so that a cell's weights sum to 1.
    private static func overlaps(length: Int, cells: Int) -> [[Share]] {
        let size = Double(length) / Double(cells)
        return (0..<length).map { pixel in
            let first = Int(Double(pixel) / size)
            let last = min(cells - 1, Int(Double(pixel + 1) / size))
            return (min(first, last)...last).compactMap { cell in
                let covered = min(Double(pixel + 1), Double(cell + 1) * size) - max(Double(pixel), Double(cell) * size)
                return covered > 1e-12 ? Share(cell: cell, weight: covered / size) : nil
            }
        }
    }
}
