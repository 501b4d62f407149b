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
    /// A whole number; those beyond 64 bits are left out.
    case integer(Int)
    /// A real number.
    case float(Double)
    /// A truth value.
    case bool(Bool)
    /// A string.
    case text(String)
}

/// The element types a checkpoint's tensors may have, by the names PyTorch gives them.
public enum TorchArchiveDType: String, Sendable, CaseIterable {
    /// Truth values, a byte each.
    case bool
    /// 8 bits, unsigned.
    case uint8
    /// 8 bits, signed.
    case int8
    /// 8 bits: 4 of exponent, 3 of fraction, no infinity.
    case float8E4M3FN = "float8_e4m3fn"
    /// 8 bits: 5 of exponent, 2 of fraction.
    case float8E5M2 = "float8_e5m2"
    /// 16 bits, unsigned.
    case uint16
    /// 16 bits, signed.
    case int16
    /// IEEE 754 half precision.
    case float16
    /// The upper half of a `float32`.
    case bfloat16
    /// 32 bits, unsigned.
    case uint32
    /// 32 bits, signed.
    case int32
    /// IEEE 754 single precision.
    case float32
    /// 64 bits, unsigned.
    case uint64
    /// 64 bits, signed.
    case int64
    /// IEEE 754 double precision.
    case float64

    /// Bytes an element.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8E4M3FN, .float8E5M2: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }
}
