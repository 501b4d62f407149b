/// Normalization form C (Unicode Standard Annex 15) over the tables of ``UnicodeTables``.
struct CanonicalComposition {
    let tables: UnicodeTables

    /// The text in normalization form C; the same array when nothing in it can change.
    func composed(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { tables[$0].contains(.composing) }) else { return text }
        return compose(reordered(decomposed(text)))
    }

    /// The text in normalization form D.
    func ordered(_ text: [UInt32]) -> [UInt32] { reordered(decomposed(text)) }

    private func decomposed(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count + 16)
        for point in text {
            if point < 0xC0 {
                out.append(point)
            } else if (0xAC00..<0xAC00 + 11172).contains(point) {
                let index = point - 0xAC00
                out.append(0x1100 + index / 588)
                out.append(0x1161 + index % 588 / 28)
                if index % 28 != 0 { out.append(0x11A7 + index % 28) }
            } else if let parts = tables.decomposition[point] {
                out.append(contentsOf: parts)
            } else {
                out.append(point)
            }
        }
        return out
    }

    private func combiningClass(_ point: UInt32) -> UInt8 {
        point < 0x300 ? 0 : tables.combiningClass[point] ?? 0
    }

    /// Sorts each run of combining marks by class, keeping the order of equals.
    private func reordered(_ text: [UInt32]) -> [UInt32] {
        var out = text
        var start = 0
        while start < out.count {
            guard combiningClass(out[start]) != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            while end < out.count, combiningClass(out[end]) != 0 { end += 1 }
            if end - start > 1 {
                let marks = out[start..<end].enumerated().map { (combiningClass($1), $0, $1) }
                let sorted = marks.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
                for (offset, mark) in sorted.enumerated() { out[start + offset] = mark.2 }
            }
            start = end
        }
        return out
    }

    private func compose(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        var starter = -1
        var lastClass = -1  // of the last character kept after the starter; -1 when it directly follows
        for point in text {
            let ownClass = Int(combiningClass(point))
            if starter >= 0, lastClass < ownClass || lastClass == -1, let both = composite(out[starter], point) {
                out[starter] = both
                continue
            }
            if ownClass == 0 {
                starter = out.count
                lastClass = -1
            } else {
                lastClass = ownClass
            }
            out.append(point)
        }
        return out
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) {
            return 0xAC00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28
        }
        if (0xAC00..<0xAC00 + 11172).contains(first), (first - 0xAC00) % 28 == 0, (0x11A8..<0x11C3).contains(second) {
            return first + (second - 0x11A7)
        }
        return tables.composition[UInt64(first) << 32 | UInt64(second)]
    }
}
