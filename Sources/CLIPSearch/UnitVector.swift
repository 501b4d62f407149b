import CScan
import Foundation

/// A vector of length 1, as it is kept: 16-bit integers with one factor, `value ≈ scale · integer`. Dot products with it
/// are some 1e-6 off, where floating-point numbers of 16 bits are ten times that.
struct UnitVector: Sendable, Equatable {
    let scale: Float
    /// -32767...32767
    let integers: [Int16]

    /// - Parameter values: of any length above 0; they are divided by it.
    init(_ values: [Float]) {
        let unit = Self.scaled(values)
        var scale: Float = 0
        integers = [Int16](unsafeUninitializedCapacity: unit.count) { buffer, filled in
            scale = cs_shorten(unit, unit.count, buffer.baseAddress)
            filled = unit.count
        }
        self.scale = scale
    }

    /// Values divided by their length, in full precision; zeros stay.
    static func scaled(_ values: [Float]) -> [Float] {
        var sum = 0.0
        for value in values { sum += Double(value) * Double(value) }
        let length = sum.squareRoot()
        return length > 0 ? values.map { Float(Double($0) / length) } : values
    }

    /// What ``bytes`` gave; nil for another length than `dimension` has.
    init?(bytes: UnsafeRawBufferPointer, dimension: Int) {
        guard bytes.count == Self.byteCount(dimension) else { return nil }
        scale = Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        integers = [Int16](unsafeUninitializedCapacity: dimension) { buffer, filled in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[4..<4 + 2 * dimension]))
            filled = dimension
        }
    }

    init?(bytes: Data, dimension: Int) {
        guard let vector = bytes.withUnsafeBytes({ UnitVector(bytes: $0, dimension: dimension) }) else { return nil }
        self = vector
    }

    static func byteCount(_ dimension: Int) -> Int { 4 + 2 * dimension }

    /// The factor, then the integers, little-endian, as every processor has them that this runs on.
    var bytes: Data {
        var data = Data(capacity: Self.byteCount(integers.count))
        withUnsafeBytes(of: scale.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        integers.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    var values: [Float] {
        [Float](unsafeUninitializedCapacity: integers.count) { buffer, filled in
            cs_widen(integers, scale, integers.count, buffer.baseAddress)
            filled = integers.count
        }
    }

    /// The scalar product with a query of the same dimension.
    func dot(_ query: [Float]) -> Float { cs_dot(integers, scale, query, min(integers.count, query.count)) }

    /// The same of a vector's ``bytes``; nil for another length than the query's.
    static func dot(bytes: UnsafeRawBufferPointer, _ query: [Float]) -> Float? {
        guard bytes.count == byteCount(query.count) else { return nil }
        // SQLite's blobs lie at any address, and numbers of 16 bits at even ones.
        guard let base = bytes.baseAddress, UInt(bitPattern: base) % 2 == 0 else {
            return UnitVector(bytes: bytes, dimension: query.count)?.dot(query)
        }
        let scale = Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        return cs_dot((base + 4).assumingMemoryBound(to: Int16.self), scale, query, query.count)
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
