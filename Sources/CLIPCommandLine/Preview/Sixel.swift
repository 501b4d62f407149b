import Imaging

/// DEC's way to send pictures: bands of six rows, each color's pixels of a band one after another.
enum Sixel {
    private static let escape = "\u{1B}"

    /// - Parameter colors: at most so many; terminals have 256 registers at least.
    static func encode(_ picture: Picture, colors: Int = 255) -> String {
        let palette = Palette(picture, count: colors)
        var text = "\(escape)Pq\"1;1;\(picture.width);\(picture.height)"
        for (index, color) in palette.colors.enumerated() {
            // Percents.
            let parts = color.map { "\((Int($0) * 100 + 127) / 255)" }
            text += "#\(index);2;\(parts.joined(separator: ";"))"
        }
        for top in stride(from: 0, to: picture.height, by: 6) {
            text += band(palette.indices, picture.width, top..<min(picture.height, top + 6)) + "-"
        }
        return text + "\(escape)\\"
    }

    private static func band(_ indices: [Int], _ width: Int, _ rows: Range<Int>) -> String {
        let used = Set(indices[rows.lowerBound * width..<rows.upperBound * width]).sorted()
        return used.map { color in
            let bits = (0..<width).map { column in
                rows.reduce(0) { $0 | (indices[$1 * width + column] == color ? 1 << ($1 - rows.lowerBound) : 0) }
            }
            return "#\(color)" + runs(bits)
        }.joined(separator: "$")
    }

    /// Characters from "?" on; four or more of the same are counted. Empty ones at the end are left out.
    private static func runs(_ bits: [Int]) -> String {
        var text = ""
        var start = 0
        let end = (bits.lastIndex { $0 != 0 } ?? -1) + 1
        while start < end {
            var next = start + 1
            while next < end, bits[next] == bits[start] { next += 1 }
            let character = String(UnicodeScalar(UInt8(63 + bits[start])))
            text +=
                next - start > 3 ? "!\(next - start)\(character)" : String(repeating: character, count: next - start)
            start = next
        }
        return text
    }
}

/// The colors that stand for a picture's: its own where they are few, and else the means of boxes that are cut at the
/// median of their longest side (Heckbert, 1982).
struct Palette {
    let colors: [[UInt8]]
    /// For each pixel, the number of its color.
    let indices: [Int]

    init(_ picture: Picture, count: Int) {
        let pixels = stride(from: 0, to: picture.pixels.count, by: 3).map { Array(picture.pixels[$0..<$0 + 3]) }
        let numbers = Dictionary(grouping: pixels.indices) { pixels[$0] }
        var boxes = [numbers.keys.sorted { $0.lexicographicallyPrecedes($1) }]
        while boxes.count < count {
            let widest = boxes.indices.filter { boxes[$0].count > 1 }
                .max { Self.longestSide(boxes[$0]).length < Self.longestSide(boxes[$1]).length }
            guard let widest else { break }
            let band = Self.longestSide(boxes[widest]).band
            let sorted = boxes[widest].sorted { ($0[band], $0[0], $0[1], $0[2]) < ($1[band], $1[0], $1[1], $1[2]) }
            boxes[widest] = Array(sorted[..<(sorted.count / 2)])
            boxes.append(Array(sorted[(sorted.count / 2)...]))
        }
        var indices = [Int](repeating: 0, count: pixels.count)
        colors = boxes.enumerated().map { index, box in
            var (sums, members) = ([0, 0, 0], 0)
            for color in box {
                let places = numbers[color] ?? []
                for place in places { indices[place] = index }
                for band in 0..<3 { sums[band] += Int(color[band]) * places.count }
                members += places.count
            }
            return sums.map { UInt8((2 * $0 + members) / (2 * members)) }
        }
        self.indices = indices
    }

    private static func longestSide(_ box: [[UInt8]]) -> (band: Int, length: Int) {
        let lengths = (0..<3).map { band in
            let values = box.map { Int($0[band]) }
            return (values.max() ?? 0) - (values.min() ?? 0)
        }
        let band = lengths.indices.max { lengths[$0] < lengths[$1] } ?? 0
        return (band, lengths[band])
    }
}
