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
        try folder.write("bad.txt", Data([0x61, 0xFF, 0xFE]))
        try folder.write("wide.jpg", "7")
        try folder.write("wide.txt", Data([0xFF, 0xFE, 0x61, 0]))
        try folder.write("broken.jpg", "6")
        try folder.write("broken.json", "{")
        try folder.write("README", "x")
        let source = try PairSource(folder.url.path)
        #expect(try source.countPairs() == 7)
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
                SkippedSample(location: folder.path("wide.jpg"), reason: .captionUTF16),
            ])
    }

    @Test func linkedFoldersAreFollowedOnceAndCirclesEnd() throws {
        let (folder, elsewhere) = (try TemporaryFolder(), try TemporaryFolder())
        try folder.write("a/x.jpg", "1")
        try folder.write("a/x.txt", "x")
        try elsewhere.write("deep/y.jpg", "2")
        try elsewhere.write("deep/y.txt", "y")
        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: folder.path(name), withDestinationPath: target)
        }
        try link("a/loop", to: folder.url.path)
        try link("b", to: elsewhere.url.path)
        try link("c", to: elsewhere.path("deep"))
        try link("d.jpg", to: "/nowhere")
        try link("gone", to: "/nowhere")
        let source = try PairSource(folder.url.path)
        #expect(try collect(source).samples.map(\.key) == ["a/x", "b/deep/y"])
        #expect(source.repeatedFolders.sorted() == ["a/loop", "c"])
        let list = try PictureList([folder.url.path])
        #expect(list.count == 3 && list.repeatedFolders == ["a/loop", "c"].map { folder.path($0) })
    }

    @Test func extensionsOfAnyCaseAndSpellingArePictures() throws {
        let folder = try TemporaryFolder()
        for name in ["UP.JPEG", "a.jfif", "b.Jpe", "c.HEIF", "d.dib", "e.TIFF"] {
            try folder.write(name, "1")
            try folder.write(String(name.prefix { $0 != "." }) + (name == "UP.JPEG" ? ".TXT" : ".txt"), name)
        }
        try folder.write("f.PNG", "1")
        try folder.write("f.JSON", #"{"caption": "f.PNG"}"#)
        let (samples, skipped) = try collect(PairSource(folder.url.path))
        #expect(samples.count == 7 && skipped.isEmpty)
        #expect(samples.allSatisfy { $0.caption == $0.imageName })
    }

    @Test func subfoldersWithoutAnyCaptionAreClasses() throws {
        let folder = try TemporaryFolder()
        for name in ["dog/1.jpg", "cat/2.jpg", "cat/more/3.png"] { try folder.write(name, "1") }
        let source = try PairSource(folder.url.path)
        #expect(source.classNames == ["cat", "dog"])
        let samples = try collect(source).samples
        #expect(samples.map(\.category) == ["cat", "cat", "dog"] && samples.map(\.caption) == ["cat", "cat", "dog"])
        // One caption, or one picture that lies in no subfolder, and they are pairs.
        try folder.write("dog/1.txt", "a dog")
        #expect(try PairSource(folder.url.path).classNames == nil)
        #expect(try collect(PairSource(folder.url.path)).samples.map(\.caption) == ["a dog"])
        let flat = try TemporaryFolder()
        try flat.write("1.jpg", "1")
        #expect(try PairSource(flat.url.path).classNames == nil)
    }

    @Test func whatIsNotThereIsTold() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CLIPDataError.noPictures(in: folder.url.path, shards: 0)) { try PairSource(folder.url.path) }
        let pattern = folder.path("*.tar")
        #expect(throws: CLIPDataError.noMatch(pattern: pattern)) { try PairSource(pattern) }
        #expect(CLIPDataError.noMatch(pattern: pattern).kind == .missingInput)
        #expect(CLIPDataError.noPictures(in: "x", shards: 0).kind == .badData)
    }

    /// WebDataset ends a name at its first dot.
    @Test func dotsInAShardsNamesAreTold() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("dots.tar")
        let names = ["Track 0.0 (v2.0).jpg", "Track 0.0 (v2.0).txt", "Track 1.5.png", "plain.jpg", "plain.txt"]
        let entries = names.map { TarHeader.blocks(name: $0, size: 1) + Data("x".utf8) + TarHeader.padding(after: 1) }
        try folder.write("dots.tar", entries.reduce(Data(), +) + Data(count: 2 * TarHeader.blockBytes))
        let (samples, skipped) = try collect(PairSource(path))
        #expect(samples.map(\.key) == ["plain"])
        #expect(
            skipped.map(\.reason) == [
                .dottedName(key: "Track 0", rest: "0 (v2.0).jpg"), .dottedName(key: "Track 1", rest: "5.png"),
            ])
        #expect(skipped[0].description.contains("first dot"))
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
