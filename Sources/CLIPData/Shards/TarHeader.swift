import Foundation

/// The 512-byte blocks that stand before a file's contents in a tar archive (POSIX.1-1988 "ustar", with POSIX.1-2001
/// "pax" extended headers). Written here rather than by libarchive, whose bytes depend on version and locale.
enum TarHeader {
    static let blockBytes = 512
    /// The largest size that fits the header's eleven octal digits: 8 GiB - 1.
    static let maximumFileBytes = 0o77777777777

    /// The header blocks of a regular file with fixed owner, mode and time.
    static func blocks(name: String, size: Int) -> Data {
        if let (prefix, last) = ustarName(name) {
            return block(name: last, prefix: prefix, size: size, type: "0")
        }
        let record = paxRecord(keyword: "path", value: name)
        var data = block(name: Array("PaxHeader/entry".utf8), prefix: [], size: record.count, type: "x")
        data.append(record)
        data.append(padding(after: record.count))
        // Readers that know no pax headers see this name; cutting it between characters keeps it readable.
        var short = name
        while short.utf8.count > 100 { short.removeFirst() }
        data.append(block(name: Array(short.utf8), prefix: [], size: size, type: "0"))
        return data
    }

    /// Zeros up to the next block.
    static func padding(after size: Int) -> Data { Data(count: (blockBytes - size % blockBytes) % blockBytes) }

    /// Name and prefix where an ASCII name fits them (100 and 155 bytes, split at a `/`), else `nil`.
    private static func ustarName(_ name: String) -> (prefix: [UInt8], name: [UInt8])? {
        let bytes = Array(name.utf8)
        guard bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        if bytes.count <= 100 { return ([], bytes) }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") {
            let rest = bytes.count - index - 1
            if index > 0, index <= 155, rest > 0, rest <= 100 {
                return (Array(bytes[..<index]), Array(bytes[(index + 1)...]))
            }
        }
        return nil
    }

    /// `LENGTH KEYWORD=VALUE\n`, where the length counts its own digits too.
    private static func paxRecord(keyword: String, value: String) -> Data {
        let rest = keyword.utf8.count + value.utf8.count + 3
        var length = rest + 1
        while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
        return Data("\(length) \(keyword)=\(value)\n".utf8)
    }

    private static func block(name: [UInt8], prefix: [UInt8], size: Int, type: Character) -> Data {
        var bytes = [UInt8](repeating: 0, count: blockBytes)
        func put(_ field: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in field.enumerated() { bytes[offset + index] = byte }
        }
        func octal(_ value: Int, digits: Int) -> String.UTF8View {
            let text = String(value, radix: 8)
            return (String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8
        }
        put(name, at: 0)
        put(octal(0o644, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        // The checksum is summed with its own field taken as spaces.
        put(String(repeating: " ", count: 8).utf8, at: 148)
        put(String(type).utf8, at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        put(prefix, at: 345)
        let sum = bytes.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6), at: 148)
        bytes[154] = 0
        return Data(bytes)
    }
}
