import Foundation

/// Maps over an array with several threads; the results keep the order.
package enum ParallelMap {
    /// - Parameter progress: Called with the number of elements done, from one thread at a time.
    package static func run<Element: Sendable, Result: Sendable>(
        _ elements: [Element], threads: Int, _ transform: @escaping @Sendable (Element) -> Result,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> [Result] {
        let box = Box<Result>(count: elements.count, progress: progress)
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, elements.count))) { _ in
            while let index = box.next() { box.store(transform(elements[index]), at: index) }
        }
        return box.results.compactMap { $0 }
    }

    /// Everything mutable is guarded by `lock`.
    private final class Box<Result: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var position = 0
        private var done = 0
        private let progress: @Sendable (Int) -> Void
        private(set) var results: [Result?]

        init(count: Int, progress: @escaping @Sendable (Int) -> Void) {
            results = Array(repeating: nil, count: count)
            self.progress = progress
        }

        func next() -> Int? {
            lock.withLock {
                guard position < results.count else { return nil }
                position += 1
                return position - 1
            }
        }

        func store(_ result: Result, at index: Int) {
            lock.withLock {
                results[index] = result
                done += 1
                if done % 50 == 0 || done == results.count { progress(done) }
            }
        }
    }
}
