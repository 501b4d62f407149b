import CLIPData
import Foundation

/// Tells of pairs that are left out, from any thread: the first by name, the rest by number.
final class SkippedPairs: @unchecked Sendable {
    private let lock = NSLock()
    private var counts = SkipSummary()  // guarded by `lock`
    private static let mostNamed = 100

    /// How many were left out so far, and why.
    var summary: SkipSummary { lock.withLock { counts } }

    func skipped(_ sample: SkippedSample) {
        lock.withLock {
            counts.add(sample)
            if counts.total <= Self.mostNamed { Console.warning("skipped \(sample)") }
            if counts.total == Self.mostNamed { Console.warning("further skipped pairs are only counted") }
        }
    }

    /// Says how many there were, where not all were named.
    func finish(_ note: String = "") {
        let summary = summary
        if summary.total > 1 { Console.warning("\(summary.total) pairs were skipped in all\(note): \(summary)") }
    }
}
