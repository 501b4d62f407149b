/// Reads the fields of a serialized protocol buffer message, and writes them.
struct ProtocolBuffer {
    enum Value {
        case integer(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
        case fixed64
    }

    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    struct Damaged: Error {
        var place: Int
    }

    /// The next field, or nil at the end.
    mutating func next() throws(Damaged) -> (number: UInt64, value: Value)? {
        guard place < bytes.endIndex else { return nil }
        let start = place
        let key = try readInteger()
        guard key >> 3 > 0 else { throw Damaged(place: start) }
        switch key & 7 {
        case 0: return (key >> 3, .integer(try readInteger()))
        case 1:
            _ = try take(8)
            return (key >> 3, .fixed64)
        case 2:
            let count = try readInteger()
            guard count <= UInt64(bytes.endIndex - place) else { throw Damaged(place: start) }
            return (key >> 3, .bytes(try take(Int(count))))
        case 5:
            let value = try take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return (key >> 3, .fixed32(value))
        default: throw Damaged(place: start)
        }
    }

    private mutating func readInteger() throws(Damaged) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place < bytes.endIndex else { break }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Damaged(place: place)
    }

    private mutating func take(_ count: Int) throws(Damaged) -> ArraySlice<UInt8> {
        guard bytes.endIndex - place >= count else { throw Damaged(place: place) }
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    /// A message being written.
    struct Writer {
        private(set) var bytes: [UInt8] = []

        mutating func add(_ number: UInt64, integer: UInt64) {
            append(number << 3)
            append(integer)
        }

        mutating func add(_ number: UInt64, bytes value: some Collection<UInt8>) {
            append(number << 3 | 2)
            append(UInt64(value.count))
            bytes.append(contentsOf: value)
        }

        mutating func add(_ number: UInt64, float value: Float) {
            append(number << 3 | 5)
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }

        private mutating func append(_ value: UInt64) {
            var value = value
            while value >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
                value >>= 7
            }
            bytes.append(UInt8(value))
        }
    }
}
