import CLIP
import Foundation
import Testing
import Torch

@testable import CLIPServer

/// Batches, bounds and cancellation.
@Suite struct WorkerTests {
    private func worker(_ change: (inout ModelWorker.Limits) -> Void = { _ in }) async throws -> ModelWorker {
        var limits = ModelWorker.Limits(waitingPictures: 64, waitingTexts: 512, patience: 0.003)
        change(&limits)
        return ModelWorker(try await RunningFixture.clip, limits, ServerMetrics(factory: PrometheusMetrics()))
    }

    private func bytes(_ number: Int, _ clip: CLIPModel) throws -> Tensor {
        try Engine.inference { try clip.preprocessor.bytes(Drawings.picture(number)) }
    }

    @Test func manyRequestsGetTheirOwnAnswers() async throws {
        let clip = try await RunningFixture.clip
        let worker = try await worker {
            $0.pictureBatch = 4
            $0.textBatch = 8
        }
        defer { worker.stop() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let found: [[Float]]
                    let expected: Tensor
                    if number % 2 == 0 {
                        let inputs = try (0...(number % 5)).map { try self.bytes(number + $0, clip) }
                        found = try await worker.vectors(pictures: inputs)
                        expected = try clip.vectors(pictureBytes: inputs)
                    } else {
                        let texts = (0...(number % 7)).map { "text \(number) " + String(repeating: "word ", count: $0) }
                        let captions = try texts.map { try clip.tokenizer.tokenize($0).tokens }
                        found = try await worker.vectors(captions: captions)
                        expected = try clip.vectors(captions: captions)
                    }
                    let values = try expected.elements(Float.self)
                    let worst = zip(found.flatMap { $0 }, values).map { abs($0 - $1) }.max() ?? 1
                    #expect(
                        found.count * clip.embeddingSize == values.count && worst < 2e-5, "request \(number): \(worst)")
                }
            }
            try await group.waitForAll()
        }
        #expect(worker.waiting == 0)
    }

    @Test func aBadPictureStopsNoOther() async throws {
        let clip = try await RunningFixture.clip
        let worker = try await worker { $0.patience = 0.5 }
        defer { worker.stop() }
        let good = try bytes(1, clip)
        let bad = try Tensor([UInt8](repeating: 0, count: 12), shape: [3, 2, 2])
        // Someone is expected, so that all come into one batch.
        try await worker.expecting {
            let tasks = [[good], [good, bad], [good]].map { pictures in
                Task { try await worker.vectors(pictures: pictures) }
            }
            let expected = try await tasks[0].value
            #expect(try await tasks[2].value == expected)
            await #expect(throws: (any Error).self) { try await tasks[1].value }
        }
        #expect(try await worker.vectors(pictures: [good]).count == 1)
    }

    @Test func whatWaitsIsBounded() async throws {
        let clip = try await RunningFixture.clip
        let worker = try await worker {
            $0.waitingTexts = 8
            $0.patience = 30
            $0.textBatch = 100
        }
        let caption = try clip.tokenizer.tokenize("a cat").tokens
        try await worker.expecting {
            let waiting = Task { try await worker.vectors(captions: Array(repeating: caption, count: 8)) }
            while worker.waiting < 8 { try await Task.sleep(for: .milliseconds(1)) }
            let error = await #expect(throws: ServerError.self) { try await worker.vectors(captions: [caption]) }
            #expect(error?.status == 429 && (error?.retryAfter ?? 0) >= 1)
            // Whoever leaves makes room.
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(worker.waiting == 0)
        }
        // More than there is room for is answered where nobody else waits.
        #expect(try await worker.vectors(captions: Array(repeating: caption, count: 9)).count == 9)
        worker.stop()
        let error = await #expect(throws: ServerError.self) { try await worker.vectors(captions: [caption]) }
        #expect(error?.status == 503)
    }

    @Test func aPoolDoesSoMuchAtATimeAndRefusesMore() async throws {
        let pool = WorkPool("test", width: 2, mostWaiting: 3)
        let gate = DispatchSemaphore(value: 0)
        let tasks = (0..<5).map { number in
            Task {
                try await pool.run { () -> Int in
                    gate.wait()
                    return number
                }
            }
        }
        while pool.load < 5 { try await Task.sleep(for: .milliseconds(1)) }
        let error = await #expect(throws: ServerError.self) { try await pool.run { 0 } }
        #expect(error?.status == 429)
        // One that waits leaves; those that run are not torn away.
        tasks[4].cancel()
        for _ in 0..<5 { gate.signal() }
        var done = 0
        for task in tasks { if (try? await task.value) != nil { done += 1 } }
        #expect(done == 4)
        #expect(try await pool.run { 7 } == 7)
        await #expect(throws: CocoaError.self) { try await pool.run { throw CocoaError(.fileNoSuchFile) } }
    }

    @Test func figuresAreWrittenAsPrometheusReads() {
        let metrics = PrometheusMetrics()
        metrics.makeCounter(label: "clip.requests", dimensions: [("route", "a\"b\\\n")]).increment(by: 2)
        metrics.makeCounter(label: "clip.requests", dimensions: [("route", "a\"b\\\n")]).increment(by: 3)
        metrics.makeRecorder(label: "queue", dimensions: [], aggregate: false).record(7.0)
        metrics.makeTimer(label: "seconds", dimensions: []).recordNanoseconds(30_000_000)
        let lines = metrics.text().split(separator: "\n")
        #expect(lines.contains("# TYPE clip_requests_total counter"))
        #expect(lines.contains("clip_requests_total{route=\"a\\\"b\\\\\\n\"} 5.0"))
        #expect(lines.contains("queue 7.0") && lines.contains("# TYPE queue gauge"))
        #expect(lines.contains("seconds_bucket{le=\"0.025\"} 0") && lines.contains("seconds_bucket{le=\"0.05\"} 1"))
        #expect(lines.contains("seconds_bucket{le=\"+Inf\"} 1") && lines.contains("seconds_count 1"))
    }
}
