import Foundation

extension Corruption.Raster {
    /// Drops of water on the lens, from the fourth severity on of mud.
    func spattered(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let (mean, deviation): (Float, Float) = level == 4 ? (0.67, 0.4) : (0.65, 0.3)
        let (sigma, least): (Double, Float) = [(4, 0.69), (3, 0.68), (2, 0.68), (1, 0.65), (1, 0.65)][level]
        var liquid = Self.normal(width: width, height: height, mean: mean, deviation: deviation, &numbers)
            .blurred(sigma)
        liquid.update { $0 < least ? 0 : $0 }
        return level < 3 ? underWater(liquid, strength: level == 2 ? 0.5 : 0.6) : underMud(liquid, least: least)
    }

    private func underMud(_ liquid: Self, least: Float) -> Self {
        var mud = liquid
        mud.update { $0 > least ? 1 : 0 }
        mud = mud.blurred(1.5)
        mud.update { $0 < 0.8 ? 0 : $0 }
        return covered(by: mud, of: (63, 42, 20), keeps: false)
    }

    /// Water shines most along the rims of its drops, more on one side.
    private func underWater(_ liquid: Self, strength: Float) -> Self {
        var water = liquid
        water.update { min(255, ($0 * 255).rounded(.down)) }
        let box = (0..<9).map { Tap(x: $0 % 3 - 1, y: $0 / 3 - 1, weight: 1 / 9) }
        var shine = water.distancesFromEdges()
        shine.update { min(20, $0) }
        shine = shine.filtered(box, edge: .mirror)
        // A sum of ninths may be a little less than a whole number.
        shine.update { ($0 + 1e-3).rounded(.down) }
        shine.equalize()
        let relief: [Float] = [-2, -1, 0, -1, 1, 1, 0, 1, 2]
        shine = shine.filtered(
            relief.enumerated().map { Tap(x: $0 % 3 - 1, y: $0 / 3 - 1, weight: $1) }, edge: .mirror)
        shine.update { max(0, min(255, $0)) }
        shine = shine.filtered(box, edge: .mirror)
        for index in water.values.indices { water.values[index] *= shine.values[index].rounded() }
        let most = water.values.max() ?? 0
        guard most > 0 else { return self }
        water.update { $0 / most * strength }
        return covered(by: water, of: (175, 238, 238), keeps: true)
    }

    /// - Parameters:
    ///   - color: red, green and blue as bytes.
    ///   - keeps: whether the color is added to what is there, not laid over it.
    private func covered(by layer: Self, of color: (red: Float, green: Float, blue: Float), keeps: Bool) -> Self {
        var result = self
        var index = 0
        result.updatePixels { red, green, blue in
            let share = layer.values[index]
            index += 1
            let rest = keeps ? 1 : 1 - share
            return (
                red * rest + color.red / 255 * share, green * rest + color.green / 255 * share,
                blue * rest + color.blue / 255 * share
            )
        }
        return result
    }

    /// OpenCV's `equalizeHist`: whole values of 0 to 255 so that each is about as frequent as another.
    mutating func equalize() {
        var counts = [Int](repeating: 0, count: 256)
        for value in values { counts[Int(value)] += 1 }
        guard let first = counts.firstIndex(where: { $0 > 0 }), counts[first] < values.count else { return }
        let scale = 255 / Float(values.count - counts[first])
        var table = [Float](repeating: 0, count: 256)
        var sum = 0
        for value in first + 1..<256 {
            sum += counts[value]
            table[value] = (Float(sum) * scale).rounded(.toNearestOrEven)
        }
        update { table[Int($0)] }
    }
}

// MARK: - Edges

extension Corruption.Raster {
    /// How far each pixel is from an edge, in pixels, by steps of 1 to the side, 1.4 diagonally and 2.1969 like a knight's
    /// (Borgefors, "Distance Transformations in Digital Images", 1986, with OpenCV's weights).
    func distancesFromEdges() -> Self {
        var result = Self(width: width, height: height, repeating: 0)
        let isEdge = edges(low: 50, high: 150)
        result.values = isEdge.map { $0 ? 0 : Float(width + height) }
        let steps: [(x: Int, y: Int, length: Float)] = [
            (-1, 0, 1), (0, -1, 1), (-1, -1, 1.4), (1, -1, 1.4), (-2, -1, 2.1969), (2, -1, 2.1969), (-1, -2, 2.1969),
            (1, -2, 2.1969),
        ]
        // From the top left, then back with everything turned around.
        for _ in 0..<2 {
            result.values.withUnsafeMutableBufferPointer { values in
                for y in 0..<height {
                    for x in 0..<width {
                        var least = values[y * width + x]
                        for step in steps where x + step.x >= 0 && x + step.x < width && y + step.y >= 0 {
                            least = min(least, values[(y + step.y) * width + x + step.x] + step.length)
                        }
                        values[y * width + x] = least
                    }
                }
                values.reverse()
            }
        }
        return result
    }

    /// Edges of whole values of 0 to 255 (Canny, "A Computational Approach to Edge Detection", 1986, as OpenCV has it: Sobel's
    /// differences, their sizes added).
    /// - Parameters:
    ///   - low: an edge that goes on is above it.
    ///   - high: an edge that begins is above it.
    func edges(low: Float, high: Float) -> [Bool] {
        let sobel: [Float] = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
        let across = filtered(
            sobel.enumerated().map { Tap(x: $0 % 3 - 1, y: $0 / 3 - 1, weight: $1) }, edge: .nearest)
        let down = filtered(
            sobel.enumerated().map { Tap(x: $0 / 3 - 1, y: $0 % 3 - 1, weight: $1) }, edge: .nearest)
        let sizes = zip(across.values, down.values).map { abs($0) + abs($1) }
        func size(_ x: Int, _ y: Int) -> Float {
            x >= 0 && x < width && y >= 0 && y < height ? sizes[y * width + x] : 0
        }
        var (isCandidate, open) = (Array(repeating: false, count: sizes.count), [Int]())
        var isEdge = isCandidate
        for y in 0..<height {
            for x in 0..<width where sizes[y * width + x] > low {
                let place = y * width + x
                let (dx, dy) = (across.values[place], down.values[place])
                // The neighbors in the direction of the difference, to an eighth of a turn: tan 22.5° and tan 67.5°.
                let (stepX, stepY) =
                    abs(dy) < abs(dx) * 0.41421356
                    ? (1, 0) : abs(dy) > abs(dx) * 2.41421356 ? (0, 1) : (dx < 0) == (dy < 0) ? (1, 1) : (-1, 1)
                let isDiagonal = stepX != 0 && stepY != 0
                let (before, after) = (size(x - stepX, y - stepY), size(x + stepX, y + stepY))
                guard sizes[place] > before, isDiagonal ? sizes[place] > after : sizes[place] >= after else { continue }
                isCandidate[place] = true
                guard sizes[place] > high else { continue }
                isEdge[place] = true
                open.append(place)
            }
        }
        while let place = open.popLast() {
            for (x, y) in (0..<9).map({ (place % width + $0 % 3 - 1, place / width + $0 / 3 - 1) })
            where (0..<width).contains(x) && (0..<height).contains(y) {
                let near = y * width + x
                guard isCandidate[near], !isEdge[near] else { continue }
                isEdge[near] = true
                open.append(near)
            }
        }
        return isEdge
    }
}
