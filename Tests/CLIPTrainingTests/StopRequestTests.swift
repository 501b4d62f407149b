import CLIPData
import Foundation
import TestSupport
import Testing

@testable import CLIPTraining

@Suite struct StopRequestTests {
    @Test func aWaitIsBrokenOffOnce() {
        let counter = Counter()
        let request = StopRequest()
        request.setInterruption { counter.add() }
        #expect(!request.isRequested && counter.value == 0)
        request.request()
        request.request()
        #expect(request.isRequested && counter.value == 1)
        // What is waited for only after the request is broken off at once.
        request.setInterruption { counter.add() }
        #expect(counter.value == 2)
        request.setInterruption(nil)
        request.request()
        #expect(counter.value == 2)
    }

    @Test func aLoaderThatWaitsForDataGivesUp() throws {
        try withTemporaryDirectory { folder in
            let table = folder + "/pairs.csv"
            try "filepath,title\na.png,one\nb.png,two\n".write(toFile: table, atomically: true, encoding: .utf8)
            let (entered, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let loader = try PairLoader(
                source: PairSource(table), order: SampleOrder(seed: 0), epoch: 0,
                options: PairLoaderOptions(batchSize: 2, threads: 1)
            ) { _, _ in
                entered.signal()
                release.wait()
                return 0
            }
            let request = StopRequest()
            request.setInterruption { loader.cancel() }
            Thread.detachNewThread {
                entered.wait()
                request.request()
            }
            // The decoder still waits: the end does not wait for it.
            #expect(throws: CLIPDataError.cancelled) { _ = try loader.next() }
            release.signal()
            release.signal()
        }
    }

    private final class Counter: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        var value: Int { lock.withLock { count } }
        func add() { lock.withLock { count += 1 } }
    }
}
