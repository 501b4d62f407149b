import Torch

/// Sequences of unlike lengths one after another, without padding: `[T, width]` instead of `[B, L, width]`. Layers that
/// look at one place at a time work on the packed rows; attention lays them out as a rectangle for as long as it needs.
public struct PackedRows {
    /// Of each sequence.
    public let lengths: [Int]
    /// The longest, `L`.
    public let length: Int
    /// The place of each packed row in the rectangle, counted row by row: int64 `[T]`.
    let slots: Tensor
    /// The packed row of each sequence's last place: int64 `[B]`.
    public let ends: Tensor
    /// The place of each packed row in its own sequence, from 0: int64 `[T]`.
    public let positions: Tensor

    /// - Parameter lengths: of each sequence, 1 at least.
    public init(lengths: [Int], device: Device) throws {
        self.lengths = lengths
        let longest = lengths.max() ?? 0
        length = longest
        var slots: [Int64] = []
        var positions: [Int64] = []
        var ends: [Int64] = []
        for (row, count) in lengths.enumerated() {
            slots += (0..<count).map { Int64(row * longest + $0) }
            positions += (0..<count).map { Int64($0) }
            ends.append(Int64(slots.count - 1))
        }
        self.slots = try Tensor(slots).moved(to: device)
        self.positions = try Tensor(positions).moved(to: device)
        self.ends = try Tensor(ends).moved(to: device)
    }

    /// The packed row where each sequence begins, and at last where the last one ends.
    var starts: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }

    /// `[T, …] -> [B, L, …]`, with zeros for padding.
    func rectangle(_ packed: Tensor) throws -> Tensor {
        let rest = Array(packed.shape.dropFirst())
        let empty = try Tensor.zeros([lengths.count * length] + rest, dtype: packed.dtype, device: packed.device)
        return try empty.replacingRows(slots, with: packed).reshaped([lengths.count, length] + rest)
    }

    /// `[B, L, …] -> [T, …]`: what ``rectangle(_:)`` made, without its padding.
    func packed(_ rectangle: Tensor) throws -> Tensor {
        try rectangle.reshaped([-1] + Array(rectangle.shape.dropFirst(2))).rows(slots)
    }

    /// 0 at each sequence's own places and -infinity at its padding: `[B, L]`, to be added to scores.
    func visible(dtype: DType) throws -> Tensor {
        var values = [Float](repeating: 0, count: lengths.count * length)
        for (row, count) in lengths.enumerated() {
            for place in count..<length { values[row * length + place] = -.infinity }
        }
        return try Tensor(values, shape: [lengths.count, length]).converted(to: dtype).moved(to: slots.device)
    }
}

extension MultiHeadAttention {
    /// Causal attention of each sequence over itself: `[T, width] -> [T, width]`.
    /// - Parameter other: what is added to the output, of its shape.
    public func callAsFunction(
        causal input: Tensor, packed rows: PackedRows, adding other: Tensor? = nil
    ) throws -> Tensor {
        let (batch, length, width) = (rows.lengths.count, rows.length, inWeight.shape[1])
        let projected = try project(input, 0..<3)  // [T, 3·width]
        if ShortAttention.isFused(projected, depth: width / headCount, longest: length) {
            let mixed = try projected.selfAttention(starts: rows.starts, heads: headCount, causal: true)
            return try outProjection(mixed, adding: other)
        }
        let heads =
            try rows.rectangle(projected)  // [B, L, 3·width]
            .reshaped([batch, length, 3, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])  // [3, B, heads, L, d]
        let mixed = try ShortAttention.attend(heads.select(0), heads.select(1), heads.select(2), causal: true)
        return try outProjection(
            rows.packed(mixed.transposed(1, 2).reshaped([batch, length, width])), adding: other)
    }

    /// The output at the last place of each sequence, `[B, width]`, for the price of one query.
    /// - Parameters:
    ///   - queries: the inputs at those places, `[B, width]`.
    ///   - input: the whole sequences, `[T, width]`.
    ///   - other: what is added to the output, of its shape.
    public func callAsFunction(
        queries: Tensor, overPacked input: Tensor, _ rows: PackedRows, adding other: Tensor? = nil
    ) throws -> Tensor {
        let (batch, length, width) = (rows.lengths.count, rows.length, inWeight.shape[1])
        let keysAndValues = try rows.rectangle(project(input, 1..<3))  // [B, L, 2·width]
            .reshaped([batch, length, 2, headCount, width / headCount])
            .permuted([2, 0, 3, 1, 4])  // [2, B, heads, L, d]
        return try self(
            queries: queries.unsqueezed(1), keysAndValues: keysAndValues,
            visible: rows.visible(dtype: keysAndValues.dtype), adding: other?.unsqueezed(1)
        ).squeezed(1)
    }
}
