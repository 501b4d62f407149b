import Foundation
import Imaging
import TestSupport
import Testing

@testable import CLIPEvaluation

@Suite struct WordOrderTests {
    @Test func shuffledCaptionsHaveTheSameWords() throws {
        let caption = "Two dogs chase a red ball."
        var found: Set<String> = []
        for seed in 0..<100 as Range<UInt64> {
            let shuffled = try #require(WordOrder.shuffled(caption, seed: seed))
            #expect(shuffled != caption && shuffled.hasSuffix("."))
            #expect(shuffled == WordOrder.shuffled(caption, seed: seed))
            #expect(words(shuffled) == words(caption), "\(shuffled)")
            found.insert(shuffled)
        }
        #expect(found.count > 50)
        // Every other order of three words comes up.
        let orders = Set((0..<200 as Range<UInt64>).compactMap { WordOrder.shuffled("a b c", seed: $0) })
        #expect(orders == ["a c b", "b a c", "b c a", "c a b", "c b a"])
    }

    @Test func neighborsChangePlacesOnce() throws {
        let caption = "one two two three"
        let found = Set(
            (0..<50 as Range<UInt64>).compactMap { WordOrder.shuffled(caption, order: .neighbors, seed: $0) })
        #expect(found == ["two one two three", "one two three two"])
    }

    @Test func reversedCaptionsRunBackwards() {
        #expect(WordOrder.shuffled("a dog  bites\ta man!", order: .reversed, seed: 1) == "man a bites dog a!")
        #expect(WordOrder.shuffled("a dog a", order: .reversed, seed: 1) == nil)
        #expect(WordOrder.shuffled("a dog a", order: .all, seed: 1) != nil)
    }

    @Test func textWithoutBlanksIsShuffledByCharacter() throws {
        #expect(WordOrder.shuffled("红色的猫。", order: .reversed, seed: 0) == "猫的色红。")
        #expect(WordOrder.shuffled("一只cat在睡", order: .reversed, seed: 0) == "睡在cat只一")
        let shuffled = try #require(WordOrder.shuffled("一只狗在草地上跑", seed: 3))
        #expect(shuffled != "一只狗在草地上跑" && shuffled.sorted() == "一只狗在草地上跑".sorted())
    }

    @Test func oneWordHasNoOtherOrder() {
        for caption in ["", " ", "dog", "dog.", "dog dog", "Dog dog", "!", "猫", "猫猫"] {
            for order in WordOrder.Order.allCases {
                #expect(WordOrder.shuffled(caption, order: order, seed: 7) == nil, "\(caption), \(order)")
            }
        }
    }

    private func words(_ text: String) -> [String] {
        text.dropLast().split(separator: " ").map(String.init).sorted()
    }
}

@Suite struct DrawnProbeTests {
    @Test(arguments: DrawnProbe.allCases) func itemsFollowFromTheSeed(_ probe: DrawnProbe) throws {
        let items = try probe.items(count: 12, side: 64, seed: 5)
        let fewer = try probe.items(count: 7, side: 64, seed: 5)
        for (place, item) in fewer.enumerated() {
            let isSame = item.picture == items[place].picture
            #expect(isSame && item.choices == items[place].choices, "item \(place)")
            #expect(item.answer == items[place].answer && item.key == items[place].key, "item \(place)")
        }
        let others = try probe.items(count: 12, side: 64, seed: 6)
        let repeated = zip(items, others).filter { $0.picture == $1.picture }.map(\.0.key)
        #expect(repeated == [])
        #expect(Set(items.map(\.key)).count == 12)
    }

    @Test(arguments: DrawnProbe.allCases) func everyAnswerIsRightEquallyOften(_ probe: DrawnProbe) throws {
        let count = probe.choiceCount * 2
        let items = try probe.items(count: count, side: 64, seed: 1)
        for item in items {
            #expect(item.choices.count == probe.choiceCount && Set(item.choices).count == item.choices.count)
            #expect(item.picture.width == 64 && item.picture.height == 64 && item.picture.name == item.key)
        }
        #expect(items.map(\.answer).sorted() == (0..<count).map { $0 / 2 })
        #expect(abs(probe.chance * Double(probe.choiceCount) - 1) < 1e-12)
    }

    @Test func drawnThingsCanBeCounted() throws {
        for item in try DrawnProbe.counting.items(count: 36, side: 64, seed: 2) {
            #expect(components(item.picture) == item.answer + 1, "\(item.key)")
            #expect(item.choices[item.answer].contains(" \(DrawnThing.numberWords[item.answer]) "), "\(item.key)")
        }
        let counted = try #require(try DrawnProbe.counting.items(count: 1, side: 64, seed: 2).first)
        #expect(counted.choices[0].hasPrefix("a picture of one ") && !counted.choices[0].hasSuffix("s"))
        #expect(DrawnThing.counted(2, .cross, color: .red) == "two red crosses")
    }

    @Test func theColorNamedIsTheColorDrawn() throws {
        for item in try DrawnProbe.color.items(count: 16, side: 96, seed: 3) {
            let color = DrawnColor.allCases[item.answer]
            #expect(item.choices[item.answer].contains(" \(color.rawValue) "), "\(item.key)")
            let pixels = ink(item.picture)
            let drawn = pixels.filter { $0.color == color.color }
            #expect(!pixels.isEmpty && drawn.count * 2 > pixels.count, "\(item.key)")
            for other in DrawnColor.allCases where other != color {
                let isThere = pixels.contains { $0.color == other.color }
                #expect(!isThere, "\(item.key): \(other)")
            }
        }
        #expect(DrawnThing(shape: .arrow, color: .orange).name == "an orange arrow")
    }

    /// The area tells the shapes apart, as a share of the circle that they lie in.
    @Test func theShapeNamedIsTheShapeDrawn() throws {
        for item in try DrawnProbe.shape.items(count: 16, side: 96, seed: 4) {
            let shape = DrawnShape.allCases[item.answer]
            #expect(item.choices[item.answer].hasSuffix(" \(shape.rawValue)"), "\(item.key)")
            #expect(components(item.picture) == 1, "\(item.key)")
            let pixels = ink(item.picture)
            let width = Double((pixels.map(\.x).max() ?? 0) - (pixels.map(\.x).min() ?? 0) + 1)
            let corners = shape.corners.map(\.x)
            let reach = shape == .circle ? 2 : (corners.max() ?? 0) - (corners.min() ?? 0)
            // Pixels at the edge count whole.
            let expected = area(shape) / (reach * reach) * width * width
            let edge = 3.5 * width
            #expect(abs(Double(pixels.count) - expected) < edge, "\(item.key): \(pixels.count), not \(expected)")
        }
    }

    @Test func shapesLieInTheUnitCircle() {
        for shape in DrawnShape.allCases {
            let farthest = shape.corners.map { hypot($0.x, $0.y) }.max() ?? 0
            #expect(farthest <= 1 + 1e-12 && (shape == .circle || farthest > 0.9), "\(shape): \(farthest)")
        }
        #expect(abs(area(.square) - 2) < 1e-12)
    }

    @Test func wordsAreDrawnWhole() throws {
        #expect(DrawnProbe.words.count == 40 && Set(DrawnProbe.words).count == 40)
        let items = try DrawnProbe.renderedText.items(count: 20, side: 128, seed: 5)
        for item in items {
            let pixels = ink(item.picture)
            let isDark = pixels.contains { max($0.color.red, $0.color.green, $0.color.blue) < 70 }
            let isWhole = pixels.allSatisfy { (3..<125).contains($0.x) && (3..<125).contains($0.y) }
            #expect(isDark && isWhole, "\(item.key)")
            let word = try #require(item.choices[item.answer].split(separator: " ").last.map(String.init))
            #expect(DrawnProbe.words.contains(word))
            // The narrowest letters are a seventh of the font's size wide.
            let (left, right) = (pixels.map(\.x).min() ?? 0, pixels.map(\.x).max() ?? 0)
            #expect(right - left > word.count * 128 / 8 / 7, "\(item.key)")
        }
        let distinct = Set(items.map(\.picture.pixels)).count
        #expect(distinct == items.count)
    }

    /// The same pixels as the answer's word in one of the fonts and sizes.
    @Test func theWordNamedIsTheWordDrawn() throws {
        for item in try DrawnProbe.renderedText.items(count: 4, side: 64, seed: 7) {
            let word = try #require(item.choices[item.answer].split(separator: " ").last.map(String.init))
            let isFound = try DrawnProbe.fonts.contains { font in
                try (8...11).contains { size in
                    let text = try Picture.rendering(text: word, font: "\(font) \(size)")
                    return try isDrawn(text, on: item.picture)
                }
            }
            #expect(isFound, "\(item.key): \(word)")
        }
    }

    /// Whether a text is all that a picture shows.
    private func isDrawn(_ text: Picture, on picture: Picture) throws -> Bool {
        let pixels = ink(picture)
        guard let left = pixels.map(\.x).min(), let top = pixels.map(\.y).min() else { return false }
        let background = Canvas.Color(red: picture.pixels[0], green: picture.pixels[1], blue: picture.pixels[2])
        // The text's own edges may be white: where its ink begins is sought.
        var alone = Canvas(side: picture.width, background: background)
        alone.darken(by: text, left: 1, top: 1)
        let drawn = ink(try alone.picture(name: "text"))
        guard let first = drawn.map(\.x).min(), let highest = drawn.map(\.y).min() else { return false }
        var canvas = Canvas(side: picture.width, background: background)
        canvas.darken(by: text, left: left - first + 1, top: top - highest + 1)
        return try canvas.picture(name: "text") == picture
    }

    @Test func thingsLieAsTheAnswerSays() throws {
        for item in try DrawnProbe.position.items(count: 16, side: 64, seed: 6) {
            let truths = try item.choices.map { try isTrue($0, of: item.picture) }
            #expect(truths == item.choices.indices.map { $0 == item.answer }, "\(item.key): \(item.choices)")
        }
    }

    @Test func whatCannotBeDrawnIsRefused() {
        for (count, side) in [(0, 64), (-1, 64), (1, 63), (1, 5000)] {
            #expect(throws: EvaluationError.self) { try DrawnProbe.color.items(count: count, side: side, seed: 0) }
            #expect(throws: EvaluationError.self) { try WinogroundItem.items(count: count, side: side, seed: 0) }
        }
    }

    /// Of the polygon about the origin; of the circle π.
    private func area(_ shape: DrawnShape) -> Double {
        guard shape != .circle else { return .pi }
        let corners = shape.corners
        let sum = corners.indices.reduce(0.0) { sum, place in
            let next = corners[(place + 1) % corners.count]
            return sum + corners[place].x * next.y - next.x * corners[place].y
        }
        return abs(sum) / 2
    }
}

@Suite struct CanvasTests {
    private let white = Canvas.Color(red: 255, green: 255, blue: 255)
    private let black = Canvas.Color(red: 0, green: 0, blue: 0)

    @Test func edgesCoverTheShareThatLiesInside() throws {
        var canvas = Canvas(side: 100, background: white)
        canvas.fillCircle(center: Canvas.Point(x: 0.5, y: 0.5), radius: 0.3, color: black)
        #expect(abs(darkness(try canvas.picture(name: "circle")) - .pi * 900) < 3)

        canvas = Canvas(side: 10, background: white)
        let corners = [(0.15, 0.2), (0.5, 0.2), (0.5, 0.45), (0.15, 0.45)].map { Canvas.Point(x: $0.0, y: $0.1) }
        canvas.fillPolygon(corners, color: black)
        let picture = try canvas.picture(name: "rectangle")
        let row = { (y: Int) in (0..<10).map { picture.pixels[(y * 10 + $0) * 3] } }
        #expect(row(1) == Array(repeating: 255, count: 10))
        #expect(row(2) == [255, 128, 0, 0, 0, 255, 255, 255, 255, 255])
        #expect(row(4) == [255, 191, 128, 128, 128, 255, 255, 255, 255, 255])
    }

    @Test func whatLiesOutsideIsCutOff() throws {
        var canvas = Canvas(side: 20, background: white)
        canvas.fillCircle(center: Canvas.Point(x: 0, y: 1), radius: 0.5, color: black)
        canvas.fillCircle(center: Canvas.Point(x: 3, y: 3), radius: 0.5, color: black)
        let quarter = try canvas.picture(name: "quarter")
        #expect(abs(darkness(quarter) - .pi * 100 / 4) < 1)
        let dark = try Picture(width: 2, height: 2, pixels: Array(repeating: 0, count: 12))
        canvas = Canvas(side: 20, background: white)
        for (left, top) in [(-1, -1), (19, 19), (40, 0), (0, -9)] { canvas.darken(by: dark, left: left, top: top) }
        let picture = try canvas.picture(name: "corners")
        #expect(darkness(picture) == 2 && picture.pixels[0] == 0 && picture.pixels[1199] == 0)
    }

    /// In pixels that are wholly black.
    private func darkness(_ picture: Picture) -> Double {
        picture.pixels.reduce(0.0) { $0 + Double(255 - $1) } / 255 / 3
    }
}

@Suite struct WinogroundTests {
    @Test func captionsHaveTheSameWords() throws {
        for item in try WinogroundItem.items(count: 12, side: 64, seed: 1) {
            let words = item.captions.map { caption in
                caption.split(separator: " ").map { word in
                    let base = word.hasSuffix("s") ? word.dropLast() : word
                    return base == "an" ? "a" : String(base)
                }.sorted()
            }
            #expect(words[0] == words[1] && item.captions[0] != item.captions[1], "\(item.captions)")
        }
    }

    @Test func eachPictureShowsItsCaptionAlone() throws {
        let items = try WinogroundItem.items(count: 24, side: 64, seed: 2)
        #expect(Set(items.compactMap(\.tag)) == ["relation", "color", "count"] && Set(items.map(\.key)).count == 24)
        let again = try WinogroundItem.items(count: 3, side: 64, seed: 2)
        for (place, item) in items.enumerated() {
            #expect(item.pictures.count == 2 && item.captions.count == 2)
            let pictures = try item.pictures.map { try #require(try $0.pictures().first) }
            let isDifferent = pictures[0] != pictures[1]
            #expect(isDifferent, "\(item.key)")
            if place < 3 {
                let isSame = try again[place].pictures.flatMap { try $0.pictures() } == pictures
                #expect(isSame, "\(item.key)")
            }
            switch item.tag {
            case "relation":
                for picture in 0..<2 {
                    let truths = try item.captions.map { try isTrue($0, of: pictures[picture]) }
                    #expect(truths == [picture == 0, picture == 1], "\(item.captions)")
                }
            case "color":
                // What one picture has in the first color the other has in the second.
                let colors = item.captions[0].split(separator: " ").compactMap { DrawnColor(rawValue: String($0)) }
                try #require(colors.count == 2)
                let places = (0..<2).map { picture in
                    Set(ink(pictures[picture]).filter { $0.color == colors[picture].color }.map { $0.y * 64 + $0.x })
                }
                // At the edge a share of a pixel may be rounded to the whole of one color and not of the other.
                let differing = places[0].symmetricDifference(places[1]).count
                #expect(!places[0].isEmpty && differing * 20 < places[0].count, "\(item.captions): \(differing)")
            default:
                let numbers = item.captions[0].split(separator: " ").compactMap { word in
                    DrawnThing.numberWords.firstIndex(of: String(word)).map { $0 + 1 }
                }
                try #require(numbers.count == 2)
                for picture in pictures { #expect(components(picture) == numbers[0] + numbers[1], "\(item.captions)") }
            }
        }
    }

    @Test func scoresAreThosesOfThePaper() throws {
        // Both right; each picture finds its caption; each caption finds its picture; all equal; all wrong; ties of one
        // comparison: image, text, text, image.
        let similarities: [[[Double]]] = [
            [[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.2], [0.4, 0.5]], [[0.3, 0.4], [0.2, 0.5]], [[0.5, 0.5], [0.5, 0.5]],
            [[0.1, 0.9], [0.8, 0.2]], [[0.5, 0.1], [0.5, 0.8]], [[0.5, 0.5], [0.1, 0.8]], [[0.8, 0.1], [0.5, 0.5]],
            [[0.8, 0.5], [0.1, 0.5]],
        ]
        let scores = try WinogroundScores(similarities: similarities)
        #expect(scores.textCorrect == 4 && scores.imageCorrect == 4 && scores.groupCorrect == 1 && scores.count == 9)
        #expect(scores.text == .wilson(4, of: 9) && scores.group == .wilson(1, of: 9))
        let decoded = try JSONDecoder().decode(WinogroundScores.self, from: JSONEncoder().encode(scores))
        #expect(decoded == scores)
    }

    /// Of four similarities in all their orders.
    @Test func chanceIsWhatRandomSimilaritiesGive() throws {
        var items: [[[Double]]] = []
        for first in 0..<4 {
            for second in 0..<4 where second != first {
                for third in 0..<4 where third != first && third != second {
                    let (a, b, c) = (Double(first), Double(second), Double(third))
                    items.append([[a, b], [c, 6 - a - b - c]])
                }
            }
        }
        let scores = try WinogroundScores(similarities: items)
        #expect(scores.count == 24)
        #expect(abs(scores.text.value - WinogroundScores.chance.text) < 1e-12)
        #expect(abs(scores.image.value - WinogroundScores.chance.image) < 1e-12)
        #expect(abs(scores.group.value - WinogroundScores.chance.group) < 1e-12)
    }

    @Test func similaritiesOfAnotherShapeAreRefused() {
        for wrong in [[], [[[1, 2]]], [[[1, 2], [3]]], [[[1, 2], [3, .nan]]]] as [[[[Double]]]] {
            #expect(throws: EvaluationError.self) { try WinogroundScores(similarities: wrong) }
        }
    }

    @Test func peoplesFilesAreRead() throws {
        let folder = try TemporaryFolder()
        let colors: [UInt8] = [10, 200]
        for (place, color) in colors.enumerated() {
            let picture = try Picture(width: 4, height: 4, pixels: Array(repeating: color, count: 48))
            try folder.write("images/ex_0_img_\(place).png", picture.encoded(as: .png(compression: 1)))
        }
        let lines = """
            {"id": 7, "image_0": "ex_0_img_0", "image_1": "ex_0_img_1", "caption_0": "a b", "caption_1": "b a", "tag": "x"}

            {"image_0": "images/ex_0_img_1.png", "image_1": "ex_0_img_0.png", "caption_0": "c d", "caption_1": "d c"}
            """
        let items = try WinogroundFile.items(path: folder.write("examples.jsonl", lines))
        #expect(items.count == 2 && items.map(\.key) == ["7", "line 3"] && items.map(\.tag) == ["x", nil])
        #expect(items.map(\.captions) == [["a b", "b a"], ["c d", "d c"]])
        let shown = try items.map { try $0.pictures.flatMap { try $0.pictures().map { $0.pixels[0] } } }
        #expect(shown == [[10, 200], [200, 10]])
    }

    @Test func faultyLinesAreNamed() throws {
        let folder = try TemporaryFolder()
        let picture = try Picture(width: 1, height: 1, pixels: [1, 2, 3])
        try folder.write("a.png", picture.encoded(as: .png(compression: 1)))
        let good = #"{"image_0": "a.png", "image_1": "a.png", "caption_0": "a b", "caption_1": "b a"}"#
        let faults = [
            ("[1]", "is not a JSON object"), ("{", "is not a JSON object"),
            (good.replacingOccurrences(of: "caption_1", with: "caption"), "\"caption_1\""),
            (good.replacingOccurrences(of: "\"b a\"", with: "3"), "\"caption_1\""),
            (good.replacingOccurrences(of: "b a", with: "a b"), "the same caption twice"),
            (good.replacingOccurrences(of: "1\": \"a.png", with: "1\": \"b.png"), "the picture b.png"),
        ]
        for (line, wanted) in faults {
            let path = try folder.write("items.jsonl", "\(good)\n\n\(line)\n")
            let error = #expect(throws: EvaluationError.self, "\(line)") { try WinogroundFile.items(path: path) }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains(path) && text.contains("line 3 ") && text.contains(wanted), "\(text)")
        }
        let empty = try folder.write("empty.jsonl", "\n")
        #expect(throws: EvaluationError.self) { try WinogroundFile.items(path: empty) }
        #expect(throws: EvaluationError.self) { try WinogroundFile.items(path: folder.path("none.jsonl")) }
    }
}

@Suite struct ResolutionProbeTests {
    @Test func theShortestSideIsLowered() throws {
        let picture = try Picture(width: 100, height: 50, pixels: Array(repeating: 90, count: 15_000))
        let small = try ResolutionProbe.lowered(picture, to: 16)
        #expect(small.width == 32 && small.height == 16 && Set(small.pixels) == [90])
        #expect(try ResolutionProbe.lowered(picture, to: 64) == picture)
        #expect(throws: EvaluationError.self) { try ResolutionProbe.lowered(picture, to: 0) }
    }
}

@Suite struct GroupReportTests {
    @Test func groupsAreMeasuredApart() throws {
        let report = try GroupReport(
            isRight: [true, false, true, true, false, false, true], scores: [1, 2, 3, 4, 5, 6, 7],
            groups: ["old", "young", "old", "old", "old", "young", "child"])
        #expect(report.groups.map(\.name) == ["child", "old", "young"] && report.groups.map(\.count) == [1, 4, 2])
        #expect(report.groups[1].accuracy == .wilson(3, of: 4) && report.groups[2].accuracy == .wilson(0, of: 2))
        #expect(report.groups.map(\.meanScore) == [7, 3.25, 4])
        #expect(report.groups[0].quartiles == [7, 7, 7] && report.groups[2].quartiles == [3, 4, 5])
        // NumPy: quantile([1, 3, 4, 5], [0.25, 0.5, 0.75])
        #expect(report.groups[1].quartiles == [2.5, 3.5, 4.25])
        let difference = try #require(report.largestDifference)
        #expect(difference.higher == "child" && difference.lower == "young" && difference.accuracy.value == 1)
        #expect(try JSONDecoder().decode(GroupReport.self, from: JSONEncoder().encode(report)) == report)
    }

    /// The normal interval of two shares' difference, which many samples come near.
    @Test func theDifferencesIntervalIsThatOfTwoShares() throws {
        var bootstrap = Bootstrap()
        bootstrap.count = 500
        func report(_ first: Int, _ second: Int) throws -> GroupReport {
            try GroupReport(
                isRight: (0..<200).map { $0 < 100 ? $0 < first : $0 - 100 < second },
                scores: Array(repeating: 0, count: 200), groups: (0..<200).map { $0 < 100 ? "a" : "b" },
                bootstrap: bootstrap)
        }
        let far = try #require(try report(50, 90).largestDifference)
        #expect(far.higher == "b" && far.lower == "a" && abs(far.accuracy.value - 0.4) < 1e-12)
        #expect(far.accuracy.method == .bootstrap)
        let half = 1.96 * (0.25 / 100 + 0.09 / 100).squareRoot()
        #expect(abs(far.accuracy.low - (0.4 - half)) < 0.03 && abs(far.accuracy.high - (0.4 + half)) < 0.03)
        let near = try #require(try report(60, 60).largestDifference)
        #expect(near.higher == "a" && near.lower == "b" && near.accuracy.value == 0)
        #expect(near.accuracy.low < 0 && near.accuracy.high > 0)
    }

    @Test func oneGroupHasNoDifference() throws {
        let report = try GroupReport(isRight: [true, false], scores: [0, 1], groups: ["all", "all"])
        #expect(report.largestDifference == nil && report.groups.count == 1)
    }

    @Test func samplesThatDoNotBelongTogetherAreRefused() {
        #expect(throws: EvaluationError.self) { try GroupReport(isRight: [], scores: [], groups: []) }
        #expect(throws: EvaluationError.self) { try GroupReport(isRight: [true], scores: [1, 2], groups: ["a"]) }
        #expect(throws: EvaluationError.self) { try GroupReport(isRight: [true], scores: [1], groups: ["a", "b"]) }
        #expect(throws: EvaluationError.notFinite(name: "the groups")) {
            try GroupReport(isRight: [true], scores: [.infinity], groups: ["a"])
        }
    }
}

private struct Pixel {
    let x: Int
    let y: Int
    let color: Canvas.Color
}

/// What is not of the upper left pixel's color, which is the background's.
private func ink(_ picture: Picture) -> [Pixel] {
    let pixels = (0..<picture.width * picture.height).map { place in
        Pixel(
            x: place % picture.width, y: place / picture.width,
            color: Canvas.Color(
                red: picture.pixels[place * 3], green: picture.pixels[place * 3 + 1],
                blue: picture.pixels[place * 3 + 2]))
    }
    return pixels.filter { $0.color != pixels[0].color }
}

/// How many things that do not touch, at a corner either, are drawn.
private func components(_ picture: Picture) -> Int {
    let width = picture.width
    var left = Set(ink(picture).map { $0.y * width + $0.x })
    var count = 0
    while let first = left.popFirst() {
        count += 1
        var open = [first]
        while let place = open.popLast() {
            // Nothing is drawn at the edge, so that a step never leads around it.
            for step in [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1] {
                if left.remove(place + step) != nil { open.append(place + step) }
            }
        }
    }
    return count
}

/// Whether "a red circle left of a blue square" is true of a picture with things in these two colors.
private func isTrue(_ caption: String, of picture: Picture) throws -> Bool {
    let colors = caption.split(separator: " ").compactMap { DrawnColor(rawValue: String($0)) }
    let relation = try #require(DrawnRelation.allCases.first { caption.contains(" \($0.rawValue) ") })
    try #require(colors.count == 2)
    let pixels = ink(picture)
    let middles = try colors.map { color in
        let found = pixels.filter { $0.color == color.color }
        try #require(!found.isEmpty, "no \(color)")
        return [found.reduce(0) { $0 + $1.x } / found.count, found.reduce(0) { $0 + $1.y } / found.count]
    }
    let (right, down) = (middles[0][0] - middles[1][0], middles[0][1] - middles[1][1])
    return switch relation {
    case .left: right < -abs(down)
    case .right: right > abs(down)
    case .above: down < -abs(right)
    case .below: down > abs(right)
    }
}
