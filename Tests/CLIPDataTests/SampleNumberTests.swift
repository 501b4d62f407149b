import Foundation
import TestSupport
import Testing

@testable import CLIPData

/// Numbers of pairs that stay theirs. That a resumption, threads and processes change none is in the tests of cursors and
/// assignments, which compare numbers too.
@Suite(.timeLimit(.minutes(20))) struct SampleNumberTests {
    /// Each caption's numbers over some epochs.
    private func numbers(
        _ source: PairSource, _ order: SampleOrder, epochs: Int = 3, assignment: ShardAssignment = .alone,
        batches: Int? = nil
    ) throws -> [String: Set<Int64>] {
        var found: [String: Set<Int64>] = [:]
        var options = PairLoaderOptions(batchSize: 7, threads: 3)
        options.batchesPerEpoch = batches
        for epoch in 0..<epochs {
            let loader = try PairLoader(
                source: source, order: order, resumingAt: DataCursor(epoch: epoch), assignment: assignment,
                options: options
            ) { sample, _ in (sample.caption, sample.number) }
            for (caption, number) in try allBatches(loader).flatMap(\.content) {
                found[caption, default: []].insert(number)
            }
        }
        return found
    }

    private func expectOneEach(_ found: [String: Set<Int64>], count: Int) {
        #expect(found.count == count && found.values.allSatisfy { $0.count == 1 }, "\(found)")
        #expect(Set(found.values.joined()).count == count, "different pairs, different numbers")
    }

    @Test(arguments: [1, 3]) func samplesOfShardsKeepTheirNumbers(openShards: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33]))
        var order = SampleOrder(seed: 4, bufferCount: 15)
        order.openShards = openShards
        let found = try numbers(source, order)
        expectOneEach(found, count: 54)
        #expect(found["000000"] == [0] && found["000020"] == [1 << 40] && found["000053"] == [2 << 40 | 32])
        // However they are read.
        order.drawsShardsWithReplacement = true
        for (caption, drawn) in try numbers(source, order, batches: 12) { #expect(found[caption] == drawn) }
        let dealt = try (0..<2).map {
            try numbers(
                source, SampleOrder(seed: 9), assignment: ShardAssignment(rank: $0, worldSize: 2, mode: .scale),
                batches: 4)
        }
        for (caption, numbers) in dealt.joined() { #expect(found[caption] == numbers) }
    }

    @Test func aSkippedSampleTakesNobodysNumber() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("a.tar"))
        try writer.append(key: "first", files: [("jpg", Data("x".utf8)), ("txt", Data("first".utf8))])
        try writer.append(key: "bad", files: [("txt", Data("no picture".utf8))])
        try writer.append(key: "last", files: [("jpg", Data("x".utf8)), ("txt", Data("last".utf8))])
        try writer.finish()
        let found = try numbers(PairSource(folder.path("a.tar")), SampleOrder(seed: 1))
        #expect(found == ["first": [0], "last": [2]])
    }

    /// Shards are often called alike in two folders; and one that is given twice is read twice as often.
    @Test func shardsAreToldApartByTheirPlaceAndARepeatedOneIsItself() throws {
        let (left, right) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try makeShards(in: left, counts: [6])
        let writer = try ShardWriter(path: right.path("train-0.tar"))
        for name in ["a", "b"] {
            try writer.append(key: name, files: [("jpg", Data("x".utf8)), ("txt", Data(name.utf8))])
        }
        try writer.finish()
        let (first, second) = (left.path("train-0.tar"), right.path("train-0.tar"))
        let found = try numbers(PairSource("\(first)::\(first)::\(second)"), SampleOrder(seed: 2))
        expectOneEach(found, count: 8)
        #expect(found["a"] == [2 << 40])
    }

    @Test func rowsAndPicturesAreCounted() throws {
        let folder = try TemporaryFolder()
        let table = (0..<5).map { "missing-\($0).jpg,row \($0)" }
        try Data(("filepath,title\n" + table.joined(separator: "\n")).utf8)
            .write(to: URL(fileURLWithPath: folder.path("t.csv")))
        for name in ["b", "a", "c"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path(name + ".jpg")))
            try Data(name.utf8).write(to: URL(fileURLWithPath: folder.path(name + ".txt")))
        }
        let rows = try numbers(PairSource(folder.path("t.csv")), SampleOrder(seed: 1))
        for row in 0..<5 { #expect(rows["row \(row)"] == [Int64(row)]) }
        let pictures = try numbers(PairSource(folder.path(""), kind: .folder), SampleOrder(seed: 1))
        #expect(pictures == ["a": [0], "b": [1], "c": [2]])
    }
}
