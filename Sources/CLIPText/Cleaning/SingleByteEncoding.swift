/// An encoding of one byte a character, all 256 bytes assigned.
///
/// The "sloppy" ones stand for U+FFFD by byte 1A: what a lossy decoder left behind.
struct SingleByteEncoding {
    static let names = [
        "latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
        "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437",
    ]

    let name: String
    /// The characters of bytes 128 to 255.
    let upper: [UInt32]
    private let bytes: [UInt32: UInt8]

    var isSloppy: Bool { name.hasPrefix("sloppy") }

    init(name: String, data: DataSections) throws(CLIPTextError) {
        self.name = name
        upper = try data.items("encoding.\(name)").map { UInt32($0.first) }
        guard upper.count == 128 else {
            throw .resourceMalformed(name: data.name, line: 0, reason: "[encoding.\(name)] needs 128 characters")
        }
        var bytes: [UInt32: UInt8] = [:]
        for (offset, point) in upper.enumerated() { bytes[point] = UInt8(128 + offset) }
        if name.hasPrefix("sloppy") { bytes[0xFFFD] = 0x1A }
        self.bytes = bytes
    }

    /// The bytes that decode to `text`, or nil when a character is not in the encoding.
    func encode(_ text: ArraySlice<UInt32>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        for point in text {
            if point < 0x80, point != 0x1A || !isSloppy {
                out.append(UInt8(point))
            } else if let byte = bytes[point] {
                out.append(byte)
            } else {
                return nil
            }
        }
        return out
    }
}
