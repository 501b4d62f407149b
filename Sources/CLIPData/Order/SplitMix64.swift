/// A small seeded generator of random numbers: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators" (OOPSLA 2014).
///
/// The methods here, unlike the standard library's, promise the same numbers in every release: what a run's seed
/// means must not change.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    /// All that the numbers to come depend on.
    private(set) var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) { state = seed }

    /// The next 64 uniform bits.
    public mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mix(state)
    }

    /// A uniform integer in `0..<bound`; 0 when the bound is not positive.
    ///
    /// Multiplies and rejects: Lemire, "Fast Random Integer Generation in an Interval" (2019), section 4.
    public mutating func integer(below bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        let range = UInt64(bound)
        var product = next().multipliedFullWidth(by: range)
        if product.low < range {
            let threshold = (0 &- range) % range
            while product.low < threshold { product = next().multipliedFullWidth(by: range) }
        }
        return Int(product.high)
    }

    /// A uniform number in `0..<1`, a multiple of 2^-53.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Puts the elements in uniformly random order (Fisher and Yates).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        var count = elements.count
        while count > 1 {
            elements.swapAt(count - 1, integer(below: count))
            count -= 1
        }
    }

    /// A seed made of several numbers, every one of which changes it wholly.
    public static func seed(_ parts: UInt64...) -> UInt64 {
        parts.reduce(0) { mix(($0 ^ $1) &+ increment) }
    }

    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
