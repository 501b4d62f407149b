/// A vector of length 1, as it is kept: bfloat16, exact to three digits, and 8-bit integers for the scan.
struct UnitVector: Sendable, Equatable {
    /// The upper halves of float32, little-endian.
    let halves: [UInt16]

    /// - Parameter values: of any length above 0; they are divided by it.
    init(_ values: [Float]) {
        halves = Self.scaled(values).map(Self.half)
    }

    /// Values divided by their length, in full precision; zeros stay.
    static func scaled(_ values: [Float]) -> [Float] {
        let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return length > 0 ? values.map { Float(Double($0) / length) } : values
    }

    /// What ``bytes`` gave; nil for another length than `dimension` has.
    init?(bytes: [UInt8], dimension: Int) {
        guard bytes.count == 2 * dimension else { return nil }
        halves = (0..<dimension).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
    }

    var bytes: [UInt8] { halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] } }

    var values: [Float] { halves.map { Float(bitPattern: UInt32($0) << 16) } }

    /// Rounded to the nearest, ties to even.
    private static func half(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// The scalar product with a query.
    func dot(_ query: [Float]) -> Float {
        var sum: Float = 0
        for index in halves.indices { sum += Float(bitPattern: UInt32(halves[index]) << 16) * query[index] }
        return sum
    }
}

/// A vector as 8-bit integers with one factor: `value ≈ scale · integer`.
struct QuantizedVector: Sendable, Equatable {
    let scale: Float
    /// -127...127
    let integers: [Int8]

    init(_ values: [Float]) {
        let largest = values.reduce(Float(0)) { max($0, abs($1)) }
        let scale = largest / 127
        self.scale = scale
        integers = values.map { scale > 0 ? Int8(max(-127, min(127, ($0 / scale).rounded()))) : 0 }
    }

    var sum: Int32 { integers.reduce(0) { $0 + Int32($1) } }
}
