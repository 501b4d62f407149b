/// What Python's string methods make of texts.
extension UnicodeTables {
    /// Runs of white space as one space each, none at either end.
    func collapsed(_ text: [UInt32]) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        var pending = false
        for point in text {
            if self[point].contains(.space) {
                pending = !out.isEmpty
            } else {
                if pending { out.append(0x20) }
                pending = false
                out.append(point)
            }
        }
        return out
    }

    /// Lower case as Python's `str.lower`: full mappings, and sigma final after a letter and before none.
    func lowered(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { self[$0].contains(.lowers) }) else { return text }
        var out: [UInt32] = []
        out.reserveCapacity(text.count + 8)
        for (index, point) in text.enumerated() {
            if point == 0x03A3 {
                out.append(isFinalSigma(text, index) ? 0x03C2 : 0x03C3)
            } else if self[point].contains(.lowers), let points = lower[point] {
                out.append(contentsOf: points)
            } else {
                out.append(point)
            }
        }
        return out
    }

    private func isFinalSigma(_ text: [UInt32], _ index: Int) -> Bool {
        func isCased(_ point: UInt32?) -> Bool { point.map { self[$0].contains(.cased) } ?? false }
        let before = text[..<index].last { !self[$0].contains(.ignorable) }
        let after = text[(index + 1)...].first { !self[$0].contains(.ignorable) }
        return isCased(before) && !isCased(after)
    }
}
