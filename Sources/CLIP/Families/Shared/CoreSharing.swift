import Foundation
import Torch

/// A batch shared out over the processor's cores: each takes its part through a whole tower by itself. After every operation
/// of a batch that all work on together they wait for one another, which costs a tenth of the time in bfloat16.
enum CoreSharing {
    /// Fewer pictures than these, or as much work, are not worth a part of their own.
    static let leastPictures = 4
    /// Likewise for tokens of captions.
    static let leastTokens = 64

    /// Consecutive parts of about the same work, as many as threads may be used and no smaller than said.
    /// - Parameter work: of each member of the batch.
    static func parts(_ work: [Int], least: Int, threads: Int) -> [Range<Int>] {
        let total = work.reduce(0, +)
        let count = max(1, min(threads, work.count, total / max(1, least)))
        var parts: [Range<Int>] = []
        var (start, done) = (0, 0)
        for (place, own) in work.enumerated() {
            done += own
            if parts.count + 1 < count, done * count >= total * (parts.count + 1) {
                parts.append(start..<place + 1)
                start = place + 1
            }
        }
        if start < work.count { parts.append(start..<work.count) }
        return parts
    }

    /// What `encode` makes of the parts, joined in their order.
    /// - Parameters:
    ///   - threads: of each part; nil to share out those that may be used.
    ///   - encode: gives tensors with a row for each member of its part.
    static func map(
        _ parts: [Range<Int>], threads: Int? = nil, _ encode: @escaping @Sendable (Range<Int>) throws -> [Tensor]
    ) throws -> [Tensor] {
        guard parts.count > 1 || threads != nil else { return try encode(parts.first ?? 0..<0) }
        let cores = max(1, min(Engine.threadCount, parts.count))
        let threads = threads ?? max(1, Engine.threadCount / cores)
        let results = Results(count: parts.count)
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            for place in stride(from: core, to: parts.count, by: cores) {
                let result = Result {
                    try Engine.onThisThread(with: threads) { try Engine.withoutGradients { try encode(parts[place]) } }
                }
                results.set(result, at: place)
            }
        }
        return try results.joined()
    }

    private final class Results: @unchecked Sendable {
        private let lock = NSLock()
        private var found: [Result<[Tensor], any Error>?]  // guarded by `lock`

        init(count: Int) { found = Array(repeating: nil, count: count) }

        func joined() throws -> [Tensor] {
            let all = try lock.withLock { try found.compactMap { try $0?.get() } }
            return try (all.first ?? []).indices.map { index in try Tensor.concatenated(all.map { $0[index] }) }
        }

        func set(_ result: Result<[Tensor], any Error>, at place: Int) { lock.withLock { found[place] = result } }
    }
}
