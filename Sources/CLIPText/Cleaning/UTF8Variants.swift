/// Strict decoding of UTF-8, optionally with two foreign habits: Java's two-byte NUL and surrogate pairs in six bytes.
enum UTF8Variants {
    /// The code points, or nil when the bytes are not well formed.
    ///
    /// With `allowingVariants`, a trailing line feed is also taken for the last byte of either habit, as the reference
    /// does (its pattern's `$` matches before a final line feed).
    static func decode(_ bytes: [UInt8], allowingVariants: Bool) -> [UInt32]? {
        var out: [UInt32] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            if first < 0x80 {
                out.append(UInt32(first))
                index += 1
                continue
            }
            if allowingVariants, let (point, length) = variant(bytes, index) {
                out.append(point)
                index += length
                continue
            }
            guard let (point, length) = standard(bytes, index) else { return nil }
            out.append(point)
            index += length
        }
        return out
    }

    private static func standard(_ bytes: [UInt8], _ index: Int) -> (UInt32, Int)? {
        let first = bytes[index]
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        var point = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            point = point << 6 | UInt32(byte & 0x3F)
        }
        switch length {
        case 3 where point < 0x800 || (0xD800...0xDFFF).contains(point): return nil
        case 4 where point < 0x10000 || point > 0x10FFFF: return nil
        default: return (point, length)
        }
    }

    private static func variant(_ bytes: [UInt8], _ index: Int) -> (UInt32, Int)? {
        func closes(_ at: Int) -> Bool {
            bytes[at] & 0xC0 == 0x80 || (bytes[at] == 0x0A && at == bytes.count - 1)
        }
        if bytes[index] == 0xC0, index + 1 < bytes.count {
            return bytes[index + 1] == 0x80 || (bytes[index + 1] == 0x0A && index + 2 == bytes.count) ? (0, 2) : nil
        }
        guard bytes[index] == 0xED, index + 5 < bytes.count, bytes[index + 1] & 0xF0 == 0xA0,
            bytes[index + 2] & 0xC0 == 0x80, bytes[index + 3] == 0xED, bytes[index + 4] & 0xF0 == 0xB0,
            closes(index + 5)
        else { return nil }
        let high = UInt32(bytes[index + 1] & 0x0F) << 16 | UInt32(bytes[index + 2] & 0x3F) << 10
        let low = UInt32(bytes[index + 4] & 0x0F) << 6 | UInt32(bytes[index + 5] & 0x3F)
        return (0x10000 + high + low, 6)
    }
}
