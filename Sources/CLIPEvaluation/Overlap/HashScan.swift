import Dispatch
import Imaging

extension PerceptualHash {
    /// Bits that must be set for a hash to tell pictures apart.
    ///
    /// A picture of one color has one bit or none, and one of a few plain areas has few, which pictures share that have
    /// nothing else in common. Of 4,000 drawings and icons 2.5 % had fewer than 12 bits: a tenth of these, in pairs,
    /// were within 4 bits of each other (all with 2 or fewer), against one pair in 7,000 of the others.
    private static let leastBits = 12

    /// Whether another picture with nearly this hash is likely the same one.
    var tellsPicturesApart: Bool { bits.nonzeroBitCount >= Self.leastBits }
}

/// The nearest of many hashes, by trying all: about 5 seconds for 10,000 among a million on two cores.
struct HashScan {
    /// Of the hashes that tell pictures apart, in order.
    private let bits: [UInt64]
    /// Where each of these stood.
    private let places: [Int]

    /// Hashes sought together, while a tile of the others is near the processor.
    private static let batch = 32
    /// 32 KiB.
    private static let tile = 4096
    /// Hashes that are looked at again where one of them is nearer than the best so far.
    private static let run = 256

    init(_ hashes: [PerceptualHash]) {
        places = hashes.indices.filter { hashes[$0].tellsPicturesApart }
        bits = places.map { hashes[$0].bits }
    }

    /// A hash's place among the bits, and how many of its own bits differ.
    private struct Best {
        var place = -1
        var distance = PerceptualHash.bitCount + 1
    }

    /// Each batch's places are one thread's to write.
    private struct Shared: @unchecked Sendable {
        let found: UnsafeMutableBufferPointer<Best>
    }

    /// The nearest hash of each, of several the first; nil for hashes that do not tell pictures apart, and where no
    /// others do.
    func nearest(of hashes: [PerceptualHash]) -> [(place: Int, distance: Int)?] {
        var found = [Best](repeating: Best(), count: hashes.count)
        let batches = (hashes.count + Self.batch - 1) / Self.batch
        found.withUnsafeMutableBufferPointer { found in
            let shared = Shared(found: found)
            DispatchQueue.concurrentPerform(iterations: batches) { number in
                let first = number * Self.batch
                search(hashes, first..<min(hashes.count, first + Self.batch), shared)
            }
        }
        return found.map { $0.place < 0 ? nil : (places[$0.place], $0.distance) }
    }

    private func search(_ hashes: [PerceptualHash], _ batch: Range<Int>, _ shared: Shared) {
        let sought = batch.filter { hashes[$0].tellsPicturesApart }
        bits.withUnsafeBufferPointer { bits in
            for start in stride(from: 0, to: bits.count, by: Self.tile) {
                let tile = start..<min(bits.count, start + Self.tile)
                for index in sought {
                    var best = shared.found[index]
                    Self.search(hashes[index].bits, in: bits, tile, &best)
                    shared.found[index] = best
                }
            }
        }
    }

    private static func search(
        _ sought: UInt64, in bits: UnsafeBufferPointer<UInt64>, _ tile: Range<Int>, _ best: inout Best
    ) {
        var start = tile.lowerBound
        while start < tile.upperBound {
            let end = min(tile.upperBound, start + run)
            // Without a branch in it the compiler takes several hashes at a time: a nearer one leaves the sign bit.
            let distance = UInt64(best.distance)
            var signs: UInt64 = 0
            for place in start..<end {
                signs |= UInt64(truncatingIfNeeded: (sought ^ bits[place]).nonzeroBitCount) &- distance
            }
            if signs >> 63 != 0 {
                for place in start..<end {
                    let distance = (sought ^ bits[place]).nonzeroBitCount
                    if distance < best.distance { best = Best(place: place, distance: distance) }
                }
            }
            start = end
        }
    }
}

extension PerceptualHash {
    /// The bits of a hash.
    fileprivate static let bitCount = 64
}
