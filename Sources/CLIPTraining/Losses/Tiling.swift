import Torch

/// How the matrix of similarities is cut, which is never held as a whole.
public struct Tiling: Sendable, Equatable {
    /// Memory for tiles; nil for what suits the device.
    public var bytes: Int?
    /// A tile's size, where it does not follow from the bytes.
    public var rows: Int?
    /// Nil for as many as ``bytes`` have room for beside the rows.
    public var columns: Int?

    /// Rows that keep matrix products busy.
    private static let preferredRows = 512
    /// Matrices of a tile's size that live at the same time.
    private static let matrices = 4
    /// What stays in a processor's caches: with larger tiles, everything but the products takes three times as long.
    private static let hostBytes = 16 << 20
    /// A GPU wants large matrices.
    private static let deviceBytes = 256 << 20

    public init(bytes: Int? = nil, rows: Int? = nil, columns: Int? = nil) {
        self.bytes = bytes
        self.rows = rows
        self.columns = columns
    }

    /// The tiles of a matrix of a size.
    func tiles(rows rowCount: Int, columns columnCount: Int, on device: Device) -> Tiles {
        let budget = bytes ?? (device.kind == .cpu ? Self.hostBytes : Self.deviceBytes)
        let elements = max(1, budget / (Self.matrices * MemoryLayout<Float>.size))
        let height = max(1, rows ?? min(rowCount, Self.preferredRows, elements))
        let width = max(1, columns ?? min(columnCount, elements / height))
        return Tiles(rows: Self.cut(rowCount, height), columns: Self.cut(columnCount, width))
    }

    private static func cut(_ count: Int, _ size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }
}

/// Tile `[i, j]` covers `rows[i]` and `columns[j]`.
struct Tiles {
    let rows: [Range<Int>]
    let columns: [Range<Int>]

    /// G·columns and Gᵀ·rows for a matrix G `[b, N]` that is made tile by tile.
    /// - Parameters:
    ///   - rowVectors: `[b, E]`.
    ///   - columnVectors: `[N, E]`.
    ///   - tile: gives G's tile of a row range and a column range, by their places.
    /// - Returns: `[b, E]` and `[N, E]`.
    func products(
        rowVectors: Tensor, columnVectors: Tensor, tile: (_ row: Int, _ column: Int) throws -> Tensor
    ) throws -> (rows: Tensor, columns: Tensor) {
        let rowSums = try rowVectors.zerosLike()
        let columnSums = try Tensor.empty(columnVectors.shape, device: columnVectors.device)
        let turnedRows = try rows.map { try rowVectors.slice($0).transposed().contiguous() }  // [E, a] each
        for (column, columnRange) in columns.enumerated() {
            let turnedColumns = try columnVectors.slice(columnRange).transposed().contiguous()  // [E, n]
            var sum: Tensor?  // [E, n]
            for (row, rowRange) in rows.enumerated() {
                let values = try tile(row, column)  // [a, n]
                try rowSums.slice(rowRange).addInPlace(values.productWithTransposed(turnedColumns))
                let part = try turnedRows[row].productWithTransposed(values.transposed())
                if let sum { try sum.addInPlace(part) } else { sum = part }
            }
            if let sum { try columnSums.slice(columnRange).copyInPlace(sum.transposed()) }
        }
        return (rowSums, columnSums)
    }
}
