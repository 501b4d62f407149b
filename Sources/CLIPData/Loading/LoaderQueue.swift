import Foundation

/// What the threads of a loader share. They hold this object and not the loader, so that the loader can be released
/// while they run.
///
/// Each step of the stream gets a ticket; results are taken in the tickets' order. A thread takes a step only while
/// fewer than `capacity` tickets are under way, so that neither threads nor memory run ahead.
final class LoaderQueue<Decoded: Sendable>: @unchecked Sendable {
    enum Outcome {
        case decoded(Decoded, position: Int)
        /// With whether it was a pair that could not be decoded, or no pair at all.
        case skipped(SkippedSample, wasPair: Bool)
        /// Pairs that are other processes'.
        case passed
        case failed(any Error)
        case finished
    }

    /// An outcome, and what the step that it is of changed in the stream.
    typealias Taken = (outcome: Outcome, trace: StreamTrace?)
    typealias Decode = @Sendable (_ sample: PairSample, _ seed: UInt64) throws -> Decoded

    private let capacity: Int
    private let decode: Decode

    /// Guards the stream and the ticket counter. Taken before the condition, never after it.
    private let feed = NSLock()
    private let stream: PairStream
    private let interruption: ReadInterruption
    private var nextTicket = 0

    /// Guards what follows.
    private let condition = NSCondition()
    private var outcomes: [Int: Taken] = [:]
    private var taken = 0
    private var isStreamFinished = false
    private var isStopped = false
    private var running = 0
    private var workers: Set<ObjectIdentifier> = []

    init(stream: PairStream, capacity: Int, decode: @escaping Decode) {
        self.stream = stream
        interruption = stream.interruption
        self.capacity = capacity
        self.decode = decode
    }

    func start(threads: Int) {
        running = threads
        for index in 0..<threads {
            let thread = Thread { self.work() }
            thread.name = "pair-loader-\(index)"
            // Image libraries want more than the 512 KiB that macOS gives by default.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Tells the threads to end, and a waiting consumer that there is nothing more.
    func stop() {
        interruption.request()
        condition.lock()
        isStopped = true
        outcomes = [:]
        condition.broadcast()
        condition.unlock()
    }

    /// Waits for the threads to end; a thread of the loader itself does not wait, since that would be for ever.
    func waitUntilStopped() {
        condition.lock()
        defer { condition.unlock() }
        if workers.contains(ObjectIdentifier(Thread.current)) { return }
        while running > 0 { condition.wait() }
    }

    /// The outcome of the next ticket; waits for it.
    func take() -> Taken {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped {
            if let outcome = outcomes.removeValue(forKey: taken) {
                taken += 1
                condition.broadcast()
                return outcome
            }
            condition.wait()
        }
        return (.failed(CLIPDataError.cancelled), nil)
    }

    private func work() {
        let identity = ObjectIdentifier(Thread.current)
        condition.lock()
        workers.insert(identity)
        condition.unlock()
        while runOnce() {}
        condition.lock()
        workers.remove(identity)
        running -= 1
        condition.broadcast()
        condition.unlock()
    }

    /// Takes one step, decodes it and files the outcome. Returns whether there may be more.
    private func runOnce() -> Bool {
        feed.lock()
        guard waitForRoom() else {
            feed.unlock()
            return false
        }
        let ticket = nextTicket
        nextTicket += 1
        let advance = Result { try stream.advance() }
        let isLast = if case .success(.some) = advance { false } else { true }
        if isLast { finishStream() }
        feed.unlock()
        let taken = autoreleasing { decoded(advance) }
        file(taken, ticket: ticket)
        return !isLast
    }

    /// Waits until another ticket may be given out; `false` when there will be none.
    private func waitForRoom() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped, !isStreamFinished, nextTicket - taken >= capacity { condition.wait() }
        return !isStopped && !isStreamFinished
    }

    private func finishStream() {
        condition.lock()
        isStreamFinished = true
        condition.broadcast()
        condition.unlock()
    }

    private func decoded(_ advance: Result<(step: PairStream.Step?, trace: StreamTrace)?, any Error>) -> Taken {
        switch advance {
        case .failure(let error): (.failed(error), nil)
        case .success(nil): (.finished, nil)
        case .success((nil, let trace)?): (.passed, trace)
        case .success((.skipped(let sample)?, let trace)?): (.skipped(sample, wasPair: false), trace)
        case .success((.pair(let pair)?, let trace)?): (decoded(pair), trace)
        }
    }

    private func decoded(_ pair: OrderedPair) -> Outcome {
        let reason: SkipReason
        do {
            return .decoded(try decode(pair.sample, pair.seed), position: pair.position)
        } catch let error as CLIPDataError {
            reason = .unreadable("\(error)")
        } catch {
            reason = .undecodable("\(error)")
        }
        return .skipped(SkippedSample(location: pair.sample.location, reason: reason), wasPair: true)
    }

    private func file(_ taken: Taken, ticket: Int) {
        condition.lock()
        if !isStopped { outcomes[ticket] = taken }
        condition.broadcast()
        condition.unlock()
    }
}

/// Frees what Objective-C's libraries leave behind, on systems that have it: threads of ours have no pool that is emptied.
func autoreleasing<Value>(_ body: () throws -> Value) rethrows -> Value {
    #if canImport(ObjectiveC)
    try autoreleasepool(invoking: body)
    #else
    try body()
    #endif
}
