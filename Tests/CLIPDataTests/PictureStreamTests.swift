import Foundation
import TestSupport
import Testing

@testable import CLIPData

/// Pictures that several threads read and encode come as if one had done all.
@Suite struct PictureStreamTests {
    private struct Unreadable: Error, Equatable { let name: String }

    /// What threads count together.
    private final class Tally: @unchecked Sendable {
        private let lock = NSLock()
        private var counts: [String: Int] = [:]

        func add(_ what: String, _ number: Int = 1) { lock.withLock { counts[what, default: 0] += number } }
        func most(_ what: String, _ number: Int) { lock.withLock { counts[what] = max(counts[what] ?? 0, number) } }
        subscript(_ what: String) -> Int { lock.withLock { counts[what] ?? 0 } }
    }

    private func names(_ count: Int) -> [String] { (0..<count).map { "\($0).jpg" } }

    /// A stream that reads names, and encodes each as its number; `bad` cannot be read.
    private func stream(
        cores: Int, batchSize: Int, leastWorkers: Int = 1, bad: Set<Int> = [], tally: Tally = Tally()
    ) -> PictureStream<Int, [Int]> {
        PictureStream(
            sizes: StreamSizes(batchSize: batchSize, cores: cores, leastWorkers: leastWorkers),
            read: { found in
                tally.add("read")
                tally.most("ahead", tally["read"] - tally["handed over"])
                let number = Int(found.name.prefix { $0.isNumber }) ?? -1
                if number % 3 == 0 { usleep(200) }
                if bad.contains(number) { throw Unreadable(name: found.name) }
                return number
            },
            encode: { inputs, threads in
                tally.most("batch", inputs.count)
                tally.most("threads", threads)
                return inputs
            })
    }

    /// What is handed over, a line for each picture.
    private func lines(
        _ stream: PictureStream<Int, [Int]>, _ list: PictureList, skipping: Int = 0, cut: Int = .max
    ) throws -> [String] {
        var lines: [String] = []
        try stream.run(list, skipping: skipping, cut: cut) { batch in
            var numbers = (batch.output ?? [])[...]
            for (name, failure) in batch.pictures {
                lines.append(failure.map { "\(name) \($0)" } ?? "\(name) = \(numbers.removeFirst())")
            }
            #expect(numbers.isEmpty)
        }
        return lines
    }

    @Test(arguments: [0, 1, 2, 7, 40, 100]) func anyNumberOfThreadsGivesWhatOneDoes(_ count: Int) throws {
        let list = try PictureList(names(count))
        let bad: Set = [0, 5, 6, 7, 39, 99]
        let alone = try lines(stream(cores: 1, batchSize: 4, bad: bad), list)
        #expect(
            alone.count == count && alone.filter { $0.contains("Unreadable") }.count == bad.filter { $0 < count }.count)
        for cores in [2, 3, 8] {
            for batchSize in [1, 4, 64] {
                #expect(try lines(stream(cores: cores, batchSize: batchSize, bad: bad), list) == alone)
            }
        }
        #expect(try lines(stream(cores: 1, batchSize: 4, leastWorkers: 2, bad: bad), list) == alone)
    }

    @Test func skippedPicturesAreNotReadAndBatchesEndWhereTheyAreCut() throws {
        let list = try PictureList(names(50))
        for cores in [1, 3] {
            let tally = Tally()
            var (ends, skipped): ([Int], [String]) = ([], [])
            var place = 20
            func skip(_ name: String) { skipped.append(name) }
            let stream = stream(cores: cores, batchSize: 4, tally: tally)
            try stream.run(list, skipping: 20, onSkip: skip, cut: 10) { batch in
                place += batch.pictures.count
                ends.append(place)
            }
            #expect(skipped == names(20) && tally["read"] == 30 && place == 50)
            #expect(Set([30, 40, 50]).isSubset(of: ends))
        }
    }

    @Test func theListsFirstUnreadablePictureEndsAll() throws {
        let list = try PictureList(names(5000))
        for cores in [1, 2, 8] {
            let tally = Tally()
            var handed: [String] = []
            #expect(throws: Unreadable(name: "41.jpg")) {
                try stream(cores: cores, batchSize: 4, bad: [41, 42, 50, 51, 60], tally: tally).run(
                    list, endsWithFailure: true
                ) { handed += $0.pictures.map(\.name) }
            }
            #expect(handed == names(40))
            #expect(tally["read"] <= 41 + 4 * 2 * 8 + 4)
            // Nobody goes on behind the caller's back.
            let read = tally["read"]
            usleep(20_000)
            #expect(tally["read"] == read)
        }
    }

    @Test func whatTheCallerThrowsEndsAll() throws {
        let list = try PictureList(names(5000))
        for cores in [1, 4] {
            let tally = Tally()
            #expect(throws: CancellationError.self) {
                try stream(cores: cores, batchSize: 4, tally: tally).run(list) { _ in throw CancellationError() }
            }
            #expect(tally["read"] <= 4 * 2 * 4 + 4)
        }
    }

    @Test func aFailureToEncodeIsThrown() throws {
        let list = try PictureList(names(100))
        let failing = PictureStream<Int, [Int]>(
            sizes: StreamSizes(batchSize: 4, cores: 3), read: { _ in 1 },
            encode: { _, _ in throw Unreadable(name: "device") })
        #expect(throws: Unreadable(name: "device")) { try failing.run(list) { _ in } }
    }

    @Test func aCanceledTaskEnds() async throws {
        let list = try PictureList(names(5000))
        let (tally, stream) = (Tally(), stream(cores: 2, batchSize: 4))
        let task = Task {
            try stream.run(list) { batch in
                tally.add("handed over", batch.pictures.count)
                while !Task.isCancelled { usleep(1000) }
            }
        }
        while tally["handed over"] == 0 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(tally["handed over"] < 100)
    }

    @Test func onlySoManyPicturesAreUnderWay() throws {
        let list = try PictureList(names(400))
        let tally = Tally()
        try stream(cores: 3, batchSize: 4, tally: tally).run(list) { batch in
            usleep(500)
            tally.add("handed over", batch.pictures.count)
        }
        #expect(tally["read"] == 400 && tally["batch"] == 4)
        // Two batches for each thread, and one in the caller's hands.
        #expect(tally["ahead"] <= (2 * 3 + 1) * 4, "\(tally["ahead"])")
    }

    @Test func fewPicturesAreSharedOut() {
        typealias Plan = StreamSizes.Plan
        let sizes = StreamSizes(batchSize: 32, cores: 4)
        #expect(sizes.plan(nil) == Plan(batchSize: 32, workers: 4, threads: 1))
        #expect(sizes.plan(1) == Plan(batchSize: 1, workers: 1, threads: 4))
        #expect(sizes.plan(2) == Plan(batchSize: 1, workers: 2, threads: 2))
        #expect(sizes.plan(9) == Plan(batchSize: 3, workers: 3, threads: 1))
        #expect(sizes.plan(28) == Plan(batchSize: 7, workers: 4, threads: 1))
        #expect(sizes.plan(129) == Plan(batchSize: 17, workers: 4, threads: 1))
        #expect(sizes.plan(100_000).workers == 4)
        #expect(StreamSizes(batchSize: 32, cores: 1, leastWorkers: 2).plan(100).workers == 2)
    }

    @Test func shardsAreReadInOrderWithWhatIsWrongInThem() throws {
        try withTemporaryDirectory { folder in
            for shard in 0..<3 {
                let writer = try ShardWriter(path: "\(folder)/\(shard).tar")
                for entry in 0..<5 {
                    try writer.append(
                        key: "\(shard * 5 + entry)", files: [("jpg", Data([1])), ("txt", Data("a".utf8))])
                }
                try writer.finish()
            }
            let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/1.tar"))
            try whole.prefix(2048 + 700).write(to: URL(fileURLWithPath: folder + "/1.tar"))
            let list = try PictureList([folder + "/{0..2}.tar", folder + "/none.tar"])
            #expect(list.count == nil && list.names.count == 4)
            let named = PictureStream<String, [String]>(
                sizes: StreamSizes(batchSize: 2, cores: 1), read: { $0.name }, encode: { inputs, _ in inputs })
            func told(_ cores: Int) throws -> [String] {
                var told: [String] = []
                try PictureStream(
                    sizes: StreamSizes(batchSize: 2, cores: cores), read: named.read, encode: named.encode
                ).run(list) { told += $0.pictures.map { "\($0.name) \($0.failure == nil)" } }
                return told
            }
            let alone = try told(1)
            #expect(alone.first == "\(folder)/0.tar: 0.jpg true" && alone.last == "\(folder)/none.tar false")
            #expect(alone.contains("\(folder)/1.tar false"))
            for cores in [2, 5] { #expect(try told(cores) == alone) }
            #expect(list.part(1..<2).names == [folder + "/1.tar"])
        }
    }
}
