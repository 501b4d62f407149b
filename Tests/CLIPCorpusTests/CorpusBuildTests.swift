import Foundation
import Imaging
import Testing

@testable import CLIPCorpus
@testable import CLIPData

func read(_ folder: String, _ names: [String]) throws -> [(sample: ShardSample, record: CorpusRecord)] {
    try names.flatMap { name -> [(ShardSample, CorpusRecord)] in
        let reader = try ShardReader(path: "\(folder)/\(name)")
        var result: [(ShardSample, CorpusRecord)] = []
        while let sample = try reader.next() {
            let json = try #require(sample["json"])
            result.append((sample, try JSONDecoder().decode(CorpusRecord.self, from: json)))
        }
        return result
    }
}

@Suite struct CorpusBuildTests {
    private func packages() throws -> Packages {
        let packages = try Packages()
        for index in 0..<120 {
            let name =
                "animal" + String(UnicodeScalar(UInt8(97 + index % 26))) + String(repeating: "o", count: index / 26)
            try packages.drawing("animals/birds/\(name)", title: "Bird \(name)", picture: try blocks(index))
        }
        for index in 0..<9 {
            try packages.drawing("food/soup_\(index)x", title: "Soup", picture: try blocks(500 + index))
        }
        try packages.drawing("animals/copy", title: "A copy", picture: try blocks(3))
        try packages.drawing("animals/scaled", title: "Bird animald", picture: try blocks(3, size: 200))
        try packages.drawing("animals/70a024", title: "HASH(0x862bbb8)", picture: try blocks(700))
        let white = try Picture(width: 64, height: 64, pixels: .init(repeating: 255, count: 64 * 64 * 3))
        try packages.drawing("animals/snow", title: "snow", picture: white)
        let long = try Picture(width: 300, height: 20, pixels: (0..<18000).map { UInt8($0 % 251) })
        try packages.drawing("animals/snake", title: "snake", picture: long)
        try packages.put("openclipart/png/animals/torn.png", Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1]))
        try packages.put("openclipart/svg/animals/torn.svg", Data("<svg/>".utf8))
        try packages.stamp(
            "animals/birds/ostrich", text: "An ostrich.\nzh_CN.utf8=鸵鸟。\n", picture: try blocks(900))
        return packages
    }

    @Test func buildsCuratesAndSplits() throws {
        let packages = try packages()
        var options = packages.options()
        options.picturesPerCaption = 6
        let folder = packages.root + "/out"
        let summary = try PictureCorpus(options).build(to: folder)
        #expect(
            summary.sources[0].dropped == [
                "blank": 1, "extreme shape": 1, "unreadable": 1, "exact duplicate": 1, "near duplicate": 1,
                "no useful caption": 1, "caption limit": 3,
            ])
        #expect(summary.sources[0].found == 135 && summary.sources[0].kept == 126)
        #expect(summary.sources[1].kept == 1 && summary.sources[1].name == "tuxpaint-stamps")
        #expect(summary.pairs == 127 && summary.distinctCaptions == 122)
        #expect(summary.parts.map(\.name) == [.train, .val, .test, .first, .demo])
        #expect(summary.parts.reduce(0) { $0 + $1.pairs } == 127 && summary[.first].shards.isEmpty)
        #expect(summary.categories == ["bird": 121, "food": 6])
        #expect((25...30).contains(summary[.test].pairs) && (10...15).contains(summary[.val].pairs))

        let training = try read(folder, summary[.train].shards)
        let heldOut = try read(folder, summary[.val].shards + summary[.test].shards)
        #expect(training.count == summary[.train].pairs)
        #expect(Set(heldOut.map(\.record.caption)).count == heldOut.count)
        let seen = Set(training.map { CaptionWords.normalized($0.record.caption) })
        for (_, record) in heldOut {
            #expect(!seen.contains(CaptionWords.normalized(record.caption)), "\(record.caption) is on both sides")
        }
        for (sample, record) in training + heldOut {
            #expect(sample["txt"].map { String(decoding: $0, as: UTF8.self) } == record.caption)
            let picture = try Picture.decode(try #require(sample["jpg"]), name: record.source)
            #expect(picture.width == record.width && picture.height == record.height)
            #expect(min(record.width, record.height) <= 48 && record.key == sample.key)
        }
        let ostrich = try #require((training + heldOut).first { $0.record.caption == "An ostrich" }).record
        #expect(ostrich.captionsByLanguage == ["zh": "鸵鸟"] && ostrich.category == "bird")
        #expect(ostrich.source == "tuxpaint-stamps-default:animals/birds/ostrich.png")
    }

    @Test func sameInputSameBytes() throws {
        let packages = try packages()
        var options = packages.options()
        let first = try PictureCorpus(options).build(to: packages.root + "/a")
        options.threads = 1
        let second = try PictureCorpus(options).build(to: packages.root + "/b")
        #expect(first == second)
        for name in first.parts.flatMap(\.shards) {
            #expect(CorpusFiles.bytes("\(packages.root)/a/\(name)") == CorpusFiles.bytes("\(packages.root)/b/\(name)"))
        }
        options.seed = 1
        let third = try PictureCorpus(options).build(to: packages.root + "/c")
        #expect(third[.test].pairs == first[.test].pairs)
        func places(_ folder: String, _ part: CorpusSummary.Part) throws -> Set<String> {
            Set(try read("\(packages.root)/\(folder)", part.shards).map(\.record.source))
        }
        #expect(try places("a", first[.test]) == places("c", third[.test]))
        let name = first[.train].shards[0]
        #expect(CorpusFiles.bytes("\(packages.root)/a/\(name)") != CorpusFiles.bytes("\(packages.root)/c/\(name)"))
    }

    @Test func shardsOfALargerBuildGo() throws {
        let packages = try packages()
        var options = packages.options()
        options.pairsPerShard = 10
        let folder = packages.root + "/out"
        let many = try PictureCorpus(options).build(to: folder)
        try Data().write(to: URL(fileURLWithPath: folder + "/train-notes.txt"))
        options.pairsPerShard = 1000
        let few = try PictureCorpus(options).build(to: folder)
        #expect(many[.train].shards.count > 5 && few[.train].shards == ["train-0000.tar"])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(left == ["test-0000.tar", "train-0000.tar", "train-notes.txt", "val-0000.tar"])
    }

    @Test func progressReachesTheEnd() throws {
        let packages = try packages()
        let log = ProgressLog()
        let summary = try PictureCorpus(packages.options()).build(to: packages.root + "/out") { log.add($0) }
        let writing = log.all.last
        #expect(writing == CorpusProgress(stage: .writing, done: summary.pairs, total: summary.pairs))
        #expect(log.all.contains { $0.stage == .reading && $0.done == $0.total })
    }

    @Test func missingPackagesAreNamed() throws {
        let packages = try Packages()
        var options = packages.options()
        options.sources = PictureCorpus.Source.allCases
        let all = [
            "tuxpaint-stamps-default", "fonts-noto-color-emoji", "unicode-cldr-core", "openclipart-png",
            "openclipart-svg", "openshot-qt", "ruby-gemojione", "iso-flags-svg", "iso-codes", "pysiogame",
            "gcompris-qt-data", "wesnoth-1.16-data", "freecol", "oxygen-icon-theme", "shared-mime-info",
            "papirus-icon-theme", "fonts-materialdesignicons-webfont",
        ]
        let error = CorpusError.missingPackages(all)
        #expect(throws: error) { try PictureCorpus(options).build(to: packages.root + "/out") }
        #expect(error.description.hasSuffix("run: apt-get install " + all.joined(separator: " ")))
        #expect(!FileManager.default.fileExists(atPath: packages.root + "/out"))
    }

    @Test func badOptionsAndNothingToKeep() throws {
        let packages = try Packages()
        try packages.put("openclipart/png/a.txt", Data())
        try packages.put("openclipart/svg/a.txt", Data())
        var options = packages.options()
        options.sources = [.openclipart]
        #expect(throws: CorpusError.nothingKept) { try PictureCorpus(options).build(to: packages.root + "/out") }
        options.heldOutShare = .nan
        #expect(throws: CorpusError.self) { try PictureCorpus(options).build(to: packages.root + "/out") }
        options.heldOutShare = 0.1
        options.pairsPerShard = 0
        #expect(throws: CorpusError.invalidOption(name: "pairsPerShard", reason: "0 is less than 1")) {
            try PictureCorpus(options).build(to: packages.root + "/out")
        }
    }

    @Test func emptyPageIsTrimmed() throws {
        var pixels = [UInt8](repeating: 255, count: 200 * 300 * 3)
        for y in 20..<70 { for x in 10..<50 { for c in 0..<3 { pixels[(y * 200 + x) * 3 + c] = UInt8(c * 40) } } }
        let picture = try Picture(width: 200, height: 300, pixels: pixels).trimmedOfWhite()
        #expect(picture.width == 40 + 2 * 3 && picture.height == 50 + 2 * 3)
        let full = try blocks(1)
        #expect(try full.trimmedOfWhite() == full)
    }
}

private final class ProgressLog: @unchecked Sendable {
    private let lock = NSLock()
    private var entries: [CorpusProgress] = []
    var all: [CorpusProgress] { lock.withLock { entries } }
    func add(_ entry: CorpusProgress) { lock.withLock { entries.append(entry) } }
}
