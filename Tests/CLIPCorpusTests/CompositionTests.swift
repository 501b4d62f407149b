import CLIPData
import Foundation
import Imaging
import Testing

@testable import CLIPCorpus

@Suite struct CompositionTests {
    private static func noun(_ text: String, _ word: String, _ field: WordNet.Field) -> PhraseNoun {
        PhraseNoun(text: text, field: field, word: .init(simplified: word, traditional: word))
    }

    private static func square(_ color: [UInt8]) throws -> Picture {
        try Picture(width: 40, height: 40, pixels: (0..<1600).flatMap { _ in color })
    }

    private static func things() throws -> (red: Composition.Thing, blue: Composition.Thing) {
        (
            .init(noun: noun("cat", "猫", .animal), picture: try square([220, 20, 20])),
            .init(noun: noun("apple", "苹果", .food), picture: try square([20, 20, 220]))
        )
    }

    /// The mean place of the pixels that are red, or blue, in shares of the sides; nil without any.
    private static func center(_ picture: Picture, channel: Int) -> (x: Double, y: Double)? {
        var (x, y, count) = (0.0, 0.0, 0.0)
        for index in 0..<picture.width * picture.height {
            let pixel = picture.pixels[index * 3..<index * 3 + 3].map { Int($0) }
            guard pixel[channel] - pixel[2 - channel] > 100 else { continue }
            x += Double(index % picture.width)
            y += Double(index / picture.width)
            count += 1
        }
        return count == 0 ? nil : (x / count / Double(picture.width), y / count / Double(picture.height))
    }

    @Test func whatIsSaidOfPlacesIsSeen() throws {
        let (red, blue) = try Self.things()
        var generator = SplitMix64(seed: 1)
        for _ in 0..<20 {
            let row = try Composition.leftRight.scene(red, blue, size: 64, using: &generator)
            #expect(row.lines.map(\.text) == ["a cat to the left of an apple", "an apple to the right of a cat"])
            #expect(row.lines.map(\.translations) == [["苹果左边的猫", "苹果左邊的猫"], ["猫右边的苹果", "猫右邊的苹果"]])
            let (left, right) = (
                try #require(Self.center(row.picture, channel: 0)), try #require(Self.center(row.picture, channel: 2))
            )
            #expect(left.x < 0.5 && right.x > 0.5)
            let column = try Composition.aboveBelow.scene(red, blue, size: 64, using: &generator)
            #expect(column.lines.map(\.text) == ["a cat above an apple", "an apple below a cat"])
            let (upper, lower) = (
                try #require(Self.center(column.picture, channel: 0)),
                try #require(Self.center(column.picture, channel: 2))
            )
            #expect(upper.y < 0.5 && lower.y > 0.5)
        }
    }

    @Test func asManyAreSeenAsAreSaid() throws {
        let (red, blue) = try Self.things()
        var generator = SplitMix64(seed: 2)
        var said: Set<String> = []
        for _ in 0..<30 {
            let scene = try Composition.number.scene(red, blue, size: 96, using: &generator)
            let line = scene.lines[0]
            said.insert(line.text)
            let words = ["two cats": (2, "两只猫"), "three cats": (3, "三只猫"), "four cats": (4, "四只猫")]
            let (count, chinese) = try #require(words[line.text])
            #expect(line.translations.first == chinese)
            // Squares of one color in cells of their own: each quarter, or half, holds one or none.
            let quarters = Canvas.quarters(96).count { cell in
                (cell.top..<cell.top + cell.height).contains { row in
                    (cell.left..<cell.left + cell.width).contains { column in
                        scene.picture.pixels[(row * 96 + column) * 3 + 1] < 100
                    }
                }
            }
            #expect(count == 2 ? quarters >= 2 : quarters == count, "\(line.text)")
        }
        #expect(said.count == 3)
    }

    @Test func surroundingsHaveTheColorThatIsSaid() throws {
        let (red, blue) = try Self.things()
        var generator = SplitMix64(seed: 3)
        let colors: [String: [Int]] = [
            "red": [217, 38, 38], "green": [51, 166, 64], "blue": [51, 89, 217], "yellow": [250, 224, 51],
            "gray": [128, 128, 128], "black": [13, 13, 13],
        ]
        var said: Set<String> = []
        for _ in 0..<60 {
            let scene = try Composition.surroundings.scene(blue, red, size: 64, using: &generator)
            let words = scene.lines[0].text.split(separator: " ")
            try #require(words.count == 6 && words.prefix(4) == ["an", "apple", "on", "a"] && words[5] == "background")
            said.insert(String(words[4]))
            let expected = try #require(colors[String(words[4])])
            // A corner may be the thing's own: most of the edge is not.
            let top = (0..<64).map { column in (0..<3).map { Int(scene.picture.pixels[column * 3 + $0]) } }
            let bottom = (0..<64).map { column in (0..<3).map { Int(scene.picture.pixels[(63 * 64 + column) * 3 + $0]) }
            }
            let fits = (top + bottom).count { pixel in zip(pixel, expected).allSatisfy { abs($0 - $1) <= 2 } }
            #expect(fits >= 32, "\(scene.lines[0].text): \(fits)")
        }
        #expect(said.count == colors.count)
    }

    /// Shards with a cat and an apple in them, and a pair that says more than one noun.
    private static func packages() throws -> WordPackages {
        let packages = try WordPackages()
        let writer = try ShardWriter(path: packages.path("pictures-0000.tar"))
        let captions = [
            ("A cat", [UInt8(220), 20, 20]), ("apple", [20, 20, 220]), ("cat food in a bowl", [20, 220, 20]),
        ]
        for (number, (caption, color)) in captions.enumerated() {
            let json = WordPackages.record(caption, others: [], chinese: number == 0 ? ["猫", "貓"] : [])
            let picture = try square(color).encoded(as: .png(compression: 6))
            try writer.append(key: "\(number)", files: [("png", picture), ("json", Data(json.utf8))])
        }
        try writer.finish()
        return packages
    }

    private static func options(_ packages: WordPackages) -> PictureCompositions.Options {
        var options = PictureCompositions.Options()
        options.pairs = packages.path("pictures-0000.tar")
        options.dictionary = packages.path("cedict.txt")
        options.root = packages.root
        (options.count, options.pairsPerShard, options.pictureSize) = (25, 10, 48)
        return options
    }

    @Test func theSameShardsMakeTheSamePictures() throws {
        let packages = try Self.packages()
        var options = Self.options(packages)
        var files: [[Data]] = []
        for name in ["a", "b"] {
            let summary = try PictureCompositions(options).build(to: packages.path(name))
            #expect(summary.things == 2 && summary.nouns == 2)
            #expect(summary.kinds.count == Composition.allCases.count && summary.kinds.values.allSatisfy { $0 == 5 })
            #expect(summary.shards == (0..<3).map { "compositions-000\($0).tar" })
            files.append(try summary.shards.map { try Data(contentsOf: packages.url("\(name)/\($0)")) })
        }
        #expect(files[0] == files[1])
        let records = try PairTexts.records(packages.path("a/compositions-*.tar"))
        #expect(records.count == 25 && Set(records.map(\.key)).count == 25)
        #expect(records.allSatisfy { $0.width == 48 && $0.height == 48 && $0.glossesByLanguage["zh"]?.count == 1 })
        #expect(!records.contains { $0.captions.contains { $0.contains("food") } })
        // A smaller build leaves none of the larger one's shards.
        (options.count, options.seed) = (10, 1)
        #expect(try PictureCompositions(options).build(to: packages.path("a")).shards.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: packages.path("a")) == ["compositions-0000.tar"])
        #expect(try Data(contentsOf: packages.url("a/compositions-0000.tar")) != files[0][0])
    }

    @Test func captionsThatAreHeldOutAreNotMade() throws {
        let packages = try Self.packages()
        let records =
            ["Two cats", "an apple above a cat"].map { WordPackages.record($0, others: [], chinese: []) }
            + [WordPackages.record("apples", others: [], chinese: ["三个苹果"])]
        try packages.shard("held.tar", records.enumerated().map { ("\($0.offset)", $0.element) })
        var options = Self.options(packages)
        (options.heldOut, options.count) = (packages.path("held.tar"), 200)
        let summary = try PictureCompositions(options).build(to: packages.path("d"))
        #expect(summary.kinds.values.allSatisfy { $0 == 40 })
        let captions = Set(try PairTexts.records(packages.path("d/compositions-*.tar")).map(\.caption))
        #expect(captions.isDisjoint(with: ["two cats", "an apple above a cat", "three apples"]))
        #expect(captions.isSuperset(of: ["two apples", "three cats", "a cat to the left of an apple"]))
        // Said from the other side it is the same.
        #expect(!captions.contains("a cat below an apple"))
        let all = ["two", "three", "four"].map {
            WordPackages.record("\($0) cats", others: ["\($0) apples"], chinese: [])
        }
        try packages.shard("all.tar", all.enumerated().map { ("\($0.offset)", $0.element) })
        options.heldOut = packages.path("all.tar")
        #expect(throws: CorpusError.nothingKept) { try PictureCompositions(options).build(to: packages.path("e")) }
        #expect(!FileManager.default.fileExists(atPath: packages.path("e/compositions-0000.tar")))
    }

    @Test func whatCannotBeComposedIsRefused() throws {
        let packages = try Self.packages()
        var options = Self.options(packages)
        options.pairs = packages.path("train.tar")
        #expect(throws: CorpusError.nothingKept) { try PictureCompositions(options).build(to: packages.path("c")) }
        #expect(!FileManager.default.fileExists(atPath: packages.path("c")))
        options.root = packages.path("nowhere")
        #expect(throws: CorpusError.missingPackages(["wordnet-base"])) {
            try PictureCompositions(options).build(to: packages.path("c"))
        }
        for (count, size) in [(0, 48), (10, 8), (2_000_000, 48)] {
            (options.count, options.pictureSize) = (count, size)
            #expect(throws: CorpusError.self) { try PictureCompositions(options) }
        }
    }
}
