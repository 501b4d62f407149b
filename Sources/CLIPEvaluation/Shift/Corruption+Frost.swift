import Foundation

extension Corruption.Raster {
    /// The picture behind ice, in the published proportions.
    ///
    /// ImageNet-C lays photographs of frost over its pictures. These are not redistributed here: the crystals are drawn from
    /// the seed, so that numbers for frost compare with one another but not with published ones.
    func frosted(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let (kept, ice): (Float, Float) = [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)][level]
        let crystals = Self.crystals(width: width, height: height, &numbers)
        // Ice is a little blue where it is thin.
        let tints: [Float] = [1.15, 1.05, 1]
        var result = self
        result.values.withUnsafeMutableBufferPointer { values in
            crystals.values.withUnsafeBufferPointer { crystals in
                for index in 0..<crystals.count {
                    for channel in 0..<3 {
                        let place = index * 3 + channel
                        values[place] = kept * values[place] + ice * pow(crystals[index], tints[channel])
                    }
                }
            }
        }
        return result
    }

    /// Feathers of ice from 0 (none) to 1, on a haze: one channel.
    static func crystals(width: Int, height: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        var layer = plasma(width: width, height: height, decay: 2, &numbers)
        layer.update { 0.15 + 0.35 * $0 }
        var feathers = Self(width: width, height: height, repeating: 0)
        // One for 16 x 16 pixels: they overlap, and little glass stays clear.
        for _ in 0..<max(1, width * height / 256) {
            feathers.draw(
                Needle(
                    x: numbers.uniform(0, Float(width)), y: numbers.uniform(0, Float(height)),
                    angle: numbers.uniform(0, 2 * .pi), bend: numbers.uniform(-0.015, 0.015),
                    length: numbers.uniform(15, 75), brightness: numbers.uniform(0.2, 1), order: 0), &numbers)
        }
        // Needles are a little wider than a pixel.
        feathers = feathers.blurred(0.7)
        feathers.update { min(1, 2 * $0) }
        for index in layer.values.indices {
            // Light through both: neither makes more than white.
            layer.values[index] = 1 - (1 - layer.values[index]) * (1 - feathers.values[index])
        }
        return layer
    }

    /// A line of ice that others branch off from.
    private struct Needle {
        var x: Float
        var y: Float
        /// Radians, from right, clockwise.
        var angle: Float
        /// Radians a pixel.
        var bend: Float
        /// Pixels.
        var length: Float
        var brightness: Float
        /// 0 for a stem, 1 for its branches, 2 for theirs.
        var order: Int
    }

    private mutating func draw(_ needle: Needle, _ numbers: inout Corruption.RandomNumbers) {
        var needle = needle
        var (drawn, untilBranch) = (Float(0), Float(2))
        while drawn < needle.length {
            let rest = 1 - drawn / needle.length
            brighten(needle.x, needle.y, by: needle.brightness * (0.4 + 0.6 * rest))
            needle.x += cos(needle.angle)
            needle.y += sin(needle.angle)
            needle.angle += needle.bend
            drawn += 1
            untilBranch -= 1
            guard untilBranch <= 0, needle.order < 2 else { continue }
            untilBranch = numbers.uniform(3, 6)
            // Water freezes in angles of 60 degrees.
            for side in [-Float.pi / 3, Float.pi / 3] {
                var branch = needle
                branch.angle += side + numbers.uniform(-0.1, 0.1)
                branch.length = needle.length * rest * numbers.uniform(0.2, 0.5)
                branch.brightness *= 0.8
                branch.order += 1
                draw(branch, &numbers)
            }
        }
    }

    /// A dot, shared between the four pixels around the place; what is brighter already stays.
    private mutating func brighten(_ x: Float, _ y: Float, by amount: Float) {
        let (left, top) = (x.rounded(.down), y.rounded(.down))
        for (stepX, shareX) in [(0, 1 - (x - left)), (1, x - left)] {
            for (stepY, shareY) in [(0, 1 - (y - top)), (1, y - top)] {
                let (column, row) = (Int(left) + stepX, Int(top) + stepY)
                guard (0..<width).contains(column), (0..<height).contains(row) else { continue }
                let place = row * width + column
                values[place] = max(values[place], amount * shareX * shareY)
            }
        }
    }
}
