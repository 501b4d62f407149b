import Imaging

/// Finds pictures that show the same thing, by the distance of perceptual hashes (of 64 bits) together with the mean
/// difference of 16 x 16 mean colors (of 255).
///
/// The hash alone would call a red and a blue disc the same; the colors alone, any two small drawings on white.
struct DuplicateFilter {
    /// Limits up to which two pictures are the same.
    struct Limits: Sendable {
        let bits: Int
        let color: Double
    }

    /// Under the same caption little is lost by dropping a look-alike.
    static let sameCaption = Limits(bits: 6, color: 6)
    /// Under different captions a small difference may be the very thing that is named.
    static let otherCaption = Limits(bits: 2, color: 2)
    /// Pictures this close are kept, but on the same side of the split.
    static let related = Limits(bits: 8, color: 8)

    struct Outcome {
        /// For each picture why it goes, or nil.
        var dropped: [CorpusDropReason?]
        /// Pairs of kept pictures that must not stand on both sides of the split.
        var related: [(Int, Int)] = []
    }

    /// Of look-alikes the first stays. `captions` are normalized.
    static func run(_ pictures: [CorpusPicture], captions: [String], progress: (Int) -> Void = { _ in }) -> Outcome {
        var outcome = Outcome(dropped: Array(repeating: nil, count: pictures.count))
        var seen: Set<UInt64> = []
        var kept: [Int] = []
        var hashes: [UInt64] = []
        for index in pictures.indices {
            progress(index)
            guard seen.insert(pictures[index].fingerprint).inserted else {
                outcome.dropped[index] = .exactDuplicate
                continue
            }
            let hash = pictures[index].hash.bits
            var relatives: [Int] = []
            var isCopy = false
            for (position, other) in hashes.enumerated() {
                let bits = (hash ^ other).nonzeroBitCount
                guard bits <= related.bits else { continue }
                let color = difference(pictures[index].thumbnail, pictures[kept[position]].thumbnail)
                let limits = captions[index] == captions[kept[position]] ? sameCaption : otherCaption
                if bits <= limits.bits, color <= limits.color {
                    isCopy = true
                    break
                }
                if color <= related.color { relatives.append(kept[position]) }
            }
            if isCopy {
                outcome.dropped[index] = .nearDuplicate
                continue
            }
            outcome.related += relatives.map { ($0, index) }
            kept.append(index)
            hashes.append(hash)
        }
        return outcome
    }

    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> Double {
        Double(zip(a, b).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(max(a.count, 1))
    }
}
