import Foundation

/// Elements that a thread of its own makes a little ahead of whoever takes them, in their order.
///
/// The thread ends with the elements, with ``cancel()``, or when this object is released.
public final class ReadAhead<Element: Sendable>: @unchecked Sendable {
    private let queue: BoundedQueue<Element>
    private let stopSource: @Sendable () -> Void
    private let cancelSource: @Sendable () -> Void

    /// - Parameters:
    ///   - name: The thread's.
    ///   - count: How many elements wait at most, the one in the making among them.
    ///   - bytes: How many bytes wait at most, the last element's apart.
    ///   - size: How many bytes an element holds.
    ///   - stopSource: Tells what `make` waits for to end; does not wait itself.
    ///   - cancelSource: The same, but waits for that end.
    ///   - make: The next element, or `nil` after the last; called by the thread alone.
    init(
        name: String, count: Int, bytes: Int = .max, size: @escaping @Sendable (Element) -> Int = { _ in 0 },
        stopSource: @escaping @Sendable () -> Void = {}, cancelSource: @escaping @Sendable () -> Void = {},
        make: @escaping () throws -> Element?
    ) {
        let queue = BoundedQueue(count: max(1, count), bytes: bytes, size: size, make: make)
        self.queue = queue
        self.stopSource = stopSource
        self.cancelSource = cancelSource
        let thread = Thread { queue.fill() }
        thread.name = name
        // Image libraries and libtorch want more than the 512 KiB that macOS gives by default.
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit {
        queue.stop()
        stopSource()
    }

    /// The next element, or `nil` after the last; waits until it is there.
    ///
    /// - Throws: What making it threw, again at every later call; ``CLIPDataError/cancelled``.
    public func next() throws -> Element? { try queue.take() }

    /// Ends the making, also of a ``next()`` that waits on another thread, and returns when what the elements are made
    /// of has come to its end.
    public func cancel() {
        queue.stop()
        cancelSource()
    }
}

/// What the thread and its readers share: the thread holds this and not the ``ReadAhead``, so that that can be released.
private final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let count: Int
    private let bytes: Int
    private let size: @Sendable (Element) -> Int
    /// Touched by the thread alone.
    private let make: () throws -> Element?
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var waiting = 0
    private var end: Result<Void, any Error>?
    private var isStopped = false

    init(
        count: Int, bytes: Int, size: @escaping @Sendable (Element) -> Int, make: @escaping () throws -> Element?
    ) {
        self.count = count
        self.bytes = bytes
        self.size = size
        self.make = make
    }

    func fill() {
        while waitForRoom() {
            let made = Result { try make() }
            condition.lock()
            defer { condition.unlock() }
            switch made {
            case .success(let element?):
                if !isStopped {
                    elements.append(element)
                    waiting += size(element)
                }
            case .success(nil): end = end ?? .success(())
            case .failure(let error): end = end ?? .failure(error)
            }
            condition.broadcast()
        }
    }

    private func waitForRoom() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while elements.count >= count || waiting >= bytes, !isStopped { condition.wait() }
        return !isStopped && end == nil
    }

    func take() throws -> Element? {
        condition.lock()
        defer { condition.unlock() }
        while elements.isEmpty, end == nil { condition.wait() }
        guard elements.isEmpty else {
            let element = elements.removeFirst()
            waiting -= size(element)
            condition.broadcast()
            return element
        }
        try end?.get()
        return nil
    }

    func stop() {
        condition.lock()
        isStopped = true
        elements = []
        end = .failure(CLIPDataError.cancelled)
        condition.broadcast()
        condition.unlock()
    }
}
