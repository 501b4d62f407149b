import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct PairStreamTests {
    private struct Place: Equatable {
        let key: String
        let position: Int
        let seed: UInt64
    }

    private func places(
        _ source: PairSource, _ order: SampleOrder, epoch: Int = 0, from start: Int = 0
    ) throws -> [Place] {
        let stream = try PairStream(source: source, order: order, epoch: epoch, startPosition: start)
        var places: [Place] = []
        while let step = try stream.next() {
            guard case .pair(let pair) = step else { continue }
            places.append(Place(key: pair.sample.key, position: pair.position, seed: pair.seed))
        }
        return places
    }

    @Test func shardsAreShuffledReproducibly() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26]))
        #expect(try source.countPairs() == 100)
        let plain = try places(source, SampleOrder(seed: 1, isShuffled: false))
        #expect(plain.map(\.key) == (0..<100).map { String(format: "%06d", $0) })
        let order = SampleOrder(seed: 1, bufferCount: 16)
        let first = try places(source, order)
        #expect(try places(source, order) == first)
        #expect(first.map(\.key).sorted() == plain.map(\.key))
        #expect(first.map(\.position) == Array(0..<100))
        #expect(Set(first.map(\.seed)).count == 100)
        #expect(try places(source, order, epoch: 1).map(\.key) != first.map(\.key))
        #expect(try places(source, SampleOrder(seed: 2, bufferCount: 16)).map(\.key) != first.map(\.key))
        #expect(Set(try places(source, order, epoch: 1).map(\.seed)).isDisjoint(with: first.map(\.seed)))
    }

    /// The order is a promise to those who resume runs: it must not change from release to release.
    @Test func theOrderIsPinned() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [4, 4]))
        let order = try places(source, SampleOrder(seed: 42, bufferCount: 3))
        #expect(order.map { Int($0.key) } == [5, 4, 6, 7, 2, 0, 1, 3])
        #expect(order.first?.seed == 269_870_033_806_873_332)
    }

    @Test(arguments: [0, 1, 7, 50, 99, 100, 1000]) func resumingContinuesTheSame(start: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [50, 50]))
        for order in [
            SampleOrder(seed: 3, bufferCount: 10), SampleOrder(seed: 3, isShuffled: false),
            SampleOrder(seed: 3, bufferCount: 5000, bufferBytes: 70),
        ] {
            let whole = try places(source, order, epoch: 2)
            #expect(try places(source, order, epoch: 2, from: start) == Array(whole.dropFirst(start)))
        }
    }

    @Test func listsAreShuffledAsAWholeAndResume() throws {
        let folder = try TemporaryFolder()
        // Row 30 is ragged: it keeps its place, so that positions after it do not move.
        let rows = (0..<100).map { $0 == 30 ? "30.jpg" : "\($0).jpg,caption \($0)" }
        let path = try folder.write("t.csv", "filepath,title\n" + rows.joined(separator: "\n"))
        let source = try PairSource(path)
        let order = SampleOrder(seed: 9)
        let whole = try places(source, order)
        #expect(whole.count == 99)
        #expect(Set(whole.map(\.key)).count == 99)
        #expect(whole.map(\.key) != whole.map(\.key).sorted { Int($0.dropLast(4))! < Int($1.dropLast(4))! })
        for start in Array(0...101) + [200] {
            #expect(try places(source, order, from: start) == whole.filter { $0.position >= start })
        }
    }

    @Test func theBufferIsBoundedInBytes() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [100]))
        // Each pair holds 12 bytes; two of them reach the limit, so no pair comes much before its place.
        let order = SampleOrder(seed: 5, bufferCount: 5000, bufferBytes: 24)
        for (index, place) in try places(source, order).enumerated() {
            #expect(try #require(Int(place.key)) <= index + 1)
        }
    }

    @Test func badSamplesInShardsAreNamed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.tar")
        let writer = try ShardWriter(path: path)
        let jpg = ("jpg", Data("J".utf8))
        try writer.append(key: "0", files: [jpg, ("txt", Data("good".utf8))])
        try writer.append(key: "1", files: [jpg])
        try writer.append(key: "2", files: [("txt", Data("x".utf8))])
        try writer.append(key: "3", files: [jpg, ("txt", Data([0xFF]))])
        try writer.append(key: "4", files: [jpg, ("txt", Data(" \n".utf8))])
        try writer.append(key: "5", files: [("jpg", Data(count: 5000)), ("txt", Data("x".utf8))])
        let json = #"{"caption":"c","captions":["d"],"category":"k"}"#
        try writer.append(
            key: "6", files: [("webp", Data("W".utf8)), ("png", Data("P".utf8)), ("json", Data(json.utf8))])
        try writer.finish()
        let source = try PairSource(path, maximumEntryBytes: 1000)
        let (samples, skipped) = try collect(source)
        #expect(samples.map(\.key) == ["0", "6"])
        #expect(samples[1].imageName == "6.png")
        #expect(samples[1].image == .bytes(Data("P".utf8)))
        #expect(samples[1].caption == "c" && samples[1].alternatives == ["d"] && samples[1].category == "k")
        #expect(samples[1].location == "\(path): 6.png")
        #expect(skipped.map(\.reason) == [.noCaption, .noImage, .captionNotUTF8, .noCaption, .tooLarge(bytes: 5000)])
        #expect(skipped[0].location == "\(path): 1.jpg")
        #expect(try source.countPairs() == 2)
        #expect(try PairSource(path).countPairs() == 3)
    }

    @Test func aCutShardIsReportedAndTheNextIsRead() throws {
        let folder = try TemporaryFolder()
        let specification = try makeShards(in: folder, counts: [4, 4])
        let bytes = try Data(contentsOf: folder.url.appendingPathComponent("train-0.tar"))
        try folder.write("train-0.tar", bytes.prefix(2048 * 2 + 1024 + 400))
        let (samples, skipped) = try collect(PairSource(specification))
        #expect(samples.map { Int($0.key) } == [0, 1, 4, 5, 6, 7])
        #expect(skipped.count == 2)
        #expect(skipped.first?.reason == .noCaption)
        guard case .damagedShard = skipped.last?.reason else {
            Issue.record("\(skipped)")
            return
        }
    }

    @Test(arguments: ["no_samples.tar", "only_end.tar"]) func shardsWithoutSamplesAreErrors(name: String) throws {
        let path = fixture(name).path
        #expect(throws: CLIPDataError.emptyShard(path: path)) { try collect(PairSource(path)) }
        #expect(throws: CLIPDataError.emptyShard(path: path)) { try PairSource(path).countPairs() }
    }
}
