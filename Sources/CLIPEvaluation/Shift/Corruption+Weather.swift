import Foundation

extension Corruption.Raster {
    /// More of HSV's value, which leaves hue and saturation: red, green and blue keep their proportions.
    func brightened(_ level: Int) -> Self {
        let more: Float = [0.1, 0.2, 0.3, 0.4, 0.5][level]
        var result = self
        result.updatePixels { red, green, blue in
            let value = max(red, green, blue)
            let brighter = min(1, value + more)
            // Black has no hue and becomes gray.
            guard value > 0 else { return (brighter, brighter, brighter) }
            let factor = brighter / value
            return (red * factor, green * factor, blue * factor)
        }
        return result
    }

    /// Pixels of three channels, each by itself.
    mutating func updatePixels(_ change: (Float, Float, Float) -> (Float, Float, Float)) {
        values.withUnsafeMutableBufferPointer { values in
            for start in stride(from: 0, to: values.count, by: 3) {
                (values[start], values[start + 1], values[start + 2]) = change(
                    values[start], values[start + 1], values[start + 2])
            }
        }
    }

    /// Three channels mixed with a layer of one: `change` is given a sample and the layer's value there.
    mutating func mix(_ layer: Self, _ change: (Float, Float) -> Float) {
        values.withUnsafeMutableBufferPointer { values in
            layer.values.withUnsafeBufferPointer { layer in
                for index in 0..<layer.count {
                    let share = layer[index]
                    for place in index * 3..<index * 3 + 3 { values[place] = change(values[place], share) }
                }
            }
        }
    }

    func fogged(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let (thickness, decay): (Float, Float) = [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)][level]
        let fog = Self.plasma(width: width, height: height, decay: decay, &numbers)
        let brightest = values.max() ?? 0
        let factor = brightest / (brightest + thickness)
        var result = self
        result.mix(fog) { ($0 + thickness * $1) * factor }
        return result
    }

    /// A cloudy layer from 0 to 1, by the diamond-square algorithm (Fournier, Fussell and Carpenter, "Computer Rendering of
    /// Stochastic Models", 1982, as ImageNet-C has it).
    ///
    /// Its map of 256 x 256 wraps around, so that it is repeated over longer pictures without a seam.
    /// - Parameter decay: by how much the changes become smaller when the squares become half as large.
    static func plasma(
        width: Int, height: Int, decay: Float, _ numbers: inout Corruption.RandomNumbers
    ) -> Self {
        // As published; smaller pictures do with less of it.
        var side = 1
        while side < min(256, max(width, height)) { side *= 2 }
        var map = Array(repeating: Float(0), count: side * side)
        // Of a power of two, so that places wrap around.
        let mask = side - 1
        var (step, wobble) = (side, Float(100))
        while step >= 2 {
            let half = step / 2
            func fill(_ startX: Int, _ startY: Int, _ around: [(x: Int, y: Int)]) {
                for y in stride(from: startY, to: side, by: step) {
                    for x in stride(from: startX, to: side, by: step) {
                        var sum: Float = 0
                        for place in around { sum += map[((y + place.y) & mask) * side + ((x + place.x) & mask)] }
                        map[y * side + x] = sum / 4 + wobble * numbers.uniform(-wobble, wobble)
                    }
                }
            }
            fill(half, half, [(-half, -half), (half, -half), (-half, half), (half, half)])
            fill(half, 0, [(-half, 0), (half, 0), (0, -half), (0, half)])
            fill(0, half, [(-half, 0), (half, 0), (0, -half), (0, half)])
            step = half
            wobble /= decay
        }
        let (least, most) = (map.min() ?? 0, map.max() ?? 0)
        let range = most > least ? most - least : 1
        var layer = Self(width: width, height: height, repeating: 0)
        for y in 0..<height {
            for x in 0..<width {
                layer.values[y * width + x] = (map[(y & mask) * side + (x & mask)] - least) / range
            }
        }
        return layer
    }

    func snowedOn(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let snow: (mean: Float, deviation: Float, zoom: Double, least: Float, radius: Int, sigma: Double, kept: Float) =
            [
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7), (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
                (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65), (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ][level]
        var flakes = Self.normal(
            width: width, height: height, mean: snow.mean, deviation: snow.deviation, &numbers
        ).zoomed(snow.zoom)
        flakes.update { $0 < snow.least ? 0 : min(1, $0) }
        flakes = flakes.moved(
            radius: snow.radius, sigma: snow.sigma, degrees: Double(numbers.uniform(-135, -45)))
        // As many again, turned upside down.
        var both = flakes
        both.values.reverse()
        both.add(flakes)
        var result = self
        result.updatePixels { red, green, blue in
            let gray = 0.299 * red + 0.587 * green + 0.114 * blue
            let white = gray * 1.5 + 0.5
            func whitened(_ value: Float) -> Float { snow.kept * value + (1 - snow.kept) * max(value, white) }
            return (whitened(red), whitened(green), whitened(blue))
        }
        result.mix(both) { $0 + $1 }
        return result
    }
}
