/// Windows icons and cursors: of the pictures inside the largest, which is a whole PNG, or a bitmap without a file header
/// and with a mask of transparency below it. Of equally large ones Pillow's choice, the one of fewest colors, gives the
/// numbers that everybody has.
struct IconReader {
    private struct Entry {
        let area: Int
        let depth: Int
        let bytes: UnsafeRawBufferPointer
    }

    private let largest: UnsafeRawBufferPointer
    private let name: String

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws {
        self.name = name
        let reader = ByteReader(bytes, name: name, format: .icon)
        let entries = try (0..<(try reader.number(4, 2))).map { index in
            let start = 6 + 16 * index
            // 0 means 256, which is also what larger ones say.
            let sides = try [0, 1].map { try reader.number(start + $0, 1) }.map { $0 == 0 ? 256 : $0 }
            let (size, offset) = (try reader.number(start + 8, 4), try reader.number(start + 12, 4))
            guard offset <= bytes.count, size <= bytes.count - offset else {
                throw reader.damaged("a picture of it lies beyond the end")
            }
            let bits = try reader.number(start + 6, 2)
            let colors = try reader.number(start + 2, 1)
            let depth = bits > 0 ? bits : colors > 1 ? Int.bitWidth - (colors - 1).leadingZeroBitCount : 256
            return Entry(
                area: sides[0] * sides[1], depth: depth,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
        }
        guard let largest = entries.min(by: { (-$0.area, $0.depth) < (-$1.area, $1.depth) }) else {
            throw reader.damaged("no picture in it")
        }
        self.largest = largest.bytes
    }

    func samples(_ options: DecodeOptions) throws -> DecodedSamples {
        if PictureFormat(firstBytes: largest) == .png {
            return try LibraryReader(format: .png, name: name, options: options).samples(largest)
        }
        return try Bitmap.iconSamples(largest, name: name, options: options)
    }
}
