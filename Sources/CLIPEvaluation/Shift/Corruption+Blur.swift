import Foundation

extension Corruption.Raster {
    func gaussianBlurred(_ level: Int) -> Self { blurred([1, 2, 3, 4, 6][level]) }

    func defocused(_ level: Int) -> Self {
        let (radius, softness) = [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)][level]
        let disk = Self.disk(radius: radius, softness: softness)
        let reach = disk.width / 2
        let taps = disk.values.enumerated().compactMap { index, weight in
            weight == 0 ? nil : Tap(x: index % disk.width - reach, y: index / disk.width - reach, weight: weight)
        }
        return filtered(taps, edge: .mirror)
    }

    /// A disk whose rim is softened by a standard deviation of `softness` pixels. It sums to 1; those of radius 8 and 10 to
    /// 1.013 and 1.011.
    static func disk(radius: Int, softness: Double) -> Self {
        // The published disks lie in squares of 17 pixels or more, and their rims are mirrored at the squares' edges.
        let reach = max(8, radius)
        var disk = Self(width: 2 * reach + 1, height: 2 * reach + 1, repeating: 0)
        var count: Float = 0
        for y in -reach...reach {
            for x in -reach...reach where x * x + y * y <= radius * radius {
                disk.values[(y + reach) * disk.width + x + reach] = 1
                count += 1
            }
        }
        disk.update { $0 / count }
        return disk.filtered(gaussian(softness, radius: radius <= 8 ? 1 : 2), edge: .mirror)
    }

    /// Blurred, pixels moved about, blurred again.
    func behindGlass(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let (sigma, reach, rounds) = [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)][level]
        var moved = blurred(sigma)
        moved.values.withUnsafeMutableBufferPointer { pixels in
            for _ in 0..<rounds {
                for y in stride(from: height - reach, to: reach, by: -1) {
                    for x in stride(from: width - reach, to: reach, by: -1) {
                        let fromX = x + numbers.integer(below: 2 * reach) - reach
                        let fromY = y + numbers.integer(below: 2 * reach) - reach
                        // ImageNet-C meant to exchange the two. Its assignment wrote one over the other, and the
                        // published pictures show that.
                        let (to, from) = ((y * width + x) * channels, (fromY * width + fromX) * channels)
                        for channel in 0..<channels { pixels[to + channel] = pixels[from + channel] }
                    }
                }
            }
        }
        return moved.blurred(sigma)
    }

    func moved(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let (radius, sigma) = [(10, 3.0), (15, 5), (15, 8), (15, 12), (20, 15)][level]
        return moved(radius: radius, sigma: sigma, degrees: Double(numbers.uniform(-45, 45)))
    }

    /// ImageMagick's motion blur: half of a normal distribution, in one direction from each pixel.
    /// - Parameters:
    ///   - radius: pixels; it reaches twice as far.
    ///   - sigma: the standard deviation in pixels.
    ///   - degrees: from right, clockwise.
    func moved(radius: Int, sigma: Double, degrees: Double) -> Self {
        let angle = degrees * .pi / 180
        let weights = (0...2 * radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
        let sum = weights.reduce(0, +)
        let taps = weights.enumerated().map { distance, weight in
            Tap(
                x: Int((Double(distance) * cos(angle) - 0.5).rounded(.up)),
                y: Int((Double(distance) * sin(angle) - 0.5).rounded(.up)), weight: Float(weight / sum))
        }
        return filtered(taps, edge: .nearest)
    }

    /// The mean of the picture and of all its enlargements.
    func zoomBlurred(_ level: Int) -> Self {
        // From 1 on; the first counts come from NumPy's `arange`, which goes one step beyond its end.
        let (count, step) = [(12, 0.01), (16, 0.01), (11, 0.02), (13, 0.02), (11, 0.03)][level]
        var result = self
        for index in 0..<count { result.add(zoomed(1 + Double(index) * step)) }
        result.update { $0 / Float(count + 1) }
        return result
    }

    mutating func add(_ other: Self) {
        values.withUnsafeMutableBufferPointer { values in
            other.values.withUnsafeBufferPointer { other in
                for index in 0..<values.count { values[index] += other[index] }
            }
        }
    }

    /// The middle, enlarged to the same size (bilinear).
    func zoomed(_ factor: Double) -> Self {
        let columns = Self.zoomedPlaces(width, factor)
        let rows = Self.zoomedPlaces(height, factor)
        let length = width * channels
        var result = values
        var line = [Float](repeating: 0, count: length)
        values.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { out in
                line.withUnsafeMutableBufferPointer { line in
                    for (y, row) in rows.enumerated() {
                        let (above, below) = (row.before * length, row.after * length)
                        for index in 0..<length {
                            let value = source[above + index]
                            line[index] = value + (source[below + index] - value) * row.share
                        }
                        var to = y * length
                        for column in columns {
                            let (left, right) = (column.before * channels, column.after * channels)
                            for channel in 0..<channels {
                                let value = line[left + channel]
                                out[to + channel] = value + (line[right + channel] - value) * column.share
                            }
                            to += channels
                        }
                    }
                }
            }
        }
        return Self(width: width, height: height, channels: channels, values: result)
    }

    /// For each place of a side those before and after it in the picture, and how much of the latter: SciPy's `zoom`, whose
    /// first and last pixels stay where they are.
    private static func zoomedPlaces(_ side: Int, _ factor: Double) -> [(before: Int, after: Int, share: Float)] {
        let kept = Int((Double(side) / factor).rounded(.up))
        let start = (side - kept) / 2
        let enlarged = Int((Double(kept) * factor).rounded(.toNearestOrEven))
        let trimmed = (enlarged - side) / 2
        let step = enlarged > 1 ? Double(kept - 1) / Double(enlarged - 1) : 0
        return (0..<side).map { index in
            let place = min(Double(kept - 1), Double(index + trimmed) * step)
            let before = Int(place)
            return (start + before, start + min(before + 1, kept - 1), Float(place - Double(before)))
        }
    }
}
