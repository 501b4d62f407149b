/// Repairs of byte sequences that are almost UTF-8.
enum ByteRepair {
    /// Puts back bytes A0 that became spaces inside what would be UTF-8 (`restore_byte_a0`).
    static func restoringNoBreakSpaces(_ bytes: [UInt8]) -> [UInt8] {
        guard altered(bytes) else { return bytes }
        let split = separatingGraveWords(bytes)
        var out = split
        var index = 0
        while index < out.count {
            guard let length = alteredLength(split, index) else {
                index += 1
                continue
            }
            for offset in index..<(index + length) where out[offset] == 0x20 { out[offset] = 0xA0 }
            index += length
        }
        return out
    }

    /// Puts U+FFFD, in UTF-8, for each sequence that lost bytes to the substitute 1A (`replace_lossy_sequences`).
    static func replacingLossySequences(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: { $0 == 0x1A || $0 == 0x3F }) else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 8)
        var index = 0
        while index < bytes.count {
            if let length = lossyLength(bytes, index) {
                out.append(contentsOf: [0xEF, 0xBF, 0xBD])
                index += length
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }

    private static func altered(_ bytes: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0] >= 0xC2 && alteredLength(bytes, $0) != nil }
    }

    /// Keeps the space of a lone "à": C3 20 becomes C3 A0 20, except where Portuguese writes one word.
    private static func separatingGraveWords(_ bytes: [UInt8]) -> [UInt8] {
        let words = [" ", "quele", "quela", "quilo", "s "].map { Array($0.utf8) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 8)
        var index = 0
        while index < bytes.count {
            out.append(bytes[index])
            index += 1
            guard out.last == 0xC3, index < bytes.count, bytes[index] == 0x20 else { continue }
            let rest = bytes[(index + 1)...]
            if !words.contains(where: { rest.starts(with: $0) }) {
                out.append(contentsOf: [0xA0, 0x20])
                index += 1
            }
        }
        return out
    }

    /// The length of a UTF-8 sequence at `index` that has one space where A0 belongs.
    private static func alteredLength(_ bytes: [UInt8], _ index: Int) -> Int? {
        func at(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
        /// A continuation byte, except the two (85: ellipsis, A0) that would be too common beside a space.
        func plain(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 && byte != 0x85 && byte != 0xA0 }
        func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        switch at(0) {
        case 0xC2, 0xC3, 0xC5, 0xCE, 0xD0, 0xD9:
            return at(1) == 0x20 ? 2 : nil
        case 0xE0...0xE3:
            if at(0) >= 0xE2, at(1) == 0x20, plain(at(2)) { return 3 }
            return plain(at(1)) && at(2) == 0x20 ? 3 : nil
        case 0xF0:
            let spaces = (1...3).filter { at($0) == 0x20 }.count
            return spaces == 1 && (1...3).allSatisfy { at($0) == 0x20 || continues(at($0)) } ? 4 : nil
        default:
            return nil
        }
    }

    /// The length of a UTF-8 or CESU-8 sequence at `index` in which bytes are lost.
    private static func lossyLength(_ bytes: [UInt8], _ index: Int) -> Int? {
        func at(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
        func kept(_ offset: Int) -> Bool { at(offset) & 0xC0 == 0x80 }
        func lost(_ offset: Int) -> Bool { at(offset) == 0x1A }
        func asked(_ offset: Int) -> Bool { at(offset) == 0x3F }
        /// Whether `count` bytes follow, at least one of them lost and at most one of those a question mark.
        func follows(_ count: Int) -> Bool {
            let offsets = 1...count
            guard offsets.allSatisfy({ kept($0) || lost($0) || asked($0) }) else { return false }
            return offsets.contains { !kept($0) } && offsets.filter(asked).count <= 1
        }
        let first = at(0)
        if first == 0x1A { return 1 }
        if (0xC2...0xDF).contains(first) { return lost(1) || (first <= 0xC3 && asked(1)) ? 2 : nil }
        if first == 0xED, at(1) & 0xF0 == 0xA0, at(3) == 0xED, at(4) & 0xF0 == 0xB0 {
            let broken = [lost(2) || asked(2), lost(5) || asked(5)]
            if (broken[0] && (broken[1] || kept(5))) || (broken[1] && kept(2)) { return 6 }
        }
        if (0xE0...0xEF).contains(first) { return follows(2) ? 3 : nil }
        if (0xF0...0xF4).contains(first) { return follows(3) ? 4 : nil }
        return nil
    }
}
