import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct ShardTests {
    private func read(_ path: String) throws -> (samples: [ShardSample], warnings: [ShardWarning]) {
        let reader = try ShardReader(path: path)
        var samples: [ShardSample] = []
        while let sample = try reader.next() { samples.append(sample) }
        return (samples, reader.warnings)
    }

    @Test func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.tar")
        let long = String(repeating: "x", count: 180)
        let names = ["000", "sub/001", "Katze-Ä-猫", long, "a.b/c", String(repeating: "猫", count: 300)]
        let writer = try ShardWriter(path: path)
        for (index, key) in names.enumerated() {
            try writer.append(
                key: key,
                files: [
                    ("jpg", Data(repeating: UInt8(index), count: 700_000 * index)),
                    ("txt", Data("caption \(index)".utf8)),
                ])
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.finish()
        #expect(try folder.contents() == ["a.tar"])
        let (samples, warnings) = try read(path)
        #expect(warnings.isEmpty)
        #expect(samples.map(\.key) == names)
        for (index, sample) in samples.enumerated() {
            #expect(sample.files.map(\.fileExtension) == ["jpg", "txt"])
            #expect(sample["jpg"] == Data(repeating: UInt8(index), count: 700_000 * index), "sample \(index)")
            #expect(sample["txt"] == Data("caption \(index)".utf8), "sample \(index)")
        }
    }

    /// The same bytes as Python's tarfile writes for the same ustar entries.
    @Test func bytesEqualPythons() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("plain.tar"))
        let long = String(repeating: "deep/", count: 20) + String(repeating: "x", count: 90)
        try writer.append(key: "a/000", files: [("jpg", Data(repeating: 74, count: 600)), ("txt", Data("zero".utf8))])
        try writer.append(
            key: "001", files: [("png", Data(repeating: 80, count: 512)), ("json", Data(#"{"caption":"one"}"#.utf8))])
        try writer.append(key: long, files: [("jpg", Data("L".utf8)), ("txt", Data("long".utf8))])
        try writer.finish()
        #expect(writer.sampleCount == 3)
        #expect(writer.byteCount == 600 + 4 + 512 + 17 + 1 + 4)
        let ours = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent("plain.tar")))
        let theirs = [UInt8](try Data(contentsOf: fixture("plain.tar")))
        #expect(ours.count == theirs.count)
        let difference = zip(ours, theirs).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(difference == nil, "first difference at byte \(difference?.offset ?? -1)")
    }

    @Test(arguments: ["plain.tar", "plain.tar.gz"]) func readsPythons(name: String) throws {
        let (samples, warnings) = try read(fixture(name).path)
        #expect(warnings.isEmpty)
        #expect(samples.map(\.key).prefix(2) == ["a/000", "001"])
        #expect(samples.map(\.key).last?.hasSuffix("deep/" + String(repeating: "x", count: 90)) == true)
        #expect(samples[0]["jpg"] == Data(repeating: 74, count: 600))
        #expect(samples[2]["txt"] == Data("long".utf8))
    }

    @Test(arguments: ["pax.tar", "gnu.tar"]) func readsForeignNames(name: String) throws {
        let (samples, warnings) = try read(fixture(name).path)
        #expect(warnings.isEmpty)
        #expect(samples.map(\.key) == ["Käse-猫", String(repeating: "é", count: 120)])
        #expect(samples.allSatisfy { $0.extensions == ["jpg", "txt"] })
    }

    @Test func groupsAsWebDataset() throws {
        let (samples, warnings) = try read(fixture("grouping.tar").path)
        #expect(warnings.isEmpty)
        #expect(samples.map(\.key) == ["x", "x", "v1.0/y"])
        let extensions = samples.map { $0.files.map(\.fileExtension) }
        #expect(extensions == [["jpg", "seg.png", "txt"], ["txt", "jpg"], ["jpg", "txt"]])
        #expect(samples[0]["txt"] == Data("3".utf8))
        #expect(samples[1]["txt"] == Data("again".utf8))
    }

    @Test func splitsNames() {
        #expect(ShardSample.split("a.b/cat.seg.PNG")! == ("a.b/cat", "seg.png"))
        for name in ["cat", ".hidden.jpg", "a/.hidden", "cat.", "", "a.b/c", "."] {
            #expect(ShardSample.split(name) == nil, "\(name)")
        }
    }

    @Test func unwantedFilesCountForGroupingOnly() throws {
        let reader = try ShardReader(path: fixture("plain.tar").path) { $0 == "txt" }
        let sample = try #require(try reader.next())
        #expect(sample.files.map(\.fileExtension) == ["txt"])
        #expect(sample.extensions == ["jpg", "txt"])
    }

    @Test func nothingIsLeftWithoutFinish() throws {
        let folder = try TemporaryFolder()
        try folder.write("kept.tar", "old")
        for isCancelled in [true, false] {
            let writer = try ShardWriter(path: folder.path("kept.tar"))
            try writer.append(key: "a", files: [("jpg", Data(count: 3 << 20))])
            let contents = try withExtendedLifetime(writer) { try folder.contents() }
            #expect(contents.count == 2)
            if isCancelled {
                writer.cancel()
                #expect(throws: CLIPDataError.self) { try writer.finish() }
                #expect(throws: CLIPDataError.self) { try writer.append(key: "b", files: [("jpg", Data())]) }
            }
        }
        #expect(try folder.contents() == ["kept.tar"])
        #expect(try String(contentsOfFile: folder.path("kept.tar"), encoding: .utf8) == "old")
    }

    @Test func nothingIsLeftWhenMovingFails() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("taken.tar"))
        try writer.append(key: "a", files: [("jpg", Data(count: 10))])
        try folder.write("taken.tar/inside", "x")
        #expect(throws: CLIPDataError.self) { try writer.finish() }
        #expect(try folder.contents() == ["taken.tar"])
        #expect(throws: CLIPDataError.self) { try ShardWriter(path: folder.path("taken.tar")) }
        #expect(throws: CLIPDataError.self) { try ShardWriter(path: folder.path("none/a.tar")) }
        #expect(throws: CLIPDataError.self) { try ShardWriter(path: folder.path("a.zip")) }
    }

    @Test(arguments: [
        ("", "jpg"), ("a.b", "jpg"), ("a", ""), ("a", "JPG"), ("a", "x/y"), ("/a", "jpg"), ("../a", "jpg"),
        ("a/../b", "jpg"), ("a\u{0}b", "jpg"), ("a/", "jpg"), (String(repeating: "x", count: 5000), "jpg"),
    ])
    func invalidNamesAreRefused(key: String, fileExtension: String) throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("a.tar"))
        let error = #expect(throws: CLIPDataError.self) {
            try writer.append(key: key, files: [("txt", Data()), (fileExtension, Data())])
        }
        guard case .invalidEntryName = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // The writer is still good, and holds nothing of the refused sample.
        try writer.append(key: "good", files: [("txt", Data("x".utf8))])
        try writer.finish()
        #expect(try read(folder.path("a.tar")).samples.map(\.key) == ["good"])
    }

    @Test func repeatedExtensionIsRefused() throws {
        let folder = try TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("a.tar"))
        #expect(throws: CLIPDataError.self) {
            try writer.append(key: "a", files: [("txt", Data()), ("txt", Data())])
        }
        #expect(throws: CLIPDataError.self) { try writer.append(key: "a", files: []) }
    }
}
