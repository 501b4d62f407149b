import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite(.timeLimit(.minutes(20))) struct PairLoaderTests {
    private struct Undecodable: Error, CustomStringConvertible { let description = "no picture" }

    /// What a decoder makes of a pair here: everything that could differ from run to run.
    private struct Item: Sendable, Equatable {
        let caption: String
        let bytes: Data
        let seed: UInt64
    }

    private static let decode: PairLoader<Item>.Decode = { sample, seed in
        Item(caption: sample.caption, bytes: try sample.imageBytes(), seed: seed)
    }

    @Test func threadsChangeNothing() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [60, 40, 5]))
        let order = SampleOrder(seed: 4, bufferCount: 20)
        var reference: [Item] = []
        for (threads, capacity) in [(1, 1), (1, 100), (2, 3), (8, 8), (16, 500)] {
            let options = PairLoaderOptions(batchSize: 10, threads: threads, queueCapacity: capacity)
            let loader = try PairLoader(source: source, order: order, epoch: 1, options: options) { sample, seed in
                // Uneven work, so that threads overtake each other.
                if seed % 3 == 0 { Thread.sleep(forTimeInterval: 0.001) }
                return try Self.decode(sample, seed)
            }
            let batches = try allBatches(loader)
            #expect(batches.map(\.content.count) == Array(repeating: 10, count: 10) + [5])
            #expect(batches.flatMap(\.positions) == Array(0..<105))
            #expect(batches.map(\.nextPosition) == Array(stride(from: 10, through: 100, by: 10)) + [105])
            let items = batches.flatMap(\.content)
            if reference.isEmpty { reference = items }
            #expect(items == reference, "\(threads) threads")
            #expect(try loader.next() == nil)
        }
        #expect(reference.map(\.caption).sorted() == (0..<105).map { String(format: "%06d", $0) })
    }

    @Test func undecodablePairsAreSkippedInOrderAndResumeHolds() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [50]))
        let order = SampleOrder(seed: 4, bufferCount: 20)
        let decode: PairLoader<Item>.Decode = { sample, seed in
            if sample.caption.hasSuffix("3") { throw Undecodable() }
            return try Self.decode(sample, seed)
        }
        var options = PairLoaderOptions(batchSize: 8, threads: 4)
        let recorder = Recorder<SkippedSample>()
        let loader = try PairLoader(
            source: source, order: order, epoch: 0, options: options, onSkip: recorder.record, decode: decode)
        let batches = try allBatches(loader)
        #expect(batches.map(\.content.count) == [8, 8, 8, 8, 8, 5])
        #expect(loader.skipSummary.total == 5)
        #expect(recorder.values.count == 5)
        #expect(recorder.values.allSatisfy { $0.reason == .undecodable("no picture") })
        #expect(Set(recorder.values.map(\.location)).contains("\(folder.path("train-0.tar")): 000013.jpg"))
        for (index, batch) in batches.enumerated() {
            let resumed = try PairLoader(
                source: source, order: order, epoch: 0, startPosition: batch.nextPosition, options: options,
                decode: decode)
            let rest = try allBatches(resumed)
            #expect(rest.map(\.content) == batches.dropFirst(index + 1).map(\.content), "after batch \(index)")
        }
        options.dropsLast = true
        let dropping = try PairLoader(source: source, order: order, epoch: 0, options: options, decode: decode)
        #expect(try allBatches(dropping).map(\.content) == batches.dropLast().map(\.content))
    }

    @Test func missingPicturesOfATableAreSkipped() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.jpg", "A")
        let path = try folder.write("t.csv", "filepath,title\na.jpg,a\nb.jpg,b\n")
        let recorder = Recorder<SkippedSample>()
        let loader = try PairLoader(
            source: PairSource(path), order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 4), onSkip: recorder.record, decode: Self.decode)
        #expect(try allBatches(loader).flatMap(\.content).map(\.caption) == ["a"])
        let missing = CLIPDataError.missing(folder.path("b.jpg"))
        #expect(
            recorder.values == [
                SkippedSample(location: "\(path): row 2 (line 3) (b.jpg)", reason: .unreadable(missing.description))
            ])
    }

    @Test func shardErrorsReachTheConsumerAndStay() throws {
        let folder = try TemporaryFolder()
        let specification = try makeShards(in: folder, counts: [10, 10])
        let source = try PairSource(specification)
        try FileManager.default.removeItem(atPath: folder.path("train-1.tar"))
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 5, threads: 3), decode: Self.decode)
        #expect(try loader.next()?.content.count == 5)
        #expect(try loader.next()?.content.count == 5)
        for _ in 0..<3 {
            #expect(throws: CLIPDataError.missing(folder.path("train-1.tar"))) { try loader.next() }
        }
    }

    @Test func anEpochWithoutPairsIsAnError() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [10]))
        let loader = try PairLoader<Item>(
            source: source, order: SampleOrder(seed: 0), epoch: 0, options: PairLoaderOptions(batchSize: 5)
        ) { _, _ in throw Undecodable() }
        let error = #expect(throws: CLIPDataError.self) { try loader.next() }
        guard case .noPairs(source.specification, let skips) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(skips.counts == ["undecodable": 10])
        #expect(error?.description.hasSuffix("(10 skipped: 10 undecodable)") == true)
        // Resuming at the very end is no error.
        let resumed = try PairLoader(
            source: source, order: SampleOrder(seed: 0), epoch: 0, startPosition: 10,
            options: PairLoaderOptions(batchSize: 5), decode: Self.decode)
        #expect(try resumed.next() == nil)
    }

    @Test func noMoreThanTheCapacityIsDecodedAhead() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        let recorder = Recorder<UInt64>()
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0), epoch: 0,
            options: PairLoaderOptions(batchSize: 4, threads: 3, queueCapacity: 6)
        ) { _, seed in
            recorder.record(seed)
            return seed
        }
        var taken = 0
        while let batch = try loader.next() {
            taken += batch.content.count
            // Time for the threads to run ahead, if they would.
            Thread.sleep(forTimeInterval: 0.002)
            #expect(recorder.values.count <= taken + 6)
        }
        #expect(taken == 100)
    }

    /// Nothing that the decoder holds outlives the loader: no thread is left to hold it.
    @Test(arguments: [0, 1, 3]) func releasedLoadersEndTheirThreads(batches: Int) throws {
        final class Token: Sendable {}
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        weak var held: Token?
        do {
            let token = Token()
            held = token
            let loader = try PairLoader(
                source: source, order: SampleOrder(seed: 0), epoch: 0,
                options: PairLoaderOptions(batchSize: 4, threads: 4, queueCapacity: 5)
            ) { _, seed in withExtendedLifetime(token) { seed } }
            for _ in 0..<batches { #expect(try loader.next() != nil) }
        }
        let deadline = Date(timeIntervalSinceNow: 60)
        while held != nil, Date() < deadline { Thread.sleep(forTimeInterval: 0.002) }
        #expect(held == nil)
    }

    @Test func cancellingWakesAWaitingConsumer() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        let gate = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0), epoch: 0,
            options: PairLoaderOptions(batchSize: 4, threads: 2)
        ) { _, seed in
            entered.signal()
            gate.wait()
            gate.signal()
            return seed
        }
        let recorder = Recorder<String>()
        let finished = DispatchSemaphore(value: 0)
        let consumer = Thread {
            do {
                recorder.record("\(String(describing: try loader.next()))")
            } catch {
                recorder.record("\(error)")
            }
            finished.signal()
        }
        consumer.start()
        entered.wait()
        let canceller = Thread {
            loader.cancel()
            finished.signal()
        }
        canceller.start()
        // The consumer wakes although the decoders are still held up; the canceller waits for these.
        finished.wait()
        #expect(recorder.values == [CLIPDataError.cancelled.description])
        gate.signal()
        finished.wait()
        #expect(throws: CLIPDataError.cancelled) { try loader.next() }
        loader.cancel()
    }

    @Test func aDecoderMayCancelItsLoader() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        let box = Recorder<PairLoader<UInt64>>()
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0), epoch: 0, options: PairLoaderOptions(batchSize: 50, threads: 3)
        ) { sample, seed in
            while box.values.isEmpty { Thread.sleep(forTimeInterval: 0.001) }
            if sample.caption > "000050" { box.values.first?.cancel() }
            return seed
        }
        box.record(loader)
        #expect(throws: CLIPDataError.cancelled) { while try loader.next() != nil {} }
    }

    @Test func optionsAreChecked() throws {
        let source = try PairSource(fixture("plain.tar").path)
        for (batchSize, threads, capacity, start, buffer) in [
            (0, 1, 1, 0, 1), (1, 0, 1, 0, 1), (1, 1, 0, 0, 1), (1, 1, 1, -1, 1), (1, 1, 1, 0, 0), (.max, 1, 1, 0, 1),
            (1, .max, 1, 0, 1),
        ] {
            let options = PairLoaderOptions(batchSize: batchSize, threads: threads, queueCapacity: capacity)
            let error = #expect(throws: CLIPDataError.self) {
                try PairLoader(
                    source: source, order: SampleOrder(seed: 0, bufferCount: buffer), epoch: 0, startPosition: start,
                    options: options, decode: Self.decode)
            }
            guard case .invalidOption = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(PairLoaderOptions(batchSize: .max).batchSize == .max)
    }
}
