/// Reads little-endian numbers and runs of bytes, and never beyond the end.
struct ByteReader {
    /// What is read; the owner of the memory has to outlive the reader.
    private let bytes: UnsafeRawBufferPointer
    /// What messages call the bytes.
    var part: String
    /// The next byte's place.
    private(set) var position: Int
    /// Where reading stops.
    let end: Int

    /// - Precondition: `range` lies within `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, part: String) {
        self.bytes = bytes
        self.part = part
        position = max(0, range.lowerBound)
        end = min(range.upperBound, bytes.count)
    }

    var remaining: Int { end - position }

    mutating func byte() throws(ArchiveFault) -> UInt8 {
        guard position < end else { throw truncated() }
        defer { position += 1 }
        return bytes[position]
    }

    /// An unsigned number of `T`'s width, little-endian.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(ArchiveFault) -> T {
        let width = T.bitWidth / 8
        guard remaining >= width else { throw truncated() }
        defer { position += width }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// A copy of the next `count` bytes.
    mutating func array(_ count: some BinaryInteger) throws(ArchiveFault) -> [UInt8] {
        Array(bytes[try skip(count)])
    }

    /// Steps over the next `count` bytes and says where they lie.
    @discardableResult
    mutating func skip(_ count: some BinaryInteger) throws(ArchiveFault) -> Range<Int> {
        guard let count = Int(exactly: count), count >= 0, count <= remaining else { throw truncated() }
        defer { position += count }
        return position..<position + count
    }

    /// A copy of what stands before the next line feed, which is stepped over; at most `limit` bytes.
    mutating func line(limit: Int) throws(ArchiveFault) -> [UInt8] {
        let window = bytes[position..<min(end, position + limit + 1)]
        guard let stop = window.firstIndex(of: 0x0A) else {
            throw .corrupt(part: part, reason: "a name at byte \(position) has no end")
        }
        defer { position = stop + 1 }
        return Array(bytes[position..<stop])
    }

    private func truncated() -> ArchiveFault {
        .corrupt(part: part, reason: "it ends too early, at byte \(end)")
    }
}
