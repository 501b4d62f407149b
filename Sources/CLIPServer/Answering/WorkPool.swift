import Foundation

/// Threads for work that blocks: decoding, scanning, reading files. What waits is bounded; what nobody waits for any more is
/// not begun, and where it was begun its result is dropped.
final class WorkPool: @unchecked Sendable {
    private let queue: DispatchQueue
    private let width: Int
    private let mostWaiting: Int
    private let lock = NSLock()
    private var running = 0  // guarded by `lock`
    private var waiting: [Work] = []  // guarded by `lock`; oldest last

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Parameters:
    ///   - width: how much is done at a time.
    ///   - mostWaiting: more is refused.
    init(_ label: String, width: Int, mostWaiting: Int) {
        queue = DispatchQueue(label: label, qos: .userInitiated, attributes: .concurrent)
        self.width = width
        self.mostWaiting = mostWaiting
    }

    /// How much is waiting, or being done.
    var load: Int { lock.withLock { running + waiting.count } }

    /// - Throws: ``ServerError`` (429) where too much waits already; `CancellationError` as soon as the task is canceled.
    func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let box = Box<R>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard box.set(continuation) else { return }
                let work = Work { box.resume { try body() } }
                box.work = work
                if !add(work) { box.resume { throw ServerError.busy(seconds: 2) } }
            }
        } onCancel: {
            box.cancel()
            remove(box.work)
        }
    }

    private func add(_ work: Work) -> Bool {
        lock.lock()
        guard running >= width else {
            running += 1
            lock.unlock()
            start(work)
            return true
        }
        defer { lock.unlock() }
        guard waiting.count < mostWaiting else { return false }
        waiting.insert(work, at: 0)
        return true
    }

    private func start(_ work: Work) {
        queue.async { [self] in
            var work = work
            while true {
                work.run()
                lock.lock()
                guard let next = waiting.popLast() else {
                    running -= 1
                    lock.unlock()
                    return
                }
                lock.unlock()
                work = next
            }
        }
    }

    private func remove(_ work: Work?) {
        guard let work else { return }
        lock.withLock {
            if let place = waiting.firstIndex(where: { $0 === work }) { waiting.remove(at: place) }
        }
    }

    /// A continuation that is resumed once.
    private final class Box<R: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var continuation: CheckedContinuation<R, any Error>?  // guarded by `lock`
        private var isCanceled = false  // guarded by `lock`
        private var stored: Work?  // guarded by `lock`

        var work: Work? {
            get { lock.withLock { stored } }
            set { lock.withLock { stored = newValue } }
        }

        /// False where the task was canceled before.
        func set(_ continuation: CheckedContinuation<R, any Error>) -> Bool {
            let canceled = lock.withLock { () -> Bool in
                if !isCanceled { self.continuation = continuation }
                return isCanceled
            }
            if canceled { continuation.resume(throwing: CancellationError()) }
            return !canceled
        }

        func cancel() {
            lock.withLock { isCanceled = true }
            resume { throw CancellationError() }
        }

        func resume(_ body: () throws -> R) {
            let result = Result { try body() }
            let continuation = lock.withLock { () -> CheckedContinuation<R, any Error>? in
                defer { self.continuation = nil }
                return self.continuation
            }
            continuation?.resume(with: result)
        }
    }
}
