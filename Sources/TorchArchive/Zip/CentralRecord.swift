/// One record of a zip archive's directory.
struct CentralRecord {
    /// Bytes without name, extra fields and comment.
    static let length = 46

    let method: UInt16
    let name: [UInt8]
    /// Where the local header begins.
    let offset: Int

    private let flags: UInt16
    private let size: UInt64

    init(_ reader: inout ByteReader) throws(ArchiveFault) {
        guard try reader.integer(UInt32.self) == 0x0201_4B50 else {
            throw .corrupt(part: reader.part, reason: "a record's signature is missing")
        }
        try reader.skip(4)
        flags = try reader.integer(UInt16.self)
        method = try reader.integer(UInt16.self)
        // Time and date; the check sum, which writers may be told to leave out.
        try reader.skip(4 + 4)
        let sizes = (try reader.integer(UInt32.self), try reader.integer(UInt32.self))
        let nameLength = try reader.integer(UInt16.self)
        let extraLength = try reader.integer(UInt16.self)
        let commentLength = try reader.integer(UInt16.self)
        let disk = try reader.integer(UInt16.self)
        try reader.skip(2 + 4)
        let place = try reader.integer(UInt32.self)
        name = try reader.array(nameLength)
        let extra = try ZipExtra(try reader.array(extraLength), sizes: sizes, offset: place, part: reader.part)
        try reader.skip(commentLength)
        guard disk == 0 || disk == 0xFFFF else {
            throw .corrupt(part: reader.part, reason: "the archive has several parts")
        }
        // Bit 0 marks encryption.
        guard flags & 1 == 0 else { throw .unsupported("an encrypted zip record") }
        guard method != 0 || extra.packed == extra.size else {
            throw .corrupt(part: reader.part, reason: "a stored record has two different lengths")
        }
        guard let start = Int(exactly: extra.offset) else {
            throw .corrupt(part: reader.part, reason: "a record does not lie in the file")
        }
        offset = start
        size = extra.packed
    }

    /// Where the record's bytes lie, after its local header has been held against this one.
    ///
    /// - Parameters:
    ///   - file: the whole file.
    ///   - end: where the directory begins, which no record may reach.
    ///   - label: the record's name for messages.
    func dataRange(
        in file: UnsafeRawBufferPointer, before end: Int, name label: String
    ) throws(ArchiveFault) -> Range<Int> {
        let part = "zip record \(TorchArchiveError.quoted(label))"
        guard offset < end else { throw .corrupt(part: part, reason: "it does not lie in the file") }
        var reader = ByteReader(file, offset..<end, part: part)
        guard try reader.integer(UInt32.self) == 0x0403_4B50 else {
            throw .corrupt(part: part, reason: "its local header is missing")
        }
        try reader.skip(2)
        let localFlags = try reader.integer(UInt16.self)
        let localMethod = try reader.integer(UInt16.self)
        try reader.skip(4 + 4)
        let sizes = (try reader.integer(UInt32.self), try reader.integer(UInt32.self))
        let nameLength = try reader.integer(UInt16.self)
        let extraLength = try reader.integer(UInt16.self)
        let localName = try reader.array(nameLength)
        let extra = try ZipExtra(try reader.array(extraLength), sizes: sizes, offset: 0, part: part)
        guard localName == name, localMethod == method, (localFlags ^ flags) & 0b1001 == 0 else {
            throw .corrupt(part: part, reason: "its local header differs from the directory")
        }
        // Bit 3: the lengths stand behind the bytes, and the local header may have zeros for them.
        let isLate = flags & 0b1000 != 0 && extra.packed == 0
        guard isLate || extra.packed == size else {
            throw .corrupt(part: part, reason: "its local header has another length than the directory")
        }
        return try reader.skip(size)
    }
}

/// A record's lengths and place, which zip64's extra field (tag 1) gives where 32 bits do not hold them.
private struct ZipExtra {
    var packed: UInt64
    var size: UInt64
    var offset: UInt64

    init(_ bytes: [UInt8], sizes: (packed: UInt32, size: UInt32), offset: UInt32, part: String) throws(ArchiveFault) {
        (packed, size, self.offset) = (UInt64(sizes.packed), UInt64(sizes.size), UInt64(offset))
        let wanted = (sizes.size == .max, sizes.packed == .max, offset == .max)
        guard wanted.0 || wanted.1 || wanted.2 else { return }
        var place = 0
        func field(_ width: Int, before end: Int) throws(ArchiveFault) -> UInt64 {
            guard place + width <= end else {
                throw .corrupt(part: part, reason: "a 64-bit length or place is missing")
            }
            defer { place += width }
            return bytes[place..<place + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        while place < bytes.count {
            let tag = try field(2, before: bytes.count)
            let length = Int(try field(2, before: bytes.count))
            guard length <= bytes.count - place else { break }
            if tag == 1 {
                let end = place + length
                if wanted.0 { size = try field(8, before: end) }
                if wanted.1 { packed = try field(8, before: end) }
                if wanted.2 { self.offset = try field(8, before: end) }
                return
            }
            place += length
        }
        throw .corrupt(part: part, reason: "a 64-bit length or place is missing")
    }
}
