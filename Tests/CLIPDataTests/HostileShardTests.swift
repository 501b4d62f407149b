import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct HostileShardTests {
    private func read(_ path: String) throws -> (samples: [ShardSample], warnings: [ShardWarning]) {
        let reader = try ShardReader(path: path)
        var samples: [ShardSample] = []
        while let sample = try reader.next() { samples.append(sample) }
        return (samples, reader.warnings)
    }

    @Test(arguments: [
        "size_octal.tar", "size_within_limit.tar", "size_base256.tar", "size_negative.tar", "pax_size.tar",
        "pax_huge_header.tar",
    ])
    func absurdSizesEndTheReading(name: String) throws {
        let (samples, warnings) = try read(fixture(name).path)
        let ok = try #require(samples.first)
        #expect(ok.key == "ok")
        #expect(ok["txt"] == Data("ok".utf8))
        #expect(samples.dropFirst().allSatisfy { $0.files.isEmpty }, "\(samples)")
        #expect(!warnings.isEmpty || samples.contains { !$0.oversized.isEmpty })
    }

    @Test func damageEndsTheReading() throws {
        let (samples, warnings) = try read(fixture("garbage_middle.tar").path)
        #expect(samples.map(\.key) == ["ok"])
        #expect(warnings.map(\.problem) == [.damaged])
        #expect(warnings.first?.lastEntry == "ok.txt")
    }

    @Test func traversalNamesAreOnlyLabels() throws {
        let folder = try TemporaryFolder()
        let (samples, warnings) = try read(fixture("traversal.tar").path)
        #expect(samples.map(\.key) == ["../../evil", "/abs/evil"])
        #expect(warnings.isEmpty)
        #expect(try folder.contents().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "/abs/evil.jpg"))
    }

    /// However the file is cut, the samples before the cut come whole, and the cut is told.
    @Test func truncatedAnywhere() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("whole.tar"))
        for index in 0..<4 {
            try writer.append(
                key: "\(index)",
                files: [("jpg", Data(repeating: 7, count: 300 + index * 400)), ("txt", Data("c".utf8))])
        }
        try writer.finish()
        let bytes = try Data(contentsOf: folder.url.appendingPathComponent("whole.tar"))
        let whole = try read(folder.path("whole.tar")).samples
        // Where each sample ends: a header block and the padded contents for each of its files.
        var ends: [Int] = []
        for index in 0..<4 { ends.append((ends.last ?? 0) + 512 + (300 + index * 400 + 511) / 512 * 512 + 1024) }
        for cut in stride(from: 1, through: ends[3] + 512, by: 128) {
            let path = try folder.write("cut.tar", bytes.prefix(cut))
            let count = ends.filter { $0 <= cut }.count
            do {
                let (samples, warnings) = try read(path)
                #expect(Array(samples.prefix(count)) == Array(whole.prefix(count)), "cut at \(cut)")
                for (sample, reference) in zip(samples, whole).dropFirst(count) {
                    #expect(sample.files.allSatisfy { $0.data == reference[$0.fileExtension] }, "cut at \(cut)")
                }
                #expect(warnings.count == 1, "cut at \(cut)")
            } catch {
                #expect(count == 0, "cut at \(cut): \(error)")
            }
        }
    }

    /// A small compressed shard is unpacked in one piece, or not at all.
    @Test func truncatedGzip() throws {
        let folder = try TemporaryFolder()
        let bytes = try Data(contentsOf: fixture("plain.tar.gz"))
        let path = try folder.write("cut.tar.gz", bytes.prefix(bytes.count - 12))
        #expect(throws: CLIPDataError.notAShard(path: path, detail: "truncated gzip input")) { try read(path) }
    }

    @Test func notShards() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CLIPDataError.emptyShard(path: folder.path("zero.tar"))) {
            try read(folder.write("zero.tar", Data()))
        }
        #expect(throws: CLIPDataError.emptyShard(path: fixture("only_end.tar").path)) {
            try read(fixture("only_end.tar").path)
        }
        #expect(throws: CLIPDataError.missing(folder.path("none.tar"))) { try read(folder.path("none.tar")) }
        for (name, text) in [("text.tar", "just words\n"), ("long.tar", String(repeating: "words ", count: 9000))] {
            let error = #expect(throws: CLIPDataError.self) { try read(folder.write(name, text)) }
            guard case .notAShard(let path, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(path == folder.path(name))
        }
        for path in [folder.url.path, "/dev/zero", "", "a\u{0}b"] {
            let error = #expect(throws: CLIPDataError.self) { try read(path) }
            guard case .file = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func entriesAboveTheLimitAreNamed() throws {
        let reader = try ShardReader(path: fixture("plain.tar").path, maximumEntryBytes: 550)
        let sample = try #require(try reader.next())
        #expect(sample.files.map(\.fileExtension) == ["txt"])
        #expect(sample.oversized == [.init(fileExtension: "jpg", bytes: 600)])
        #expect(try reader.next()?.files.count == 2)
    }

    /// Changed bytes anywhere: every read ends, with samples or with a typed error.
    @Test func mutatedShardsNeverCrash() throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix64(seed: 7)
        var outcomes = (read: 0, refused: 0)
        for name in ["plain.tar", "pax.tar", "gnu.tar", "plain.tar.gz", "pax_size.tar"] {
            let original = [UInt8](try Data(contentsOf: fixture(name)))
            for _ in 0..<300 {
                var bytes = original
                for _ in 0...generator.integer(below: 6) {
                    bytes[generator.integer(below: bytes.count)] = UInt8(generator.integer(below: 256))
                }
                let path = try folder.write("mutated.tar", Data(bytes))
                do {
                    let reader = try ShardReader(path: path, maximumEntryBytes: 1 << 20)
                    while try reader.next() != nil {}
                    outcomes.read += 1
                } catch is CLIPDataError {
                    outcomes.refused += 1
                }
            }
        }
        #expect(outcomes.read + outcomes.refused == 1500)
        #expect(outcomes.read > 0 && outcomes.refused > 0, "\(outcomes)")
    }
}
