/// The element types a checkpoint's tensors may have, by the names PyTorch gives them.
public enum TorchArchiveDType: String, Sendable, CaseIterable {
    case bool
    case uint8
    case int8
    case float8E4M3FN = "float8_e4m3fn"
    case float8E5M2 = "float8_e5m2"
    case uint16
    case int16
    case float16
    case bfloat16
    case uint32
    case int32
    case float32
    case uint64
    case int64
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
