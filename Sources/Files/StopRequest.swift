import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Somebody's wish that long work come to its end early, in good order: a training run after the step in hand, with a
/// checkpoint.
public final class StopRequest: @unchecked Sendable {
    private let lock = NSLock()
    private var isMade = false
    private var waiting: (@Sendable () -> Void)?

    public init() {}

    /// Whether the end was asked for; it stays asked for. May be read from any thread.
    public var isRequested: Bool { lock.withLock { isMade } }

    /// Asks for the end. What is waited for at the moment is broken off.
    public func request() {
        let action = lock.withLock {
            isMade = true
            defer { waiting = nil }
            return waiting
        }
        action?()
    }

    /// Names what breaks off a wait; called at once where the end was asked for already.
    package func setInterruption(_ action: (@Sendable () -> Void)?) {
        let isLate = lock.withLock {
            waiting = isMade ? nil : action
            return isMade
        }
        if isLate { action?() }
    }
}

/// Turns signals into a request to stop: SIGTERM, as machines that are taken away send it, and SIGINT (Ctrl-C). A
/// second SIGINT ends the process at once.
public final class StopSignals {
    private var sources: [any DispatchSourceSignal] = []

    /// - Parameters:
    ///   - request: what signals ask of.
    ///   - onSignal: told the signal's name and whether it is the first.
    public init(_ request: StopRequest, onSignal: @escaping @Sendable (_ name: String, _ isFirst: Bool) -> Void) {
        // A queue of its own, so that no other work of the process holds a signal up. Handlers that run on a queue may
        // use locks and memory, which those that interrupt a thread may not.
        let queue = DispatchQueue(label: "stop-signals")
        for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let isFirst = !request.isRequested
                onSignal(name, isFirst)
                if number == SIGINT, !isFirst { _exit(128 + SIGINT) }
                request.request()
            }
            source.resume()
            sources.append(source)
        }
    }

    deinit {
        for source in sources { source.cancel() }
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
    }
}
