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

/// The element types of the safetensors format, by the names its header uses.
///
/// Sub-byte types (`F4`, `F6_…`) are not among them: their tensors have no whole number of bytes an element.
public enum SafetensorsDType: String, Sendable, CaseIterable {
    /// Truth values, a byte each.
    case bool = "BOOL"
    /// 8 bits, unsigned.
    case uint8 = "U8"
    /// 8 bits, signed.
    case int8 = "I8"
    /// 8 bits: 5 of exponent, 2 of fraction (OCP).
    case float8E5M2 = "F8_E5M2"
    /// 8 bits: 4 of exponent, 3 of fraction, no infinity (OCP).
    case float8E4M3 = "F8_E4M3"
    /// 8 bits of exponent alone: scales of blocks (OCP MX).
    case float8E8M0 = "F8_E8M0"
    /// As `float8E4M3` without a negative zero, its exponent's bias one more.
    case float8E4M3FNUZ = "F8_E4M3FNUZ"
    /// As `float8E5M2` without infinity or a negative zero, its exponent's bias one more.
    case float8E5M2FNUZ = "F8_E5M2FNUZ"
    /// 16 bits, signed.
    case int16 = "I16"
    /// 16 bits, unsigned.
    case uint16 = "U16"
    /// IEEE 754 half precision.
    case float16 = "F16"
    /// The upper half of a `float32`.
    case bfloat16 = "BF16"
    /// 32 bits, signed.
    case int32 = "I32"
    /// 32 bits, unsigned.
    case uint32 = "U32"
    /// IEEE 754 single precision.
    case float32 = "F32"
    /// A real and an imaginary `float32`.
    case complex64 = "C64"
    /// IEEE 754 double precision.
    case float64 = "F64"
    /// 64 bits, signed.
    case int64 = "I64"
    /// 64 bits, unsigned.
    case uint64 = "U64"

    /// Bytes an element.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .complex64, .float64, .int64, .uint64: 8
        }
    }

    /// Place among the types in a written file. The widest come last here and are stored first, so that every
    /// tensor starts at a multiple of its element's size; ties are broken as the reference writer breaks them.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
