/// What a checkpoint says of one tensor, checked against the file: every element lies within the storage.
///
/// Element `[i, j, …]` is element `storageOffset + i * strides[0] + j * strides[1] + …` of the storage. Several tensors
/// may look into one storage.
public struct TorchArchiveEntry: Sendable, Equatable {
    /// Element type.
    public let dtype: TorchArchiveDType
    /// Lengths of the dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Steps in elements, one a dimension, none negative; 0 repeats an element.
    public let strides: [Int]
    /// The first element's place in the storage, in elements.
    public let storageOffset: Int
    /// Where the storage lies, in bytes from the start of the file; equal for tensors that share it.
    public let storageByteRange: Range<Int>

    /// Bytes of the whole storage, a multiple of the element's size.
    public var storageByteCount: Int { storageByteRange.count }

    /// Number of elements: the product of `shape`, 1 for a scalar.
    public var elementCount: Int { shape.reduce(1, *) }

    /// Whether the elements follow one another row by row, without gap or repetition.
    public var isContiguous: Bool {
        var expected = 1
        for (length, stride) in zip(shape, strides).reversed() {
            if length != 1, stride != expected { return elementCount == 0 }
            expected *= length
        }
        return true
    }

    /// Whether the storage lies at a multiple of the element's size, as typed loads need. Zip archives align their
    /// records; the older format does not.
    public var isAligned: Bool { storageByteRange.lowerBound % dtype.byteCount == 0 }
}

/// A number, a truth value or a text beside the tensors.
public enum TorchArchiveScalar: Sendable, Equatable {
    case integer(Int)
    case float(Double)
    case bool(Bool)
    case text(String)
}
