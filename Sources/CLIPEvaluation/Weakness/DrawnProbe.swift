import CLIPData
import Imaging

/// A picture, and texts of which one says what it shows.
package struct DrawnItem: Sendable {
    /// Named by ``key``.
    package let picture: Picture
    /// All different.
    package let choices: [String]
    /// The place of the right choice.
    package let answer: Int
    /// Tells it from all others: `counting-00012`.
    package let key: String
}

/// Pictures that are drawn here, each of which asks one thing that models of pictures and words are known to be weak at
/// (arXiv 2103.00020, section 6, counting; Tong et al., "Eyes Wide Shut?", arXiv 2401.06209, section 3, position, color and
/// number).
package enum DrawnProbe: String, Sendable, CaseIterable {
    /// One to six equal things.
    case counting
    /// One thing in one of eight colors.
    case color
    /// One of eight shapes.
    case shape
    /// One of ten words.
    case renderedText = "rendered_text"
    /// A circle left of, right of, above or below a square.
    case position

    /// Sides of a picture in pixels: where two things can be told apart, and where a picture still is small in memory.
    package static let sides = 64...4096

    /// What it is called in a table.
    package var title: String {
        switch self {
        case .counting: "Counting"
        case .color: "Color"
        case .shape: "Shape"
        case .renderedText: "Rendered text"
        case .position: "Position"
        }
    }

    /// The share that is right by chance.
    package var chance: Double { 1 / Double(choiceCount) }

    var choiceCount: Int {
        switch self {
        case .counting: DrawnThing.numberWords.count
        case .color: DrawnColor.allCases.count
        case .shape: DrawnShape.allCases.count
        case .renderedText: Self.textChoiceCount
        case .position: DrawnRelation.allCases.count
        }
    }

    private static let textChoiceCount = 10

    /// Pictures with their choices, the same for the same seed; the first ones do not depend on how many are asked for.
    ///
    /// Every answer is right equally often, but for the last few, so that a model that always gives the same one has chance.
    /// Text is drawn in the fonts that this machine calls sans, serif and monospace.
    /// - Parameters:
    ///   - count: pictures, above 0.
    ///   - side: of a picture in pixels, in ``sides``.
    /// - Throws: ``EvaluationError/samples(name:problem:)``; `ImagingError` where no text can be drawn.
    package func items(count: Int, side: Int, seed: UInt64) throws -> [DrawnItem] {
        try Self.check(count: count, side: side, name: "the probe \"\(rawValue)\"")
        return try (0..<count).map { try item($0, side: side, seed: seed) }
    }

    static func check(count: Int, side: Int, name: String) throws {
        guard count > 0 else {
            throw EvaluationError.samples(name: name, problem: "\(count) pictures were asked for; ask for one or more")
        }
        guard sides.contains(side) else {
            throw EvaluationError.samples(
                name: name,
                problem: "pictures of \(side) pixels are not drawn; ask for \(sides.lowerBound) to \(sides.upperBound)")
        }
    }

    private func item(_ number: Int, side: Int, seed: UInt64) throws -> DrawnItem {
        let mark = rawValue.utf8.reduce(seed) { SplitMix64.seed($0, UInt64($1)) }
        var generator = SplitMix64(seed: SplitMix64.seed(mark, 1, UInt64(number)))
        var canvas = Canvas(side: side, background: generator.element(of: DrawnColor.backgrounds))
        let answer = answer(number, mark)
        let choices =
            switch self {
            case .counting: drawNumber(answer, &canvas, &generator)
            case .color, .shape: drawOne(answer, &canvas, &generator)
            case .renderedText: try drawWord(answer, &canvas, &generator)
            case .position: drawRelation(answer, &canvas, &generator)
            }
        let key = "\(rawValue)-\(Self.padded(number))"
        return DrawnItem(picture: try canvas.picture(name: key), choices: choices, answer: answer, key: key)
    }

    /// All answers in random order, and then all again.
    private func answer(_ number: Int, _ mark: UInt64) -> Int {
        var generator = SplitMix64(seed: SplitMix64.seed(mark, 2, UInt64(number / choiceCount)))
        return generator.elements(choiceCount, of: Array(0..<choiceCount))[number % choiceCount]
    }

    static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    private func drawNumber(_ answer: Int, _ canvas: inout Canvas, _ generator: inout SplitMix64) -> [String] {
        let thing = DrawnThing(
            shape: generator.element(of: DrawnShape.allCases), color: generator.element(of: DrawnColor.allCases))
        let radius = generator.number(0.07...0.11)
        for place in DrawnPlaces.scattered(answer + 1, radius: radius, using: &generator) {
            canvas.draw(thing, at: place, radius: radius)
        }
        return (1...choiceCount).map { "a picture of \(DrawnThing.counted($0, thing.shape, color: thing.color))" }
    }

    private func drawOne(_ answer: Int, _ canvas: inout Canvas, _ generator: inout SplitMix64) -> [String] {
        let drawn = DrawnThing(
            shape: generator.element(of: DrawnShape.allCases), color: generator.element(of: DrawnColor.allCases))
        let all =
            self == .color
            ? DrawnColor.allCases.map { DrawnThing(shape: drawn.shape, color: $0) }
            : DrawnShape.allCases.map { DrawnThing(shape: $0, color: drawn.color) }
        let radius = generator.number(0.15...0.3)
        let room = radius + 0.05...0.95 - radius
        canvas.draw(all[answer], at: generator.point(x: room, y: room), radius: radius)
        return all.map { "a picture of \($0.name)" }
    }

    private func drawWord(_ answer: Int, _ canvas: inout Canvas, _ generator: inout SplitMix64) throws -> [String] {
        let words = generator.elements(choiceCount, of: Self.words)
        let side = canvas.side
        // At 72 dots per inch a point is a pixel; seven letters of the widest fonts just fit.
        let size = max(8, Int(Double(side) * generator.number(0.12...0.18)))
        let text = try Picture.rendering(text: words[answer], font: "\(generator.element(of: Self.fonts)) \(size)")
        let room = side * 9 / 10
        let fitted =
            text.width > room ? try text.resizedForStorage(shortestSide: max(1, text.height * room / text.width)) : text
        let margin = side / 20
        let left = margin + generator.integer(below: side - 2 * margin - fitted.width + 1)
        let top = margin + generator.integer(below: side - 2 * margin - fitted.height + 1)
        canvas.darken(by: fitted, left: left, top: top)
        return words.map { "the word \($0)" }
    }

    private func drawRelation(_ answer: Int, _ canvas: inout Canvas, _ generator: inout SplitMix64) -> [String] {
        let colors = generator.elements(2, of: DrawnColor.allCases)
        let circle = DrawnThing(shape: .circle, color: colors[0])
        let square = DrawnThing(shape: .square, color: colors[1])
        let places = DrawnPlaces.pair(DrawnRelation.allCases[answer], using: &generator)
        canvas.draw(circle, at: places.first, radius: places.radius)
        canvas.draw(square, at: places.second, radius: places.radius)
        return DrawnRelation.allCases.map { "\(circle.name) \($0.rawValue) \(square.name)" }
    }

    /// As Pango reads them; fontconfig has these three everywhere.
    static let fonts = ["Sans", "Sans Bold", "Serif", "Serif Bold", "Monospace", "Monospace Bold"]

    /// Common words of four to seven letters, none of which is a color or a shape.
    static let words = [
        "apple", "bottle", "bread", "bridge", "candle", "chair", "cloud", "dinner", "door", "eagle", "engine", "flower",
        "forest", "garden", "guitar", "hammer", "horse", "island", "jacket", "kitchen", "lemon", "market", "music",
        "needle", "night", "ocean", "paper", "pencil", "queen", "rabbit", "river", "school", "summer", "table", "train",
        "uncle", "village", "water", "window", "zebra",
    ]
}
