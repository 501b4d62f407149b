import Foundation
import TestSupport
import Testing

@testable import CLIPData

/// What a seed means, and the cursors that runs have written, hold in every release: the numbers and texts here were
/// made by the first release that had them.
@Suite(.timeLimit(.minutes(20))) struct PinnedOrderTests {
    /// One way to read.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var order = SampleOrder(seed: 3, bufferCount: 10)
        var assignment = ShardAssignment.alone
        var batchesPerEpoch: Int?
        var isTable = false
    }

    private static func order(openShards: Int, draws: Bool = false) -> SampleOrder {
        var order = SampleOrder(seed: 3, bufferCount: 10)
        order.openShards = openShards
        order.drawsShardsWithReplacement = draws
        return order
    }

    static let cases = [
        Case(testDescription: "one shard at a time"),
        Case(testDescription: "three open shards", order: order(openShards: 3)),
        Case(
            testDescription: "shards drawn with replacement", order: order(openShards: 2, draws: true),
            batchesPerEpoch: 20),
        Case(testDescription: "an exact part", assignment: ShardAssignment(rank: 1, worldSize: 2)),
        Case(
            testDescription: "dealt shards", order: order(openShards: 2),
            assignment: ShardAssignment(rank: 1, worldSize: 2, mode: .scale), batchesPerEpoch: 20),
        Case(testDescription: "a table", isTable: true),
    ]

    /// Of every pair's key, caption, seed and position, in order; and the cursor after the third batch, as JSON.
    private func pinned(_ test: Case) throws -> (hash: UInt64, cursor: String) {
        let text = try String(contentsOf: fixture("orders.tsv"), encoding: .utf8)
        let rows = text.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        let row = try #require(rows.first { $0.first == test.testDescription && $0.count == 3 })
        return (try #require(UInt64(row[1])), row[2])
    }

    private func source(_ folder: TemporaryFolder, isTable: Bool) throws -> PairSource {
        guard isTable else { return try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26])) }
        let rows = (0..<60).map { $0 % 11 == 4 ? "p/\($0).jpg" : "p/\($0).jpg,caption \($0)" }
        return try PairSource(folder.write("t.csv", "filepath,title\n" + rows.joined(separator: "\n")))
    }

    private func load(_ test: Case, _ source: PairSource, at cursor: DataCursor) throws -> [PairBatch<[String]>] {
        var options = PairLoaderOptions(batchSize: 7, threads: 3)
        options.batchesPerEpoch = test.batchesPerEpoch
        return try allBatches(
            PairLoader(
                source: source, order: test.order, resumingAt: cursor, assignment: test.assignment, options: options
            ) { sample, seed in "\(sample.key) \(sample.caption) \(seed)" })
    }

    private func hash(_ batches: [PairBatch<[String]>]) -> UInt64 {
        var hash: UInt64 = 0
        for batch in batches {
            for (item, position) in zip(batch.content, batch.positions) {
                for byte in "\(item) \(position)\n".utf8 { hash = SplitMix64.seed(hash, UInt64(byte)) }
            }
        }
        return hash
    }

    private func text(_ cursor: DataCursor) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(cursor), as: UTF8.self)
    }

    @Test(arguments: cases) func theOrderOfPairsIsPinned(_ test: Case) throws {
        let folder = try TemporaryFolder()
        let batches = try load(test, source(folder, isTable: test.isTable), at: DataCursor(epoch: 2))
        let pinned = try pinned(test)
        #expect(hash(batches) == pinned.hash)
        #expect(try text(batches[2].cursor) == pinned.cursor)
    }

    @Test(arguments: cases) func cursorsWrittenBeforeGoOn(_ test: Case) throws {
        let folder = try TemporaryFolder()
        let source = try source(folder, isTable: test.isTable)
        let written = try pinned(test).cursor
        let cursor = try JSONDecoder().decode(DataCursor.self, from: Data(written.utf8))
        let rest = try load(test, source, at: cursor)
        let whole = try load(test, source, at: DataCursor(epoch: 2))
        #expect(rest.map(\.content) == whole.dropFirst(3).map(\.content))
        #expect(rest.map(\.positions) == whole.dropFirst(3).map(\.positions))
        #expect(rest.map(\.cursor) == whole.dropFirst(3).map(\.cursor))
        #expect(try text(cursor) == written)
    }
}
