/// GPT-2's spelling of bytes as printable characters, in which merges are written.
///
/// Bytes that print in Latin-1 stand for themselves; the others follow, in order, from U+0100.
struct PrintableAlphabet {
    /// All bytes in the order of their tokens.
    let bytes: [UInt8]
    /// The token of each byte: its place in `bytes`.
    let tokens: [Int32]
    /// The byte of each character below U+0180; -1 where there is none.
    private let byteOfPoint: [Int16]

    init() {
        let printable = Array(UInt8(0x21)...0x7E) + Array(UInt8(0xA1)...0xAC) + Array(UInt8(0xAE)...0xFF)
        let others = (UInt8(0)...255).filter { !printable.contains($0) }
        bytes = printable + others
        var tokens = [Int32](repeating: 0, count: 256)
        var byteOfPoint = [Int16](repeating: -1, count: 0x180)
        for (token, byte) in bytes.enumerated() { tokens[Int(byte)] = Int32(token) }
        for byte in printable { byteOfPoint[Int(byte)] = Int16(byte) }
        for (offset, byte) in others.enumerated() { byteOfPoint[0x100 + offset] = Int16(byte) }
        self.tokens = tokens
        self.byteOfPoint = byteOfPoint
    }

    /// The character that stands for a byte.
    func character(of byte: UInt8) -> Unicode.Scalar {
        let point = byteOfPoint.firstIndex(of: Int16(byte)) ?? 0
        return Unicode.Scalar(UInt32(point)) ?? "\u{0}"
    }

    /// Reads one token up to `separator` and moves past it. Its bytes go into `scratch`.
    ///
    /// - Returns: Whether the token ends a word (is written with `</w>`); nil when it is not a token.
    func read(_ file: [UInt8], _ place: inout Int, until separator: UInt8, into scratch: inout [UInt8]) -> Bool? {
        scratch.removeAll(keepingCapacity: true)
        while place < file.count, file[place] != separator {
            var point = Int(file[place])
            place += 1
            if point >= 0xC0, place < file.count {
                point = (point & 0x1F) << 6 | Int(file[place] & 0x3F)
                place += 1
            }
            guard point < byteOfPoint.count, byteOfPoint[point] >= 0 else { return nil }
            scratch.append(UInt8(byteOfPoint[point]))
        }
        place += 1
        let count = scratch.count
        let ends =
            count > 4 && scratch[count - 4] == UInt8(ascii: "<") && scratch[count - 3] == UInt8(ascii: "/")
            && scratch[count - 2] == UInt8(ascii: "w") && scratch[count - 1] == UInt8(ascii: ">")
        if ends { scratch.removeLast(4) }
        return count > 0 ? ends : nil
    }
}
