import ArgumentParser
import CLIP
import Foundation

/// Whether embeddings are kept.
struct CacheOptions: ParsableArguments {
    @Flag(help: "Encode everything anew, and keep nothing.")
    var noCache = false

    /// Nil where nothing is to be kept. That it cannot be is said once.
    func cache(_ compute: AnsweringOptions) throws -> EmbeddingCache? {
        guard !noCache else { return nil }
        var cache = try EmbeddingCache()
        let products = compute.float32MatmulPrecision.value
        cache.variant = products == .highest ? nil : products.rawValue
        let telling = Once()
        cache.onProblem = { problem in telling.first { Console.warning("\(problem); --no-cache does without") } }
        return cache
    }

    private final class Once: @unchecked Sendable {
        private let lock = NSLock()
        private var isOver = false  // guarded by `lock`

        func first(_ body: () -> Void) {
            let isFirst = lock.withLock {
                defer { isOver = true }
                return !isOver
            }
            if isFirst { body() }
        }
    }
}
