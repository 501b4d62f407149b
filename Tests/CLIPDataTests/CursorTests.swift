import Foundation
import TestSupport
import Testing

@testable import CLIPData

/// What a decoder makes of a pair here: everything that could differ from run to run.
struct LoadedItem: Sendable, Equatable {
    let key: String
    let caption: String
    let bytes: Data
    let seed: UInt64
    let number: Int64

    static let decode: PairLoader<LoadedItem>.Decode = { sample, seed in
        LoadedItem(
            key: sample.key, caption: sample.caption, bytes: try sample.imageBytes(), seed: seed,
            number: sample.number)
    }
}

/// A loader's batches to its end.
func allBatches<Decoded>(_ loader: PairLoader<Decoded>) throws -> [PairBatch<[Decoded]>] {
    var batches: [PairBatch<[Decoded]>] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
}

@Suite(.timeLimit(.minutes(20))) struct CursorTests {
    private static let orders = [
        SampleOrder(seed: 3, bufferCount: 10), SampleOrder(seed: 3, isShuffled: false),
        SampleOrder(seed: 3, bufferCount: 5000, bufferBytes: 70), SampleOrder(seed: 8, bufferCount: 1000),
    ]

    /// Resumes after every batch, by a cursor that went through JSON, and compares all that follows.
    private func expectResumes(
        _ source: PairSource, _ order: SampleOrder, assignment: ShardAssignment = .alone, options: PairLoaderOptions,
        decode: @escaping PairLoader<LoadedItem>.Decode = LoadedItem.decode
    ) throws {
        let start = DataCursor(epoch: 2)
        func loader(_ cursor: DataCursor, threads: Int) throws -> PairLoader<LoadedItem> {
            var options = options
            options.threads = threads
            return try PairLoader(
                source: source, order: order, resumingAt: cursor, assignment: assignment, options: options,
                decode: decode)
        }
        let whole = try allBatches(loader(start, threads: 1))
        #expect(!whole.isEmpty)
        for (index, batch) in whole.enumerated() {
            let stored = try JSONEncoder().encode(batch.cursor)
            let cursor = try JSONDecoder().decode(DataCursor.self, from: stored)
            #expect(cursor == batch.cursor)
            let rest = try allBatches(loader(cursor, threads: 1 + index % 4))
            let expected = whole.dropFirst(index + 1)
            #expect(rest.map(\.content) == expected.map(\.content), "after batch \(index)")
            #expect(rest.map(\.positions) == expected.map(\.positions), "after batch \(index)")
            // The cursors too, so that a run may be interrupted as often as it likes.
            #expect(rest.map(\.cursor) == expected.map(\.cursor), "after batch \(index)")
        }
    }

    @Test(arguments: orders) func plainShardsResumeAfterEveryBatch(order: SampleOrder) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26]))
        try expectResumes(source, order, options: PairLoaderOptions(batchSize: 7))
    }

    @Test(arguments: orders) func compressedShardsResumeAfterEveryBatch(order: SampleOrder) throws {
        let folder = try TemporaryFolder()
        _ = try makeShards(in: folder, counts: [20, 1, 30])
        for index in 0..<3 { try compress(folder.path("train-\(index).tar")) }
        let source = try PairSource(folder.path("train-{0..2}.tar.gz"))
        try expectResumes(source, order, options: PairLoaderOptions(batchSize: 6))
    }

    @Test(arguments: [2, 3, 7]) func severalOpenShardsResume(count: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26]))
        for var order in Self.orders {
            order.openShards = count
            try expectResumes(source, order, options: PairLoaderOptions(batchSize: 9))
        }
    }

    @Test func entriesThatAreNoPairsAndCutShardsResume() throws {
        let folder = try TemporaryFolder()
        let specification = try makeDamagedShards(in: folder)
        let source = try PairSource(specification)
        for openShards in [1, 2] {
            for var order in Self.orders {
                order.openShards = openShards
                try expectResumes(source, order, options: PairLoaderOptions(batchSize: 3)) { sample, seed in
                    if sample.key.hasSuffix("3") { throw CocoaError(.fileReadCorruptFile) }
                    return try LoadedItem.decode(sample, seed)
                }
            }
        }
    }

    @Test func tablesAndFoldersResume() throws {
        let folder = try TemporaryFolder()
        let names = (0..<30).map { String(format: "%02d", $0) }
        for name in names {
            try folder.write("p/\(name).jpg", name)
            if name != "17" { try folder.write("p/\(name).txt", "caption \(name)") }
        }
        let rows = names.map { $0 == "11" ? "p/11.jpg" : "p/\($0).jpg,caption \($0)" }
        let table = try folder.write("t.csv", "filepath,title\n" + rows.joined(separator: "\n"))
        for source in [try PairSource(table), try PairSource(folder.path("p"))] {
            for order in [SampleOrder(seed: 3), SampleOrder(seed: 3, isShuffled: false)] {
                try expectResumes(source, order, options: PairLoaderOptions(batchSize: 4))
                var options = PairLoaderOptions(batchSize: 4)
                options.batchesPerEpoch = 9
                for rank in 0..<2 {
                    let scale = ShardAssignment(rank: rank, worldSize: 2, mode: .scale)
                    try expectResumes(source, order, assignment: scale, options: options)
                    let exact = ShardAssignment(rank: rank, worldSize: 2)
                    try expectResumes(source, order, assignment: exact, options: options)
                }
            }
        }
    }

    @Test func drawnAndWeightedShardsResume() throws {
        let folder = try TemporaryFolder()
        _ = try makeShards(in: folder, counts: [8, 5, 9, 3])
        let specification = "\(folder.path("train-0.tar"))::\(folder.path("train-{1..3}.tar"))"
        var options = PairLoaderOptions(batchSize: 5)
        options.batchesPerEpoch = 12
        for weights in [nil, [1, 3.5]] {
            let source = try PairSource(specification, weights: weights)
            for openShards in [1, 3] {
                var order = SampleOrder(seed: 3, bufferCount: 12)
                order.openShards = openShards
                order.drawsShardsWithReplacement = true
                try expectResumes(source, order, options: options)
                let scale = ShardAssignment(rank: 1, worldSize: 2, mode: .scale)
                try expectResumes(source, order, assignment: scale, options: options)
            }
        }
    }

    @Test(arguments: [1, 3]) func twoProcessesResume(openShards: Int) throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 1, 33, 20, 26]))
        var order = SampleOrder(seed: 5, bufferCount: 15)
        order.openShards = openShards
        var options = PairLoaderOptions(batchSize: 5, dropsLast: true)
        for rank in 0..<2 {
            try expectResumes(
                source, order, assignment: ShardAssignment(rank: rank, worldSize: 2), options: options)
        }
        options.batchesPerEpoch = 13
        for rank in 0..<2 {
            try expectResumes(
                source, order, assignment: ShardAssignment(rank: rank, worldSize: 2, mode: .scale), options: options)
        }
    }

    /// Shards that are done with need not even exist any more.
    @Test func onlyShardsThatAreNeededAreOpened() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [50, 50, 50]))
        let order = SampleOrder(seed: 0, isShuffled: false)
        let options = PairLoaderOptions(batchSize: 60)
        let loader = try PairLoader(
            source: source, order: order, resumingAt: DataCursor(epoch: 0), options: options, decode: LoadedItem.decode)
        let first = try #require(try loader.next())
        let expected = try allBatches(loader)
        try FileManager.default.removeItem(atPath: folder.path("train-0.tar"))
        let resumed = try PairLoader(
            source: source, order: order, resumingAt: first.cursor, options: options, decode: LoadedItem.decode)
        #expect(try allBatches(resumed).map(\.content) == expected.map(\.content))
    }

    @Test func cursorsStaySmall() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [3000, 3000]))
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 1), resumingAt: DataCursor(epoch: 0),
            options: PairLoaderOptions(batchSize: 100), decode: LoadedItem.decode)
        let cursor = try #require(try loader.next()).cursor
        #expect(try JSONEncoder().encode(cursor).count < 25_000)
        #expect(try EntryList.unpacked(#require(cursor.shards).buffer).count == 4999)
    }

    @Test func cursorsOfOtherDataAreRefused() throws {
        let folder = try TemporaryFolder()
        let specification = try makeShards(in: folder, counts: [20, 20])
        let source = try PairSource(specification)
        let order = SampleOrder(seed: 1, bufferCount: 8)
        let options = PairLoaderOptions(batchSize: 4)
        func load(_ source: PairSource, _ order: SampleOrder, _ cursor: DataCursor) throws -> [PairBatch<[LoadedItem]>]
        {
            try allBatches(
                PairLoader(
                    source: source, order: order, resumingAt: cursor, options: options, decode: LoadedItem.decode))
        }
        let cursor = try #require(load(source, order, DataCursor(epoch: 0)).first).cursor
        for other in [SampleOrder(seed: 2, bufferCount: 8), SampleOrder(seed: 1, bufferCount: 9)] {
            #expect(throws: CLIPDataError.self) { try load(source, other, cursor) }
        }
        let half = try PairSource(folder.path("train-0.tar"))
        #expect(throws: CLIPDataError.self) { try load(half, order, cursor) }
        // The same names, but no longer the same contents.
        let writer = try ShardWriter(path: folder.path("train-0.tar"))
        try writer.append(key: "x", files: [("jpg", Data("x".utf8)), ("txt", Data("x".utf8))])
        try writer.finish()
        try FileManager.default.removeItem(atPath: folder.path("train-1.tar"))
        try FileManager.default.copyItem(atPath: folder.path("train-0.tar"), toPath: folder.path("train-1.tar"))
        let error = #expect(throws: CLIPDataError.self) { try load(source, order, cursor) }
        guard case .invalidCursor = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// A cursor that somebody tampered with is an error or gives something else; it never ends the process.
    @Test func hostileCursorsAreBounded() throws {
        let folder = try TemporaryFolder()
        let source = try PairSource(makeShards(in: folder, counts: [20, 20]))
        let order = SampleOrder(seed: 1, bufferCount: 8)
        let options = PairLoaderOptions(batchSize: 4)
        let loader = try PairLoader(
            source: source, order: order, resumingAt: DataCursor(epoch: 0), options: options, decode: LoadedItem.decode)
        let cursor = try #require(try loader.next()).cursor
        let json = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(cursor)) as? [String: Any])
        func load(_ change: (inout [String: Any]) -> Void) throws -> Int {
            var changed = json
            change(&changed)
            let data = try JSONSerialization.data(withJSONObject: changed)
            let cursor = try JSONDecoder().decode(DataCursor.self, from: data)
            return try allBatches(
                PairLoader(
                    source: source, order: order, resumingAt: cursor, options: options, decode: LoadedItem.decode)
            ).count
        }
        func loadShards(_ change: (inout [String: Any]) -> Void) throws -> Int {
            try load { object in
                var shards = object["shards"] as? [String: Any] ?? [:]
                change(&shards)
                object["shards"] = shards
            }
        }
        for key in ["position", "pairs", "batches", "epoch"] {
            for value in [-1, Int.max, Int.min] { #expect(throws: (any Error).self) { try load { $0[key] = value } } }
        }
        #expect(throws: CLIPDataError.self) { try load { $0["shards"] = nil } }
        #expect(throws: CLIPDataError.self) { try loadShards { $0["turn"] = 1 } }
        #expect(throws: CLIPDataError.self) { try loadShards { $0["lanes"] = [] } }
        #expect(throws: CLIPDataError.self) {
            try loadShards { $0["lanes"] = [["ordinal": 0, "entry": 1, "offset": 1 << 40]] }
        }
        #expect(throws: CLIPDataError.self) { try loadShards { $0["lanes"] = [["ordinal": -1, "entry": 1]] } }
        let hostile: [[UInt8]] = [
            [], [0x80], [1, 0, 0], [0, 1, 0, 0], [1, 5, 0, 1, 0, 0], Array(repeating: 0xFF, count: 40),
            [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0, 0, 0],
        ]
        for bytes in hostile {
            let buffer = Data(bytes).base64EncodedString()
            #expect(throws: CLIPDataError.self, "\(bytes)") { try loadShards { $0["buffer"] = buffer } }
        }
        // Lanes far behind the end: nothing more comes, and that is all.
        #expect(try loadShards { $0["lanes"] = [["ordinal": 1 << 50, "entry": 0]] } == 2)
    }
}

/// Three shards: entries without a picture or a caption, one cut off, one whole.
private func makeDamagedShards(in folder: TemporaryFolder) throws -> String {
    let specification = try makeShards(in: folder, counts: [12, 9, 14])
    let writer = try ShardWriter(path: folder.path("train-0.tar"))
    for index in 0..<12 {
        let text = Data("p\(index)".utf8)
        let files =
            index % 5 == 1 ? [("jpg", text)] : index % 5 == 2 ? [("txt", text)] : [("jpg", text), ("txt", text)]
        try writer.append(key: "p\(index)", files: files)
    }
    try writer.finish()
    let whole = try Data(contentsOf: folder.url.appendingPathComponent("train-1.tar"))
    try folder.write("train-1.tar", whole.prefix(2048 * 6 + 700))
    return specification
}

/// Makes `x.tar.gz` of `x.tar`.
private func compress(_ path: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-n", path]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
}
