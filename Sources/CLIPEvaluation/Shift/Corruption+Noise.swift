import Foundation

extension Corruption.RandomNumbers {
    /// Of mean 0 and standard deviation 1, two at a time (Box and Muller, "A Note on the Generation of Random Normal
    /// Deviates", 1958).
    mutating func normal() -> Float {
        if let number = spare {
            spare = nil
            return number
        }
        let radius = (-2 * log(1 - unit())).squareRoot()
        let angle = 2 * Double.pi * unit()
        spare = Float(radius * sin(angle))
        return Float(radius * cos(angle))
    }
}

extension Corruption.Raster {
    /// One channel of normal numbers.
    static func normal(
        width: Int, height: Int, mean: Float, deviation: Float, _ numbers: inout Corruption.RandomNumbers
    ) -> Self {
        var layer = Self(width: width, height: height, repeating: mean)
        layer.update { $0 + deviation * numbers.normal() }
        return layer
    }

    /// Each value by itself, in order.
    mutating func update(_ change: (Float) -> Float) {
        values.withUnsafeMutableBufferPointer { values in
            for index in 0..<values.count { values[index] = change(values[index]) }
        }
    }

    func gaussianNoise(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let deviation: Float = [0.08, 0.12, 0.18, 0.26, 0.38][level]
        var result = self
        result.update { $0 + deviation * numbers.normal() }
        return result
    }

    func speckleNoise(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let deviation: Float = [0.15, 0.2, 0.35, 0.45, 0.6][level]
        var result = self
        result.update { $0 + $0 * deviation * numbers.normal() }
        return result
    }

    /// Each value of each channel with this chance, by halves to white and to black.
    func impulseNoise(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let chance = [0.03, 0.06, 0.09, 0.17, 0.27][level]
        var result = self
        result.update { value in
            let number = numbers.unit()
            return number < chance ? (number < chance / 2 ? 1 : 0) : value
        }
        return result
    }

    /// As many quanta as a Poisson distribution gives, where white has `quanta` of them on average.
    func shotNoise(_ level: Int, _ numbers: inout Corruption.RandomNumbers) -> Self {
        let quanta: Double = [60, 25, 12, 5, 3][level]
        // A picture has 256 values at most, so that each one's distribution is worth writing down.
        var tables = [[Double]?](repeating: nil, count: 256)
        var result = self
        result.update { value in
            let byte = Int(max(0, min(255, value * 255 + 0.5)))
            let table = tables[byte] ?? Self.poisson(mean: Double(byte) / 255 * quanta)
            if tables[byte] == nil { tables[byte] = table }
            return Float(Double(Self.place(of: numbers.unit(), in: table)) / quanta)
        }
        return result
    }

    /// The chances of at most 0, 1, 2, ... events, until almost certainty.
    private static func poisson(mean: Double) -> [Double] {
        var chance = exp(-mean)
        var sums = [chance]
        var sum = chance
        while sums.count < Int(mean + 12 * mean.squareRoot()) + 12 {
            chance *= mean / Double(sums.count)
            sum += chance
            sums.append(sum)
        }
        return sums
    }

    /// The first place whose value is above `number`.
    private static func place(of number: Double, in table: [Double]) -> Int {
        var (low, high) = (0, table.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if table[middle] > number { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
