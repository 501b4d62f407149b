import Foundation
import TestSupport
import Testing

@testable import CLIPData

@Suite struct FolderTests {
    @Test func readsSidecars() throws {
        let folder = try TemporaryFolder()
        try folder.write("b.jpg", "B")
        try folder.write("b.txt", "\u{FEFF} a bee \n")
        try folder.write("a/one.PNG", "1")
        let json = #"{"caption":"one","captions":["uno","one",7,"  "],"category":"numbers","id":3}"#
        try folder.write("a/one.json", json)
        try folder.write("a/v1.0.jpg", "2")
        try folder.write("a/v1.0.txt", "version")
        try folder.write("a/v1.0.json", #"{"caption":"other"}"#)
        try folder.write(".hidden/c.jpg", "3")
        try folder.write("none.gif", "4")
        try folder.write("bad.webp", "5")
        try folder.write("bad.txt", Data([0xFF, 0xFE]))
        try folder.write("broken.jpg", "6")
        try folder.write("broken.json", "{")
        try folder.write("README", "x")
        let source = try PairSource(folder.url.path)
        #expect(try source.countPairs() == 6)
        let (samples, skipped) = try collect(source)
        #expect(samples.map(\.key) == ["a/one", "a/v1.0", "b"])
        #expect(samples.map(\.caption) == ["one", "version", "a bee"])
        #expect(samples.map(\.alternatives) == [["uno"], ["other"], []])
        #expect(samples.map(\.category) == ["numbers", nil, nil])
        #expect(try samples.map { try $0.imageBytes() } == [Data("1".utf8), Data("2".utf8), Data("B".utf8)])
        #expect(samples[0].location == folder.path("a/one.PNG"))
        #expect(
            skipped == [
                SkippedSample(location: folder.path("bad.webp"), reason: .captionNotUTF8),
                SkippedSample(location: folder.path("broken.jpg"), reason: .badJSON),
                SkippedSample(location: folder.path("none.gif"), reason: .noCaption),
            ])
    }

    @Test func linkedFoldersAreNotFollowed() throws {
        let folder = try TemporaryFolder()
        try folder.write("a/x.jpg", "1")
        try FileManager.default.createSymbolicLink(atPath: folder.path("a/loop"), withDestinationPath: folder.url.path)
        #expect(try PairSource(folder.url.path).countPairs() == 1)
    }

    @Test func aFolderOfShardsSaysHowToNameThem() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.tar", "x")
        let error = #expect(throws: CLIPDataError.self) { try PairSource(folder.url.path) }
        #expect(error?.description.contains(folder.path("*.tar")) == true)
    }

    @Test func captionFieldsOfOtherTypesAreIgnored() throws {
        func read(_ json: String) -> Result<CaptionRecord, SkipReason> {
            CaptionRecord.read(text: nil, json: Data(json.utf8))
        }
        #expect(read(#"{"caption":3,"captions":["x"]}"#) == .success(CaptionRecord(caption: "x")))
        #expect(read(#"{"caption":"x","category":["y"]}"#) == .success(CaptionRecord(caption: "x")))
        let none = SkipReason.noCaption
        for json in [#"{}"#, #"{"captions":"x"}"#, #"{"captions":{"en":"x"}}"#, #"{"caption":null}"#] {
            #expect(read(json) == .failure(none), "\(json)")
        }
        let nested = String(repeating: "[", count: 100_000)
        for json in ["", "[]", "\u{0}", "{\"caption\":\"\\ud800\"", nested] {
            #expect(read(json) == .failure(.badJSON), "\(json.prefix(20))")
        }
    }
}
