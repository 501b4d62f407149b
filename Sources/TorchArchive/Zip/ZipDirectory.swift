/// The directory of a zip archive, held against the local headers and the file's length.
///
/// Format: PKWARE's APPNOTE 6.3, sections 4.3 (records) and 4.5.3 (zip64). One disk, nothing before the first record
/// or within the records that another claims.
struct ZipDirectory {
    struct Entry {
        /// 0 for bytes stored as they are; anything else is never read.
        var method: UInt16
        /// Where the stored bytes lie in the file.
        var range: Range<Int>
    }

    /// By name, folder separators included.
    private(set) var entries: [String: Entry] = [:]

    /// The most records; a checkpoint has one a storage.
    static let largestCount = 1 << 18
    /// The most bytes of directory.
    static let largestDirectory = 1 << 26
    static let part = "zip directory"

    init(_ file: UnsafeRawBufferPointer) throws(ArchiveFault) {
        let tail = try ZipTail(file)
        var reader = ByteReader(file, tail.directory, part: Self.part)
        var records: [(name: String, record: CentralRecord)] = []
        records.reserveCapacity(tail.count)
        for _ in 0..<tail.count {
            let record = try CentralRecord(&reader)
            guard let name = String(validating: record.name, as: UTF8.self), !record.name.contains(0) else {
                throw .corrupt(part: Self.part, reason: "a record's name is not valid UTF-8")
            }
            records.append((name, record))
        }
        guard reader.remaining == 0 else {
            throw .corrupt(part: Self.part, reason: "\(reader.remaining) bytes follow its \(tail.count) records")
        }
        entries.reserveCapacity(records.count)
        var previousEnd = 0
        for (name, record) in records.sorted(by: { $0.record.offset < $1.record.offset }) {
            guard record.offset >= previousEnd else {
                throw .corrupt(part: Self.part, reason: "record \(TorchArchiveError.quoted(name)) overlaps another")
            }
            let range = try record.dataRange(in: file, before: tail.directory.lowerBound, name: name)
            guard entries.updateValue(Entry(method: record.method, range: range), forKey: name) == nil else {
                throw .corrupt(part: Self.part, reason: "record \(TorchArchiveError.quoted(name)) occurs twice")
            }
            previousEnd = range.upperBound
        }
    }

    /// Where a record's bytes lie, or nil where there is none of this name.
    ///
    /// - Throws: when the record is compressed: tensors could not be mapped, and few bytes could claim any number.
    func stored(_ name: String) throws(ArchiveFault) -> Range<Int>? {
        guard let entry = entries[name] else { return nil }
        guard entry.method == 0 else {
            throw .unsupported("the compressed zip record \(TorchArchiveError.quoted(name))")
        }
        return entry.range
    }
}

/// Where the directory lies, from the records at the archive's end.
private struct ZipTail {
    var directory: Range<Int>
    var count: Int

    private static let length = 22
    private static let longestComment = 65_535

    init(_ file: UnsafeRawBufferPointer) throws(ArchiveFault) {
        let start = try Self.find(file)
        var reader = ByteReader(file, start + 4..<file.count, part: "zip end record")
        let disks = (try reader.integer(UInt16.self), try reader.integer(UInt16.self))
        let counts = (try reader.integer(UInt16.self), try reader.integer(UInt16.self))
        var size = UInt64(try reader.integer(UInt32.self))
        var offset = UInt64(try reader.integer(UInt32.self))
        var count = UInt64(counts.1)
        var end = start
        guard disks == (0, 0), counts.0 == counts.1 else {
            throw .corrupt(part: "zip end record", reason: "the archive has several parts")
        }
        if let wide = try Self.zip64(file, before: start) {
            // The narrow fields repeat the wide ones or are all ones, which stands for "see there".
            guard count == 0xFFFF || count == wide.count, size == 0xFFFF_FFFF || size == wide.size,
                offset == 0xFFFF_FFFF || offset == wide.offset
            else { throw .corrupt(part: "zip end record", reason: "its two end records differ") }
            (count, size, offset, end) = (wide.count, wide.size, wide.offset, wide.start)
        }
        guard count <= ZipDirectory.largestCount, size <= ZipDirectory.largestDirectory else {
            throw .tooLarge("its directory has \(count) records in \(size) bytes")
        }
        guard let lower = Int(exactly: offset), lower <= end, Int(size) <= end - lower else {
            throw .corrupt(part: "zip end record", reason: "the directory does not lie in the file")
        }
        guard Int(count) * CentralRecord.length <= Int(size) else {
            throw .corrupt(part: "zip end record", reason: "\(count) records cannot lie in \(size) bytes")
        }
        directory = lower..<lower + Int(size)
        self.count = Int(count)
    }

    /// The end record: the last signature whose comment reaches exactly to the file's end.
    private static func find(_ file: UnsafeRawBufferPointer) throws(ArchiveFault) -> Int {
        var start = file.count - length
        let lowest = max(0, start - longestComment)
        while start >= lowest {
            if file.loadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian == 0x0605_4B50,
                Int(file.loadUnaligned(fromByteOffset: start + 20, as: UInt16.self).littleEndian)
                    == file.count - start - length
            {
                return start
            }
            start -= 1
        }
        throw .corrupt(part: "zip archive", reason: "its end record is missing, the file may be cut short")
    }

    private struct Wide {
        var count: UInt64
        var size: UInt64
        var offset: UInt64
        var start: Int
    }

    private static func zip64(_ file: UnsafeRawBufferPointer, before end: Int) throws(ArchiveFault) -> Wide? {
        guard end >= 20 else { return nil }
        var locator = ByteReader(file, end - 20..<end, part: "zip64 locator")
        guard try locator.integer(UInt32.self) == 0x0706_4B50 else { return nil }
        let disk = try locator.integer(UInt32.self)
        let place = try locator.integer(UInt64.self)
        guard disk == 0, try locator.integer(UInt32.self) <= 1 else {
            throw .corrupt(part: "zip64 locator", reason: "the archive has several parts")
        }
        guard let start = Int(exactly: place), start <= end - 20 else {
            throw .corrupt(part: "zip64 locator", reason: "the end record does not lie in the file")
        }
        var reader = ByteReader(file, start..<end - 20, part: "zip64 end record")
        guard try reader.integer(UInt32.self) == 0x0606_4B50 else {
            throw .corrupt(part: "zip64 end record", reason: "its signature is missing")
        }
        try reader.skip(8 + 2 + 2)
        let disks = (try reader.integer(UInt32.self), try reader.integer(UInt32.self))
        let counts = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
        guard disks == (0, 0), counts.0 == counts.1 else {
            throw .corrupt(part: "zip64 end record", reason: "the archive has several parts")
        }
        let size = try reader.integer(UInt64.self)
        return Wide(count: counts.1, size: size, offset: try reader.integer(UInt64.self), start: start)
    }
}
