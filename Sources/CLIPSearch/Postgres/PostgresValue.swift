import CPQ
import Foundation

/// A value that is given to a statement beside its text, in PostgreSQL's binary form.
struct PostgresValue {
    /// The type's number; 0 where the statement says the type.
    let type: UInt32
    /// Nil for NULL.
    let bytes: [UInt8]?

    private init(type: UInt32, bytes: [UInt8]?) { (self.type, self.bytes) = (type, bytes) }

    private enum Types {
        static let int8: UInt32 = 20
        static let text: UInt32 = 25
        static let int8s: UInt32 = 1016
        static let texts: UInt32 = 1009
    }

    static func text(_ value: String) -> Self { Self(type: Types.text, bytes: Array(value.utf8)) }

    static func int(_ value: Int64) -> Self { Self(type: Types.int8, bytes: big(value)) }

    static func ints(_ values: [Int64?]) -> Self {
        Self(type: Types.int8s, bytes: array(of: Types.int8, values.map { $0.map { big($0) } }))
    }

    static func texts(_ values: [String]) -> Self {
        Self(type: Types.texts, bytes: array(of: Types.text, values.map { Array($0.utf8) }))
    }

    /// A `halfvec`; the statement says so.
    static func halves(_ values: [Float16]) -> Self { Self(type: 0, bytes: vector(values)) }

    /// An array of `halfvec`, whose number differs from database to database; the statement says that it is one.
    static func halves(_ values: [[Float16]], type: UInt32) -> Self {
        Self(type: 0, bytes: array(of: type, values.map { vector($0) }))
    }

    /// A `vector`, of float32; the statement says so.
    static func floats(_ values: [Float]) -> Self {
        Self(type: 0, bytes: big(Int16(values.count)) + [0, 0] + values.flatMap { big($0.bitPattern) })
    }

    private static func vector(_ values: [Float16]) -> [UInt8] {
        var bytes = big(Int16(values.count)) + [0, 0]
        bytes.reserveCapacity(4 + 2 * values.count)
        for value in values {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> 8))
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern))
        }
        return bytes
    }

    /// One dimension: how many there are, whether one is NULL, the type, count and first place; then each with its length.
    private static func array(of type: UInt32, _ elements: [[UInt8]?]) -> [UInt8] {
        let hasNull = elements.contains { $0 == nil }
        var bytes = big(Int32(elements.isEmpty ? 0 : 1)) + big(Int32(hasNull ? 1 : 0)) + big(type)
        if elements.isEmpty { return bytes }
        bytes += big(Int32(elements.count)) + big(Int32(1))
        for element in elements {
            bytes += big(Int32(element?.count ?? -1))
            if let element { bytes += element }
        }
        return bytes
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

/// What a statement answered, in binary.
final class PostgresResult {
    private let handle: OpaquePointer

    /// Takes it over.
    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    /// Rows.
    var count: Int { Int(PQntuples(handle)) }

    /// Rows that a statement which answers none has changed.
    var changed: Int { Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) == 1 }

    /// A value's bytes, as long as the result lives.
    private func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(handle, Int32(row), Int32(column)),
            count: Int(PQgetlength(handle, Int32(row), Int32(column))))
    }

    func text(_ row: Int, _ column: Int) -> String { String(decoding: bytes(row, column), as: UTF8.self) }

    /// An integer of 2, 4 or 8 bytes, or the number of a type.
    func int(_ row: Int, _ column: Int) -> Int64 {
        let bytes = bytes(row, column)
        let sign: Int64 = bytes.first.map { $0 & 0x80 != 0 } == true ? -1 : 0
        return bytes.reduce(sign) { $0 << 8 | Int64($1) }
    }

    func bool(_ row: Int, _ column: Int) -> Bool { bytes(row, column).first == 1 }

    func double(_ row: Int, _ column: Int) -> Double { Double(bitPattern: UInt64(bitPattern: int(row, column))) }

    /// A `halfvec`; empty where it is none.
    func halves(_ row: Int, _ column: Int) -> [Float] {
        let bytes = bytes(row, column)
        guard bytes.count >= 4 else { return [] }
        let count = Int(bytes[0]) << 8 | Int(bytes[1])
        guard bytes.count == 4 + 2 * count else { return [] }
        return (0..<count).map { place in
            Float(Float16(bitPattern: UInt16(bytes[4 + 2 * place]) << 8 | UInt16(bytes[5 + 2 * place])))
        }
    }
}
