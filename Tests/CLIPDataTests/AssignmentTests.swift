import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite(.timeLimit(.minutes(20))) struct AssignmentTests {
    private struct Undecodable: Error {}

    private func batches(
        _ source: PairSource, _ order: SampleOrder, _ assignment: ShardAssignment, _ options: PairLoaderOptions,
        epoch: Int = 0, onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in },
        decode: @escaping PairLoader<LoadedItem>.Decode = LoadedItem.decode
    ) throws -> [PairBatch<[LoadedItem]>] {
        try allBatches(
            PairLoader(
                source: source, order: order, resumingAt: DataCursor(epoch: epoch), assignment: assignment,
                options: options, onSkip: onSkip, decode: decode))
    }

    private func order(openShards: Int = 1) -> SampleOrder {
        var order = SampleOrder(seed: 4, bufferCount: 20)
        order.openShards = openShards
        return order
    }

    @Test(arguments: [1, 2, 5]) func exactPartsMakeTheBatchesOfOneProcess(openShards: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26]))
        let order = order(openShards: openShards)
        let one = try batches(source, order, .alone, PairLoaderOptions(batchSize: 12, dropsLast: true))
        #expect(one.count == 8)
        for worldSize in [2, 3, 4] {
            let parts = try (0..<worldSize).map { rank in
                try batches(
                    source, order, ShardAssignment(rank: rank, worldSize: worldSize),
                    PairLoaderOptions(batchSize: 12 / worldSize, dropsLast: true, threads: 1 + rank))
            }
            for index in one.indices {
                #expect(parts.flatMap { $0[index].content } == one[index].content, "batch \(index) of \(worldSize)")
                // One cursor serves all, whoever writes it.
                for part in parts { #expect(part[index].cursor == one[index].cursor) }
            }
            #expect(parts.allSatisfy { $0.count == one.count })
        }
    }

    /// A run may go on with another number of processes.
    @Test func exactPartsGoOnWithOtherNumbersOfProcesses() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [40, 40]))
        let one = try batches(source, order(), .alone, PairLoaderOptions(batchSize: 12, dropsLast: true))
        let cursor = one[1].cursor
        let parts = try (0..<3).map { rank in
            try allBatches(
                PairLoader(
                    source: source, order: order(), resumingAt: cursor,
                    assignment: ShardAssignment(rank: rank, worldSize: 3),
                    options: PairLoaderOptions(batchSize: 4, dropsLast: true), decode: LoadedItem.decode))
        }
        for index in 2..<one.count { #expect(parts.flatMap { $0[index - 2].content } == one[index].content) }
    }

    @Test func eachProcessDecodesItsOwnPairsOnly() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [60, 60]))
        let recorder = Recorder<String>()
        let part = try batches(
            source, order(), ShardAssignment(rank: 1, worldSize: 3), PairLoaderOptions(batchSize: 5, dropsLast: true),
            decode: { sample, seed in
                recorder.record(sample.key)
                return try LoadedItem.decode(sample, seed)
            })
        #expect(part.count == 8)
        #expect(recorder.values.sorted() == part.flatMap(\.content).map(\.key).sorted())
    }

    @Test func aNeighborStandsInForWhatCannotBeDecoded() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [48]))
        let order = SampleOrder(seed: 0, isShuffled: false)
        let skipped = Recorder<SkippedSample>()
        let parts = try (0..<2).map { rank in
            try batches(
                source, order, ShardAssignment(rank: rank, worldSize: 2),
                PairLoaderOptions(batchSize: 6, dropsLast: true, threads: 3), onSkip: skipped.record
            ) { sample, seed in
                if ["000000", "000001", "000009", "000023"].contains(sample.key) { throw Undecodable() }
                return try LoadedItem.decode(sample, seed)
            }
        }
        #expect(parts.map(\.count) == [4, 4])
        #expect(skipped.values.count == 4)
        #expect(parts[0][0].content.map { Int($0.key) } == [2, 2, 2, 3, 4, 5])
        #expect(parts[1][0].content.map { Int($0.key) } == [6, 7, 8, 8, 10, 11])
        #expect(parts[1][1].content.map { Int($0.key) } == [18, 19, 20, 21, 22, 22])
        // The others' places do not move.
        #expect(parts[0][1].content.map { Int($0.key) } == Array(12..<18))
    }

    @Test(arguments: [1, 2]) func dealtShardsAreReadByOneProcessEach(openShards: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 30, 25, 15, 30, 12]))
        var options = PairLoaderOptions(batchSize: 4)
        options.batchesPerEpoch = 11
        for epoch in 0..<3 {
            var seen: [Set<String>] = []
            for rank in 0..<2 {
                let assignment = ShardAssignment(rank: rank, worldSize: 2, mode: .scale)
                let own = try batches(source, order(openShards: openShards), assignment, options, epoch: epoch)
                #expect(own.count == 11)
                #expect(own.allSatisfy { $0.content.count == 4 })
                // Their random views differ too.
                seen.append(Set(own.flatMap(\.content).map { "\($0.key) \($0.seed)" }))
            }
            #expect(seen[0].isDisjoint(with: seen[1]))
            let keys = seen.map { Set($0.map { $0.prefix(6) }) }
            #expect(keys[0].isDisjoint(with: keys[1]))
        }
    }

    /// The short one begins its shards again: everyone has as many batches as were asked for.
    @Test func dealtShardsBeginAgain() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [10, 3]))
        var options = PairLoaderOptions(batchSize: 4)
        options.batchesPerEpoch = 5
        for rank in 0..<2 {
            let own = try batches(source, order(), ShardAssignment(rank: rank, worldSize: 2, mode: .scale), options)
            #expect(own.count == 5)
            let counts = Dictionary(own.flatMap(\.content).map { ($0.key, 1) }, uniquingKeysWith: +)
            #expect([3, 10].contains(counts.count))
            // 20 pairs of 3 or of 10: none much more often than the others.
            #expect(counts.values.allSatisfy { $0 >= (counts.count == 3 ? 4 : 1) })
        }
    }

    @Test func impossibleAssignmentsAreRefused() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [10, 10]))
        var options = PairLoaderOptions(batchSize: 4)
        options.batchesPerEpoch = 2
        for assignment in [
            ShardAssignment(rank: 0, worldSize: 3, mode: .scale), ShardAssignment(rank: 2, worldSize: 2),
            ShardAssignment(rank: -1, worldSize: 2), ShardAssignment(rank: 0, worldSize: 0),
        ] {
            let error = #expect(throws: CLIPDataError.self) { try batches(source, order(), assignment, options) }
            guard case .invalidOption = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        options.batchesPerEpoch = nil
        #expect(throws: CLIPDataError.self) {
            try batches(source, order(), ShardAssignment(rank: 0, worldSize: 2, mode: .scale), options)
        }
    }

    @Test func weightsGiveFrequencies() throws {
        let folder = try TemporaryFolder()
        _ = try makeShards(in: folder, counts: [4, 4, 4])
        let specification = "\(folder.path("train-0.tar"))::\(folder.path("train-{1,2}.tar"))"
        var drawing = order()
        drawing.drawsShardsWithReplacement = true
        var options = PairLoaderOptions(batchSize: 100)
        options.batchesPerEpoch = 40
        for (weights, expected) in [
            ([1, 1], [1 / 3.0, 1 / 3.0, 1 / 3.0]), ([1, 3], [1 / 7.0, 3 / 7.0, 3 / 7.0]), ([0, 1], [0, 0.5, 0.5]),
        ] as [([Double], [Double])] {
            let source = try PairSource(specification, weights: weights)
            let pairs = try batches(source, drawing, .alone, options).flatMap(\.content)
            for shard in 0..<3 {
                let count = pairs.count { (Int($0.key) ?? 0) / 4 == shard }
                // 1000 draws of shards: four standard deviations are at most 0.064.
                #expect(abs(Double(count) / 4000 - expected[shard]) < 0.07, "shard \(shard) of weights \(weights)")
                if expected[shard] == 0 { #expect(count == 0) }
            }
            let again = try batches(source, drawing, .alone, options).flatMap(\.content)
            #expect(again == pairs)
            #expect(try batches(source, drawing, .alone, options, epoch: 1).flatMap(\.content) != pairs)
        }
        // Without drawing weights would mean nothing.
        let weighted = try PairSource(specification, weights: [1, 3])
        #expect(throws: CLIPDataError.self) { try batches(weighted, order(), .alone, options) }
        for weights in [[1], [1, 2, 3], [0, 0], [-1, 1], [.nan, 1], [.infinity, 1]] {
            #expect(throws: CLIPDataError.self) { try PairSource(specification, weights: weights) }
        }
    }

    @Test func endlessEpochsWithoutPairsEnd() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [2]))
        var drawing = order()
        drawing.drawsShardsWithReplacement = true
        var options = PairLoaderOptions(batchSize: 4)
        options.batchesPerEpoch = 2
        let error = #expect(throws: CLIPDataError.self) {
            try batches(source, drawing, .alone, options, decode: { _, _ in throw Undecodable() })
        }
        guard case .noPairs = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func batchesArePutTogetherAhead() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        let made = Recorder<Int>()
        let loader = try PairLoader(
            source: source, order: order(), resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 4), decode: LoadedItem.decode)
        let ahead = loader.ahead(2) { pairs in
            made.record(pairs.count)
            return pairs
        }
        let plain = try batches(source, order(), .alone, PairLoaderOptions(batchSize: 4))
        var taken = 0
        while let batch = try ahead.next() {
            #expect(batch.content == plain[taken].content)
            #expect(batch.cursor == plain[taken].cursor)
            taken += 1
            Thread.sleep(forTimeInterval: 0.002)
            // Two wait, and one is in the making.
            #expect(made.values.count <= taken + 3)
        }
        #expect(taken == 25)
        #expect(try ahead.next() == nil)
        let failing = try PairLoader(
            source: source, order: order(), resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 4), decode: LoadedItem.decode
        ).ahead { _ -> Int in throw Undecodable() }
        for _ in 0..<2 { #expect(throws: Undecodable.self) { try failing.next() } }
        let cancelled = try PairLoader(
            source: source, order: order(), resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 4), decode: LoadedItem.decode
        ).ahead { $0 }
        _ = try cancelled.next()
        cancelled.cancel()
        #expect(throws: CLIPDataError.cancelled) { try cancelled.next() }
    }
}
