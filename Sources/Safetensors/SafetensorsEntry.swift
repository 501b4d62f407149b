/// What the header says of one tensor, checked against the file.
public struct SafetensorsEntry: Sendable, Equatable {
    /// Element type.
    public let dtype: SafetensorsDType
    /// Lengths of the dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Where the elements lie, in bytes from the start of the file; row-major, little-endian.
    public let byteRange: Range<Int>

    /// Number of elements: the product of `shape`, 1 for a scalar.
    public var elementCount: Int { byteRange.count / dtype.byteCount }

    /// Whether the first element lies at a multiple of its size, as typed loads need. Files of the usual writers
    /// are aligned; the format does not demand it, so a reader without copying has to look.
    public var isAligned: Bool { byteRange.lowerBound % dtype.byteCount == 0 }
}
