import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What a transfer brings, in order.
enum TransferEvent {
    case answer(HTTPURLResponse)
    case body(Data)
    /// The transfer is over; with a reason if it broke.
    case end(String?)
}

/// What came for one request and has not been looked at yet. A network faster than the disk has to wait.
final class TransferMailbox: @unchecked Sendable {
    private static let capacity = 16 << 20

    let task: URLSessionDataTask
    private let condition = NSCondition()
    private var events: [TransferEvent] = []
    /// Bytes in `events`.
    private var waiting = 0
    private var isAbandoned = false

    init(_ task: URLSessionDataTask) { self.task = task }

    /// Adds an event, once there is room for it. Suspending the task instead would not do: on Linux, Foundation then
    /// hands out some bytes twice.
    func put(_ event: TransferEvent) {
        condition.lock()
        defer { condition.unlock() }
        while waiting > Self.capacity, !isAbandoned { condition.wait() }
        guard !isAbandoned else { return }
        events.append(event)
        if case .body(let data) = event { waiting += data.count }
        condition.broadcast()
    }

    /// The next event, or `nil` if none came in time.
    func next(timeout: Double) -> TransferEvent? {
        condition.lock()
        defer { condition.unlock() }
        let deadline = Date(timeIntervalSinceNow: timeout)
        while events.isEmpty {
            guard condition.wait(until: deadline) || !events.isEmpty else { return nil }
        }
        let event = events.removeFirst()
        if case .body(let data) = event { waiting -= data.count }
        condition.broadcast()
        return event
    }

    /// The same, in short turns.
    /// - Throws: ``TransferError/cancelled`` as soon as `isCancelled` says so.
    func next(timeout: Double, isCancelled: () -> Bool) throws(TransferError) -> TransferEvent? {
        let turn = 0.1
        var left = timeout
        while true {
            if isCancelled() { throw .cancelled }
            if let event = next(timeout: min(left, turn)) { return event }
            left -= turn
            if left <= 0 { return nil }
        }
    }

    /// Nobody will look again: whatever waits for room may go.
    func abandon() {
        condition.lock()
        defer { condition.unlock() }
        isAbandoned = true
        events = []
        condition.broadcast()
    }
}

/// On Linux, a session goes on reading while its delegate works, and keeps in memory what the delegate has not seen.
/// Here it runs the delegate's methods itself, and reads on when they return.
final class ImmediateQueue: OperationQueue, @unchecked Sendable {
    #if canImport(FoundationNetworking)
    override func addOperation(_ block: @escaping @Sendable () -> Void) { block() }
    #endif
}

/// Brings what the session tells to the mailbox of the request that it is about.
final class TransferRouter: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let lock = NSLock()
    private var mailboxes: [Int: TransferMailbox] = [:]

    func add(_ mailbox: TransferMailbox) { lock.withLock { mailboxes[mailbox.task.taskIdentifier] = mailbox } }

    func remove(_ mailbox: TransferMailbox) {
        _ = lock.withLock { mailboxes.removeValue(forKey: mailbox.task.taskIdentifier) }
    }

    private func put(_ event: TransferEvent, for task: URLSessionTask) {
        lock.withLock { mailboxes[task.taskIdentifier] }?.put(event)
    }

    // A redirect is an answer like any other here: whoever asked decides where to go, and with which headers.
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        #if !canImport(FoundationNetworking)
        completionHandler(nil)
        #endif
        // On Linux, Foundation ends the process if it is told this about a task that was canceled meanwhile, so it is
        // not told: the task waits, until whoever takes the answer from the mailbox cancels it.
        put(.answer(response), for: task)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        completionHandler(.allow)
        if let response = response as? HTTPURLResponse { put(.answer(response), for: dataTask) }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        put(.body(data), for: dataTask)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        // Redirects that lead nowhere are told nowhere else.
        if error == nil, let response = task.response as? HTTPURLResponse { put(.answer(response), for: task) }
        put(.end(error.map { ($0 as NSError).localizedDescription }), for: task)
    }
}
