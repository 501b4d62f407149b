/// HTML character references: the two readings the reference applies, one strict and one as browsers do.
struct HTMLEntities {
    private var named: [[UInt8]: [UInt32]] = [:]
    /// Names that only the strict reading knows: HTML names written all in capitals.
    private var capitals: [[UInt8]: [UInt32]] = [:]
    /// What numeric references 128 to 159 mean (HTML, "numeric character reference end state").
    private let windows1252: [UInt32]

    private static let ampersand: UInt32 = 0x26
    private static let semicolon: UInt8 = 0x3B

    /// - Parameter windows1252: the characters of bytes 128 to 255.
    init(bytes: [UInt8], windows1252: [UInt32]) throws(CLIPTextError) {
        self.windows1252 = windows1252
        var line = 0
        for row in bytes.split(separator: UInt8(ascii: "\n")) {
            line += 1
            let isCapitals = row.first == UInt8(ascii: "!")
            let parts = row.dropFirst(isCapitals ? 1 : 0).split(separator: UInt8(ascii: "="))
            guard parts.count == 2 else {
                throw .resourceMalformed(name: "html-entities.txt", line: line, reason: "expected name=points")
            }
            let points = parts[1].split(separator: UInt8(ascii: ",")).map { digits in
                digits.reduce(UInt32(0)) { ($0 & 0xFFFFF) << 4 | UInt32(hexDigit($1) ?? 0) }
            }
            if isCapitals { capitals[Array(parts[0])] = points } else { named[Array(parts[0])] = points }
        }
    }

    /// Replaces `&name;`, `&#n;` and `&#xn;`, only when complete (ftfy's `unescape_html`).
    func unescapeStrictly(_ text: [UInt32]) -> [UInt32] {
        replace(in: text) { strictReference(text, $0) }
    }

    /// The complete reference whose ampersand is, or is taken to be, at `start`.
    private func strictReference(_ text: [UInt32], _ start: Int) -> (points: [UInt32], end: Int)? {
        var end = start + 1
        if end < text.count, text[end] == 0x23 { end += 1 }
        let first = end
        while end < text.count, end - first < 24, isASCIIAlphanumeric(text[end]) { end += 1 }
        guard end > first, end < text.count, text[end] == UInt32(Self.semicolon) else { return nil }
        end += 1
        if text[start + 1] == 0x23 {
            guard let (points, used) = numeric(text, start), used == end, !points.contains(0x3B) else { return nil }
            return (points, end)
        }
        let name = text[(start + 1)..<end].map { UInt8(truncatingIfNeeded: $0) }
        return (named[name] ?? capitals[name]).map { ($0, end) }
    }

    /// Shortens all very deep escapes, `&amp;amp;#38;amp;…`, by the same number of levels.
    ///
    /// Text is unescaped one level a round until nothing changes, which for such a chain would take time quadratic in
    /// its length. After `deepest` rounds the rest of the text has settled, and only chains still shrink, so rounds
    /// that do nothing else may be left out. Their order is kept: the shortest chain is the first to end.
    func shorteningChains(_ text: [UInt32]) -> [UInt32] {
        let deepest = 64
        guard text.count > deepest * 4, text.contains(Self.ampersand) else { return text }
        var chains: [(start: Int, ends: [Int])] = []
        for start in text.indices where text[start] == Self.ampersand {
            var ends: [Int] = []
            while let level = strictReference(text, (ends.last ?? start + 1) - 1), level.points == [Self.ampersand] {
                ends.append(level.end)
            }
            if ends.count > deepest { chains.append((start, ends)) }
        }
        guard let shortest = chains.map(\.ends.count).min() else { return text }
        var out: [UInt32] = []
        var next = 0
        for chain in chains {
            out.append(contentsOf: text[next...chain.start])
            next = chain.ends[shortest - deepest - 1]
        }
        return out + text[next...]
    }

    /// Replaces every reference a browser would, complete or not (Python's `html.unescape`).
    func unescapeLeniently(_ text: [UInt32]) -> [UInt32] {
        replace(in: text) { start in
            guard start + 1 < text.count else { return nil }
            if text[start + 1] == 0x23 { return numeric(text, start) }
            var name: [UInt8] = []
            var index = start + 1
            while index < text.count, name.count < 32 {
                switch text[index] {
                case 0x09, 0x0A, 0x0C, 0x20, 0x3C, 0x26, 0x23, 0x3B: break
                // Names are ASCII: a name cannot reach past another character, and shorter names come before it.
                case 0..<0x80:
                    name.append(UInt8(text[index]))
                    index += 1
                    continue
                default: break
                }
                break
            }
            if index < text.count, text[index] == UInt32(Self.semicolon) {
                name.append(Self.semicolon)
            }
            while name.count > 1 {
                if let points = named[name] { return (points, start + 1 + name.count) }
                name.removeLast()
            }
            return nil
        }
    }

    private func replace(in text: [UInt32], _ match: (Int) -> (points: [UInt32], end: Int)?) -> [UInt32] {
        guard var next = text.firstIndex(of: Self.ampersand) else { return text }
        var out = Array(text[..<next])
        out.reserveCapacity(text.count)
        while next < text.count {
            if text[next] == Self.ampersand, let (points, end) = match(next) {
                out.append(contentsOf: points)
                next = end
            } else {
                out.append(text[next])
                next += 1
            }
        }
        return out
    }

    /// Reads `&#n` or `&#xn` at `start` with or without its semicolon.
    private func numeric(_ text: [UInt32], _ start: Int) -> (points: [UInt32], end: Int)? {
        var index = start + 2
        var radix: UInt32 = 10
        if index < text.count, text[index] | 0x20 == 0x78 {
            radix = 16
            index += 1
        }
        let first = index
        var value: UInt32 = 0
        while index < text.count, text[index] < 0x80, let digit = hexDigit(UInt8(text[index])), digit < Int(radix) {
            value = min(value * radix + UInt32(digit), 0x110000)  // saturates: anything above is one error
            index += 1
        }
        guard index > first else { return nil }
        if index < text.count, text[index] == UInt32(Self.semicolon) { index += 1 }
        return (character(value), index)
    }

    private func character(_ value: UInt32) -> [UInt32] {
        switch value {
        case 0, 0xD800...0xDFFF, 0x110000...: [0xFFFD]
        case 0x0D: [0x0D]
        case 0x80...0x9F: [windows1252[Int(value) - 0x80]]
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: []
        default: value & 0xFFFE == 0xFFFE ? [] : [value]
        }
    }

    private func isASCIIAlphanumeric(_ point: UInt32) -> Bool {
        (0x30...0x39).contains(point) || (0x41...0x5A).contains(point) || (0x61...0x7A).contains(point)
    }
}
