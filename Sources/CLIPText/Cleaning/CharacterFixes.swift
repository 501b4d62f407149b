/// The fixes that look at one or a few characters: ligatures, width, quotes, line breaks, escapes, control characters.
struct CharacterFixes {
    private var replacements: [UInt32: [UInt32]] = [:]
    private let controls: Set<UInt32>
    private let tables: UnicodeTables

    private static let lineFeed: UInt32 = 0x0A
    private static let carriageReturn: UInt32 = 0x0D
    private static let escape: UInt32 = 0x1B

    /// Composes the single steps into one mapping, and marks in `tables` the code points any step concerns.
    ///
    /// - Parameter windows1252: the characters of bytes 128 to 255.
    init(_ data: DataSections, windows1252: [UInt32], tables: inout UnicodeTables) throws(CLIPTextError) {
        let quotes = Self.quotes
        var steps: [[UInt32: [UInt32]]] = [
            Dictionary(uniqueKeysWithValues: (0x80...0x9F).map { (UInt32($0), [windows1252[$0 - 0x80]]) })
        ]
        steps.append(try data.mapping("ligature"))
        steps.append(try data.mapping("width"))
        steps.append(quotes)
        steps.append([
            Self.carriageReturn: [Self.lineFeed], 0x2028: [Self.lineFeed], 0x2029: [Self.lineFeed],
            0x85: [Self.lineFeed],
        ])
        for start in steps.indices {
            for point in steps[start].keys where replacements[point] == nil {
                replacements[point] = steps.reduce([point]) { points, step in points.flatMap { step[$0] ?? [$0] } }
            }
        }
        controls = Set(try data.members("control"))
        for point in replacements.keys { tables.mark(point, .replaced) }
        for point in controls { tables.mark(point, .replaced) }
        self.tables = tables
    }

    /// Curly quotation marks and their straight forms.
    private static var quotes: [UInt32: [UInt32]] {
        var map: [UInt32: [UInt32]] = [0x02BC: [0x27]]
        for point: UInt32 in 0x2018...0x201B { map[point] = [0x27] }
        for point: UInt32 in 0x201C...0x201F { map[point] = [0x22] }
        return map
    }

    /// The text after all fixes; the same array when none applies.
    func fixed(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { tables[$0].contains(.replaced) }) else { return text }
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        for (index, point) in text.enumerated() {
            if !tables[point].contains(.replaced) {
                out.append(point)
            } else if point == Self.carriageReturn, index + 1 < text.count, text[index + 1] == Self.lineFeed {
                continue
            } else if let points = replacements[point] {
                out.append(contentsOf: points)
            } else {
                out.append(point)
            }
        }
        if out.contains(Self.escape) { out = withoutTerminalEscapes(out) }
        out.removeAll { tables[$0].contains(.replaced) && controls.contains($0) }
        return out
    }

    /// Removes `ESC [ digits and semicolons, letter`.
    private func withoutTerminalEscapes(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == Self.escape, index + 1 < text.count, text[index + 1] == 0x5B {
                var end = index + 2
                while end < text.count, text[end] == 0x3B || tables[text[end]].contains(.decimal) { end += 1 }
                if end < text.count, (0x41...0x5A).contains(text[end]) || (0x61...0x7A).contains(text[end]) {
                    index = end + 1
                    continue
                }
            }
            out.append(text[index])
            index += 1
        }
        return out
    }
}
