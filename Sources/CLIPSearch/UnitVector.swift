import CScan
import Foundation

/// A vector of length 1, as it is kept: 16-bit integers with a factor for every 32, `value ≈ factor · integer`. Dot products
/// with it are some 1e-6 off, where floating-point numbers of 16 bits are ten times that, or fifty.
struct UnitVector: Sendable, Equatable {
    let count: Int
    private let kept: [UInt8]

    /// - Parameter values: of any length above 0; they are divided by it.
    init(_ values: [Float]) {
        let unit = Self.scaled(values)
        count = unit.count
        kept = [UInt8](unsafeUninitializedCapacity: Self.byteCount(unit.count)) { buffer, filled in
            cs_keep(unit, unit.count, buffer.baseAddress)
            filled = Self.byteCount(unit.count)
        }
    }

    /// Values divided by their length, in full precision; zeros stay.
    static func scaled(_ values: [Float]) -> [Float] {
        var sum = 0.0
        for value in values { sum += Double(value) * Double(value) }
        let length = sum.squareRoot()
        return length > 0 ? values.map { Float(Double($0) / length) } : values
    }

    /// What ``bytes`` gave; nil for another length than `dimension` has.
    init?(bytes: Data, dimension: Int) {
        guard bytes.count == Self.byteCount(dimension) else { return nil }
        count = dimension
        kept = [UInt8](bytes)
    }

    static func byteCount(_ dimension: Int) -> Int { cs_kept_size(dimension) }

    /// The factors, then the integers, little-endian, as every processor has them that this runs on.
    var bytes: Data { Data(kept) }

    var values: [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            cs_widen(kept, count, buffer.baseAddress)
            filled = count
        }
    }

    /// The scalar product with a query of the same dimension.
    func dot(_ query: [Float]) -> Float {
        precondition(query.count == count)
        return cs_dot(kept, query, count)
    }

    /// The same of a vector's ``bytes``; nil for another length than the query's.
    static func dot(bytes: UnsafeRawBufferPointer, _ query: [Float]) -> Float? {
        guard bytes.count == byteCount(query.count) else { return nil }
        return cs_dot(bytes.assumingMemoryBound(to: UInt8.self).baseAddress, query, query.count)
    }
}

/// A vector as 8-bit integers with one factor: `value ≈ scale · integer`.
struct QuantizedVector: Sendable, Equatable {
    let scale: Float
    /// -127...127
    let integers: [Int8]

    init(_ values: [Float]) {
        var scale: Float = 0
        integers = [Int8](unsafeUninitializedCapacity: values.count) { buffer, filled in
            scale = cs_quantize(values, values.count, buffer.baseAddress)
            filled = values.count
        }
        self.scale = scale
    }

    /// How far a score of 8-bit integers may be from the product of the vectors: the rounding errors of both, each up to
    /// half a factor, add up like independent ones to a seventh of this, so that one pair in 10¹² is farther off.
    ///
    /// Were they all of one sign, they would come to √E/2 · (row's + query's factor), ten times as much, which the rounding
    /// of no vector does: Hoeffding's inequality leaves e⁻⁸ to twice the factors' root sum of squares, whatever the vectors,
    /// and what was measured is in Documentation/Search.md.
    static func margin(_ rowScale: Float, _ queryScale: Float) -> Float {
        2 * (rowScale * rowScale + queryScale * queryScale).squareRoot()
    }
}
