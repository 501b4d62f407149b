import Foundation
import Imaging
import Testing

@testable import CLIPCorpus
@testable import CLIPData

/// A tree of packages in miniature, removed with the value.
private final class Packages {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "corpus-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func put(_ path: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    func drawing(_ path: String, title: String, picture: Picture) throws {
        let svg = """
            <svg><metadata><cc:Work><dc:title>\(title)</dc:title><dc:subject><rdf:li>thing</rdf:li></dc:subject>
            </cc:Work></metadata></svg>
            """
        try put("openclipart/svg/\(path).svg", Data(svg.utf8))
        try put("openclipart/png/\(path).png", try picture.encoded(as: .png(compression: 6)))
    }

    func stamp(_ path: String, text: String, picture: Picture) throws {
        try put("tuxpaint/stamps/\(path).txt", Data(text.utf8))
        try put("tuxpaint/stamps/\(path).png", try picture.encoded(as: .png(compression: 6)))
    }

    func options() -> PictureCorpus.Options {
        var options = PictureCorpus.Options()
        options.root = root
        options.sources = [.openclipart, .tuxpaintStamps]
        options.pictureSize = 48
        options.heldOutFraction = 0.25
        options.pairsPerShard = 40
        options.threads = 2
        return options
    }
}

/// Blocks of seeded colors: no two seeds look alike.
private func blocks(_ seed: Int, size: Int = 64) throws -> Picture {
    var random = SplitMix64(seed: UInt64(seed))
    let colors = (0..<16).map { _ in (0..<3).map { _ in UInt8(random.integer(below: 240)) } }
    let pixels = (0..<(size * size)).flatMap { (index: Int) -> [UInt8] in
        let row = index / size * 4 / size
        let column = index % size * 4 / size
        return colors[row * 4 + column]
    }
    return try Picture(width: size, height: size, pixels: pixels)
}

private func read(_ folder: String, _ names: [String]) throws -> [(sample: ShardSample, record: CorpusRecord)] {
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
        #expect(summary.categories == ["bird": 121, "food": 6])
        #expect(summary.heldOutPairs > 10 && summary.heldOutPairs < 60)

        let training = try read(folder, summary.trainingShards)
        let heldOut = try read(folder, summary.heldOutShards)
        #expect(training.count == summary.trainingPairs && heldOut.count == summary.heldOutPairs)
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
        for name in first.trainingShards + first.heldOutShards {
            #expect(CorpusFiles.bytes("\(packages.root)/a/\(name)") == CorpusFiles.bytes("\(packages.root)/b/\(name)"))
        }
        options.seed = 1
        let third = try PictureCorpus(options).build(to: packages.root + "/c")
        #expect(third.heldOutPairs == first.heldOutPairs)
        let name = first.trainingShards[0]
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
        #expect(many.trainingShards.count > 5 && few.trainingShards == ["train-0000.tar"])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(left == ["train-0000.tar", "train-notes.txt", "val-0000.tar"])
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
            "openclipart-png", "openclipart-svg", "tuxpaint-stamps-default", "fonts-noto-color-emoji",
            "unicode-cldr-core",
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
        options.heldOutFraction = .nan
        #expect(throws: CorpusError.self) { try PictureCorpus(options).build(to: packages.root + "/out") }
        options.heldOutFraction = 0.1
        options.pairsPerShard = 0
        #expect(throws: CorpusError.invalidOption(name: "pairsPerShard", reason: "0 is less than 1")) {
            try PictureCorpus(options).build(to: packages.root + "/out")
        }
    }

    @Test func groupsStayTogether() {
        let captions = (0..<400).map { "caption \($0)" }
        var split = HeldOutSplit(count: 400)
        for index in stride(from: 0, to: 400, by: 4) { split.join(index, index + 1) }
        split.join(captions: captions.enumerated().map { $0 % 4 == 2 ? [$1, captions[$0 - 2]] : [$1] })
        let heldOut = split.heldOut(captions: captions, fraction: 0.2)
        for index in stride(from: 0, to: 400, by: 4) {
            #expect(heldOut[index] == heldOut[index + 1] && heldOut[index] == heldOut[index + 2])
        }
        #expect((40...120).contains(heldOut.count { $0 }))
        var large = HeldOutSplit(count: 400)
        for index in 1..<40 { large.join(0, index) }
        #expect(!large.heldOut(captions: captions, fraction: 0.8)[..<40].contains(true))
        var none = HeldOutSplit(count: 400)
        #expect(!none.heldOut(captions: captions, fraction: 0).contains(true))
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
