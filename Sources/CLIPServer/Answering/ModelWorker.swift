import CLIP
import Foundation
import Torch

/// Has one model answer many requests: what waits is put together into batches, on one thread of its own.
///
/// Texts and pictures wait in queues of their own, and whichever has waited longest is taken first. A batch is taken at
/// once, unless requests are known to be on their way: then it waits some milliseconds for them. What makes a batch fail
/// is found by asking for its parts, so that nobody's picture stops another's.
final class ModelWorker: @unchecked Sendable {
    /// How much is taken at a time, and how much may wait.
    struct Limits {
        var pictureBatch = 32
        var textBatch = 256
        var waitingPictures: Int
        var waitingTexts: Int
        /// Seconds.
        var patience: Double
    }

    private let clip: CLIPModel
    private let limits: Limits
    private let metrics: ServerMetrics
    private let condition = NSCondition()
    // All guarded by `condition`.
    private var texts: [Item<[Int32]>] = []
    private var pictures: [Item<Tensor>] = []
    private var isStopping = false
    private var expected = 0
    private var busySince: ContinuousClock.Instant?
    /// Seconds that a picture and a text took lately.
    private var pace = (picture: 0.0, text: 0.0)

    private struct Item<Input> {
        let input: Input
        let job: Job
        let place: Int
        let since: ContinuousClock.Instant
    }

    /// What one request asks for.
    private final class Job: @unchecked Sendable {
        // All guarded by the worker's condition.
        var continuation: CheckedContinuation<[[Float]], any Error>?
        var answers: [[Float]]
        var left: Int
        var isOver = false

        init(count: Int) {
            answers = Array(repeating: [], count: count)
            left = count
        }
    }

    init(_ clip: CLIPModel, _ limits: Limits, _ metrics: ServerMetrics) {
        self.clip = clip
        self.limits = limits
        self.metrics = metrics
        let thread = Thread { [self] in work() }
        thread.name = "model"
        // The towers' deepest calls; a thread's own default is half a megabyte on a Mac.
        thread.stackSize = 8 << 20
        thread.start()
    }

    // MARK: Asking

    /// Unit vectors of token ids, in their order.
    func vectors(captions: [[Int32]]) async throws -> [[Float]] {
        try await ask(captions, most: limits.waitingTexts, pace: \.text) {
            $0.texts
        } append: {
            $0.texts += $1
        }
    }

    /// Unit vectors of pictures brought to the model's size, in their order.
    func vectors(pictures: [Tensor]) async throws -> [[Float]] {
        try await ask(pictures, most: limits.waitingPictures, pace: \.picture) {
            $0.pictures
        } append: {
            $0.pictures += $1
        }
    }

    /// Says that a request's pictures or texts are being prepared, so that a batch may wait for them.
    func expecting<R>(_ body: () async throws -> R) async rethrows -> R {
        change { expected += 1 }
        defer { change { expected -= 1 } }
        return try await body()
    }

    private func change(_ body: () -> Void) {
        condition.lock()
        body()
        condition.broadcast()
        condition.unlock()
    }

    private func ask<Input: Sendable>(
        _ inputs: [Input], most: Int, pace: KeyPath<(picture: Double, text: Double), Double>,
        queue: @Sendable (ModelWorker) -> [Item<Input>], append: @Sendable (ModelWorker, [Item<Input>]) -> Void
    ) async throws -> [[Float]] {
        guard !inputs.isEmpty else { return [] }
        let job = Job(count: inputs.count)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                condition.lock()
                defer { condition.unlock() }
                let waiting = queue(self).count
                let refusal: (any Error)? =
                    if job.isOver {
                        CancellationError()
                    } else if isStopping {
                        ServerError.stopping
                    } else if waiting + inputs.count > most, waiting > 0 {
                        ServerError.busy(seconds: max(1, min(30, Int(Double(waiting) * self.pace[keyPath: pace]) + 1)))
                    } else {
                        nil
                    }
                if let refusal { return continuation.resume(throwing: refusal) }
                job.continuation = continuation
                let now = ContinuousClock.now
                append(
                    self, inputs.enumerated().map { Item(input: $1, job: job, place: $0, since: now) })
                condition.broadcast()
            }
        } onCancel: {
            condition.lock()
            texts.removeAll { $0.job === job }
            pictures.removeAll { $0.job === job }
            finish(job, .failure(CancellationError()))
            condition.unlock()
        }
    }

    /// Only under the condition's lock.
    private func finish(_ job: Job, _ result: Result<[[Float]], any Error>) {
        job.isOver = true
        job.continuation?.resume(with: result)
        job.continuation = nil
    }

    // MARK: How it fares

    /// Texts and pictures that wait.
    var waiting: Int {
        condition.lock()
        defer { condition.unlock() }
        return texts.count + pictures.count
    }

    /// For how long the present batch has been computed; zero where there is none.
    var busy: Duration {
        condition.lock()
        defer { condition.unlock() }
        return busySince.map { .now - $0 } ?? .zero
    }

    /// Takes nothing more; what waits is still answered.
    func stop() { change { isStopping = true } }

    // MARK: Working

    private enum Batch {
        case texts([Item<[Int32]>])
        case pictures([Item<Tensor>])
    }

    private func work() {
        var trimmed = ContinuousClock.now
        while let batch = next() {
            // Freed pieces between used ones would be kept for good: under load a gigabyte in some minutes.
            if .now - trimmed > .seconds(10) {
                Engine.releaseMemory()
                trimmed = .now
            }
            let start = ContinuousClock.now
            switch batch {
            case .texts(let items):
                answer(items) { try self.clip.vectors(captions: $0) }
                measured("text", items.count, start, \.text)
            case .pictures(let items):
                answer(items) { try self.clip.vectors(pictureBytes: $0) }
                measured("image", items.count, start, \.picture)
            }
        }
    }

    /// Waits for something to do; nil once stopped and done.
    private func next() -> Batch? {
        condition.lock()
        defer { condition.unlock() }
        busySince = nil
        while texts.isEmpty, pictures.isEmpty {
            if isStopping { return nil }
            condition.wait()
        }
        let end = Date(timeIntervalSinceNow: limits.patience)
        while expected > 0, pictures.count < limits.pictureBatch, texts.count < limits.textBatch,
            condition.wait(until: end)
        {}
        busySince = .now
        if let text = texts.first, pictures.first.map({ text.since <= $0.since }) ?? true {
            defer { texts.removeFirst(min(texts.count, limits.textBatch)) }
            return .texts(Array(texts.prefix(limits.textBatch)))
        }
        // Canceled meanwhile: nothing is left.
        guard !pictures.isEmpty else { return .texts([]) }
        defer { pictures.removeFirst(min(pictures.count, limits.pictureBatch)) }
        return .pictures(Array(pictures.prefix(limits.pictureBatch)))
    }

    private func answer<Input>(_ items: [Item<Input>], _ encode: ([Input]) throws -> Tensor) {
        guard !items.isEmpty else { return }
        do {
            let vectors = try encode(items.map(\.input))
            let values = try vectors.elements(Float.self)
            let size = vectors.shape[1]
            condition.lock()
            for (row, item) in items.enumerated() {
                take(Array(values[row * size..<(row + 1) * size]), for: item)
            }
            condition.unlock()
        } catch  where items.count > 1 {
            for item in items { answer([item], encode) }
        } catch {
            condition.lock()
            finish(items[0].job, .failure(error))
            condition.unlock()
        }
    }

    /// Only under the condition's lock.
    private func take<Input>(_ vector: [Float], for item: Item<Input>) {
        let job = item.job
        guard !job.isOver else { return }
        job.answers[item.place] = vector
        job.left -= 1
        if job.left == 0 { finish(job, .success(job.answers)) }
    }

    private func measured(
        _ kind: String, _ count: Int, _ start: ContinuousClock.Instant,
        _ pace: WritableKeyPath<(picture: Double, text: Double), Double>
    ) {
        guard count > 0 else { return }
        let seconds = (ContinuousClock.now - start).seconds
        metrics.batch(kind, count, seconds: seconds)
        condition.lock()
        let before = self.pace[keyPath: pace]
        let each = seconds / Double(count)
        self.pace[keyPath: pace] = before == 0 ? each : 0.8 * before + 0.2 * each
        condition.unlock()
    }
}
