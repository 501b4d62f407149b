import Foundation

extension Corruption.Raster {
    /// What lies beyond the edge.
    enum Edge {
        /// The last pixel: `aa|abcd|dd`.
        case nearest
        /// The picture mirrored behind its last pixel: `ba|abcd|dc`.
        case reflect
        /// The picture mirrored in its last pixel: `cb|abcd|cb`.
        case mirror

        /// The place inside of 0..<`length` that stands for `index`.
        @inline(__always)
        func place(_ index: Int, in length: Int) -> Int {
            if index >= 0 && index < length { return index }
            return outside(index, length)
        }

        private func outside(_ index: Int, _ length: Int) -> Int {
            switch self {
            case .nearest: return index < 0 ? 0 : length - 1
            case .reflect:
                let place = Self.remainder(index, 2 * length)
                return place < length ? place : 2 * length - 1 - place
            case .mirror:
                guard length > 1 else { return 0 }
                let place = Self.remainder(index, 2 * length - 2)
                return place < length ? place : 2 * length - 2 - place
            }
        }

        private static func remainder(_ index: Int, _ period: Int) -> Int {
            let rest = index % period
            return rest < 0 ? rest + period : rest
        }
    }

    /// A pixel that counts, by its distance from the one looked for.
    struct Tap {
        let x: Int
        let y: Int
        let weight: Float
    }

    /// Each pixel becomes the weighted sum of those that lie at the taps.
    func filtered(_ taps: [Tap], edge: Edge) -> Self {
        let reach = taps.map { abs($0.x) }.max() ?? 0
        let padded = padded(reach, edge)
        let (length, paddedLength) = (width * channels, (width + 2 * reach) * channels)
        var result = [Float](repeating: 0, count: values.count)
        var lines = WeightedLines()
        padded.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { out in
                guard let source = source.baseAddress, let out = out.baseAddress else { return }
                for y in 0..<height {
                    for tap in taps {
                        let row = edge.place(y + tap.y, in: height)
                        lines.append(source + row * paddedLength + (tap.x + reach) * channels, tap.weight)
                    }
                    lines.add(to: out + y * length, count: length)
                }
            }
        }
        return Self(width: width, height: height, channels: channels, values: result)
    }

    /// Filtered in both directions with weights around their middle.
    func filtered(_ weights: [Float], edge: Edge) -> Self {
        filteredDown(weights, edge).transposed().filteredDown(weights, edge).transposed()
    }

    private func filteredDown(_ weights: [Float], _ edge: Edge) -> Self {
        let length = width * channels
        let reach = weights.count / 2
        var result = [Float](repeating: 0, count: values.count)
        var lines = WeightedLines()
        // What several weights bring to one row is added up first: weights may reach over the picture many times.
        var shares = [Float](repeating: 0, count: height)
        values.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { out in
                guard let source = source.baseAddress, let out = out.baseAddress else { return }
                for y in 0..<height {
                    for row in 0..<height { shares[row] = 0 }
                    for (index, weight) in weights.enumerated() {
                        shares[edge.place(y + index - reach, in: height)] += weight
                    }
                    for row in 0..<height where shares[row] != 0 {
                        lines.append(source + row * length, shares[row])
                    }
                    lines.add(to: out + y * length, count: length)
                }
            }
        }
        return Self(width: width, height: height, channels: channels, values: result)
    }

    /// SciPy's and scikit-image's Gaussian filter.
    /// - Parameters:
    ///   - sigma: the standard deviation in pixels.
    ///   - reach: how many of them the weights reach to each side.
    func blurred(_ sigma: Double, reach: Double = 4, edge: Edge = .nearest) -> Self {
        filtered(Self.gaussian(sigma, radius: Int(reach * sigma + 0.5)), edge: edge)
    }

    /// `2 * radius + 1` weights that sum to 1.
    static func gaussian(_ sigma: Double, radius: Int) -> [Float] {
        let weights = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
        let sum = weights.reduce(0, +)
        return weights.map { Float($0 / sum) }
    }

    /// Rows with `reach` more pixels at both ends.
    private func padded(_ reach: Int, _ edge: Edge) -> [Float] {
        let columns = (-reach..<width + reach).map { edge.place($0, in: width) * channels }
        let count = columns.count * height * channels
        return [Float](unsafeUninitializedCapacity: count) { out, filled in
            values.withUnsafeBufferPointer { source in
                var to = 0
                for y in 0..<height {
                    for column in columns {
                        let from = y * width * channels + column
                        for channel in 0..<channels { out[to + channel] = source[from + channel] }
                        to += channels
                    }
                }
            }
            filled = count
        }
    }

    /// Between four pixels.
    @inline(__always)
    static func between(
        _ source: UnsafeBufferPointer<Float>, _ rowA: Int, _ rowB: Int, _ columnA: Int, _ columnB: Int, _ x: Float,
        _ y: Float
    ) -> Float {
        let (above, below) = (source[rowA + columnA], source[rowB + columnA])
        let upper = above + (source[rowA + columnB] - above) * x
        let lower = below + (source[rowB + columnB] - below) * x
        return upper + (lower - upper) * y
    }

    /// Bilinear samples at a place for each pixel.
    func sampled(edge: Edge, _ place: (_ x: Int, _ y: Int) -> (x: Float, y: Float)) -> Self {
        var result = values
        values.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { out in
                var to = 0
                for y in 0..<height {
                    for x in 0..<width {
                        let place = place(x, y)
                        let (left, top) = (place.x.rounded(.down), place.y.rounded(.down))
                        let columnA = edge.place(Int(left), in: width) * channels
                        let columnB = edge.place(Int(left) + 1, in: width) * channels
                        let rowA = edge.place(Int(top), in: height) * width * channels
                        let rowB = edge.place(Int(top) + 1, in: height) * width * channels
                        for channel in 0..<channels {
                            out[to + channel] = Self.between(
                                source, rowA + channel, rowB + channel, columnA, columnB, place.x - left,
                                place.y - top)
                        }
                        to += channels
                    }
                }
            }
        }
        return Self(width: width, height: height, channels: channels, values: result)
    }
}

/// Lines to be added up with weights: four at a time, so that the sum is loaded and stored less often.
private struct WeightedLines {
    private var lines: [(start: UnsafePointer<Float>, weight: Float)] = []

    mutating func append(_ start: UnsafePointer<Float>, _ weight: Float) { lines.append((start, weight)) }

    /// Adds them to `sum`, and forgets them.
    mutating func add(to sum: UnsafeMutablePointer<Float>, count: Int) {
        var index = 0
        while index + 4 <= lines.count {
            let (a, b, c, d) = (lines[index], lines[index + 1], lines[index + 2], lines[index + 3])
            for place in 0..<count {
                let first = a.weight * a.start[place] + b.weight * b.start[place]
                let second = c.weight * c.start[place] + d.weight * d.start[place]
                sum[place] += first + second
            }
            index += 4
        }
        for line in lines[index...] {
            for place in 0..<count { sum[place] += line.weight * line.start[place] }
        }
        lines.removeAll(keepingCapacity: true)
    }
}
