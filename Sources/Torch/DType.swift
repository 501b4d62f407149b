/// The type of a tensor's elements. Raw values are c10's `ScalarType` codes.
public enum DType: Int32, Sendable, CaseIterable {
    /// 8 bits, from 0 to 255: pixels.
    case uint8 = 0
    /// 8 bits, signed.
    case int8 = 1
    /// 16 bits, signed.
    case int16 = 2
    /// 32 bits, signed.
    case int32 = 3
    /// 64 bits, signed: what indices are.
    case int64 = 4
    /// IEEE 754 half precision: 5 bits of exponent, 10 of fraction.
    case float16 = 5
    /// IEEE 754 single precision: 8 bits of exponent, 23 of fraction.
    case float32 = 6
    /// IEEE 754 double precision: 11 bits of exponent, 52 of fraction.
    case float64 = 7
    /// True or false, a byte each.
    case bool = 11
    /// The upper half of a `float32`: 8 bits of exponent, 7 of fraction.
    case bfloat16 = 15

    /// Whether it is one of the types with an exponent, through which gradients can go.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        case .uint8, .int8, .int16, .int32, .int64, .bool: false
        }
    }

    /// Bytes an element takes.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }
}

/// What a model computes in, by the names that commands take and run files keep.
public enum Precision: String, Sendable, Codable, CaseIterable {
    /// 32-bit floating point throughout.
    case fp32
    /// bfloat16: 8 bits of fraction, and the range of 32 bits.
    case bf16

    /// The element type of parameters that are held in this precision.
    public var dtype: DType { self == .fp32 ? .float32 : .bfloat16 }

    /// What ``Engine/autocast(_:on:_:)`` takes for training with 32-bit parameters; nil where it stays off.
    public var autocastType: DType? { self == .fp32 ? nil : .bfloat16 }
}

/// A Swift type that has the same memory layout as a tensor element.
public protocol TensorElement: Sendable, BitwiseCopyable {
    /// The element type with this layout.
    static var dtype: DType { get }
}

extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Int8: TensorElement { public static var dtype: DType { .int8 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }
