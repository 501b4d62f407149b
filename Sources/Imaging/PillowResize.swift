/// How pixels between pixels are found.
public enum PillowFilter: Sendable {
    /// Two pixels each way when enlarging; wider by the factor when reducing.
    case bicubic
    /// One pixel each way when enlarging; wider by the factor when reducing.
    case bilinear

    fileprivate var support: Double { self == .bicubic ? 2 : 1 }

    fileprivate func weight(_ distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear: return x < 1 ? 1 - x : 0
        case .bicubic:  // Keys' cubic with a = -1/2
            if x < 1 { return ((-0.5 + 2) * x - (-0.5 + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * -0.5 }
            return 0
        }
    }
}

/// Pillow's `resize` of bytes, to the same bits: antialiased, one direction after the other, in fixed point of 22 bits.
///
/// libtorch resizes RGB in the same way, faster, with weights of fewer bits. Where colors are divided by their opacity
/// afterwards that difference would be multiplied, so pictures that are resized before they are converted come here.
enum PillowResize {
    /// `[H, W, bands]` to `[toHeight, toWidth, bands]`.
    static func smooth(
        _ pixels: [UInt8], width: Int, height: Int, bands: Int, toWidth: Int, toHeight: Int, filter: PillowFilter
    ) -> [UInt8] {
        var wide = pixels
        if toWidth != width {
            let weights = Weights(from: width, to: toWidth, filter: filter)
            wide = [UInt8](unsafeUninitializedCapacity: toWidth * height * bands) { out, filled in
                pixels.withUnsafeBufferPointer { source in
                    for row in 0..<height {
                        for column in 0..<toWidth {
                            for band in 0..<bands {
                                out[(row * toWidth + column) * bands + band] = weights.sum(
                                    source, from: row * width * bands + band, step: bands, place: column)
                            }
                        }
                    }
                }
                filled = toWidth * height * bands
            }
        }
        guard toHeight != height else { return wide }
        let weights = Weights(from: height, to: toHeight, filter: filter)
        let row = toWidth * bands
        return [UInt8](unsafeUninitializedCapacity: row * toHeight) { out, filled in
            wide.withUnsafeBufferPointer { source in
                for line in 0..<toHeight {
                    for place in 0..<row {
                        out[line * row + place] = weights.sum(source, from: place, step: row, place: line)
                    }
                }
            }
            filled = row * toHeight
        }
    }

    /// The pixel under each new pixel's center. Positions are added up as Pillow adds them, rounding included.
    static func nearest(
        _ pixels: [UInt8], width: Int, height: Int, bands: Int, toWidth: Int, toHeight: Int
    ) -> [UInt8] {
        let columns = centers(from: width, to: toWidth)
        let rows = centers(from: height, to: toHeight)
        var result = [UInt8]()
        result.reserveCapacity(toWidth * toHeight * bands)
        for row in rows {
            for column in columns {
                let start = (row * width + column) * bands
                result.append(contentsOf: pixels[start..<start + bands])
            }
        }
        return result
    }

    private static func centers(from length: Int, to count: Int) -> [Int] {
        let step = Double(length) / Double(count)
        var place = step * 0.5
        return (0..<count).map { _ in
            defer { place += step }
            return min(length - 1, max(0, Int(place)))
        }
    }

    /// For each new place the old ones that matter and how much, in 22-bit fixed point.
    private struct Weights {
        let starts: [Int]
        let counts: [Int]
        let most: Int
        let values: [Int32]

        init(from length: Int, to count: Int, filter: PillowFilter) {
            let scale = Double(length) / Double(count)
            let stretch = max(scale, 1)
            let support = filter.support * stretch
            let most = Int(support.rounded(.up)) * 2 + 1
            var starts: [Int] = []
            var counts: [Int] = []
            var values = [Int32](repeating: 0, count: most * count)
            for place in 0..<count {
                let center = (Double(place) + 0.5) * scale
                let first = max(0, Int(center - support + 0.5))
                let last = min(length, Int(center + support + 0.5))
                let raw = (first..<last).map { filter.weight((Double($0) - center + 0.5) * (1 / stretch)) }
                let sum = raw.reduce(0, +)
                for (index, weight) in raw.enumerated() {
                    let share = (sum == 0 ? weight : weight / sum) * Double(1 << 22)
                    values[place * most + index] = Int32(share < 0 ? share - 0.5 : share + 0.5)
                }
                starts.append(first)
                counts.append(last - first)
            }
            (self.starts, self.counts, self.most, self.values) = (starts, counts, most, values)
        }

        /// The new sample at `place`, of old ones that lie `step` apart from `first` on.
        @inline(__always)
        func sum(_ source: UnsafeBufferPointer<UInt8>, from first: Int, step: Int, place: Int) -> UInt8 {
            var sum: Int32 = 1 << 21
            var old = first + starts[place] * step
            for index in place * most..<place * most + counts[place] {
                sum &+= Int32(source[old]) &* values[index]
                old += step
            }
            return UInt8(max(0, min(255, sum >> 22)))
        }
    }
}
