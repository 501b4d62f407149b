import Imaging

/// How pictures of things are put together, and what is said of it.
enum Composition: CaseIterable {
    case number, leftRight, aboveBelow, both, surroundings

    /// Whether it is of two different things.
    var hasOther: Bool { self != .number && self != .surroundings }

    private static let numbers: [PhraseTemplate] = [
        PhraseTemplate("two {s}", "两{m}{n}"), PhraseTemplate("three {s}", "三{m}{n}"),
        PhraseTemplate("four {s}", "四{m}{n}"),
    ]
    private static let colors: [(template: PhraseTemplate, color: (Double, Double, Double))] = [
        (PhraseTemplate("{a} on a red background", "红色背景上的{n}"), (0.85, 0.15, 0.15)),
        (PhraseTemplate("{a} on a green background", "绿色背景上的{n}"), (0.2, 0.65, 0.25)),
        (PhraseTemplate("{a} on a blue background", "蓝色背景上的{n}"), (0.2, 0.35, 0.85)),
        (PhraseTemplate("{a} on a yellow background", "黄色背景上的{n}"), (0.98, 0.88, 0.2)),
        (PhraseTemplate("{a} on a gray background", "灰色背景上的{n}"), (0.5, 0.5, 0.5)),
        (PhraseTemplate("{a} on a black background", "黑色背景上的{n}"), (0.05, 0.05, 0.05)),
    ]
    private static let left = PhraseTemplate("{a} to the left of {b}", "{b}左边的{n}")
    private static let right = PhraseTemplate("{a} to the right of {b}", "{b}右边的{n}")
    private static let above = PhraseTemplate("{a} above {b}", "{b}上面的{n}")
    private static let below = PhraseTemplate("{a} below {b}", "{b}下面的{n}")
    private static let and = PhraseTemplate("{a} and {b}", "一{m}{n}和一{k}{b}")

    /// A thing, and its picture.
    struct Thing {
        let noun: PhraseNoun
        let picture: Picture
    }

    /// What is seen, and what is said of it: several captions where it can be said from both sides.
    struct Scene {
        let picture: Picture
        let lines: [(text: String, translations: [String])]
    }

    /// A square picture of one thing or two.
    /// - Throws: `ImagingError`.
    func scene(
        _ thing: Thing, _ other: Thing, size: Int, using generator: inout some RandomNumberGenerator
    ) throws -> Scene {
        func line(_ template: PhraseTemplate) -> (text: String, translations: [String]) {
            Phrases.line(template, thing.noun, other.noun)
        }
        func opposite(_ template: PhraseTemplate) -> (text: String, translations: [String]) {
            Phrases.line(template, other.noun, thing.noun)
        }
        var canvas = Canvas(size: size)
        let half = size / 2
        switch self {
        case .number:
            let number = Int.random(in: 2...4, using: &generator)
            // Two beside or above each other; three and four in quarters, one of which may stay empty.
            let cells = number == 2 ? Canvas.halves(size, isRow: .random(using: &generator)) : Canvas.quarters(size)
            for cell in cells.shuffled(using: &generator).prefix(number) {
                try canvas.put(thing.picture, in: cell, using: &generator)
            }
            return Scene(picture: try canvas.picture(), lines: [line(Self.numbers[number - 2])])
        case .leftRight:
            let cells = Canvas.halves(size, isRow: true)
            try canvas.put(thing.picture, in: cells[0], using: &generator)
            try canvas.put(other.picture, in: cells[1], using: &generator)
            return Scene(picture: try canvas.picture(), lines: [line(Self.left), opposite(Self.right)])
        case .aboveBelow:
            let cells = Canvas.halves(size, isRow: false)
            try canvas.put(thing.picture, in: cells[0], using: &generator)
            try canvas.put(other.picture, in: cells[1], using: &generator)
            return Scene(picture: try canvas.picture(), lines: [line(Self.above), opposite(Self.below)])
        case .both:
            let cells = Canvas.halves(size, isRow: .random(using: &generator)).shuffled(using: &generator)
            try canvas.put(thing.picture, in: cells[0], using: &generator)
            try canvas.put(other.picture, in: cells[1], using: &generator)
            return Scene(picture: try canvas.picture(), lines: [line(Self.and), opposite(Self.and)])
        case .surroundings:
            let (template, color) = Self.colors[Int.random(in: 0..<Self.colors.count, using: &generator)]
            let side = Int.random(in: half...size, using: &generator)
            let cell = Canvas.Cell(left: 0, top: 0, width: size, height: size)
            try canvas.put(thing.picture, in: cell, longestSide: side, using: &generator)
            return Scene(picture: try canvas.picture().filledAround { _, _ in color }, lines: [line(template)])
        }
    }
}

/// A white square that pictures are put on.
struct Canvas {
    struct Cell {
        let left: Int
        let top: Int
        let width: Int
        let height: Int
    }

    private let size: Int
    private var pixels: [UInt8]

    init(size: Int) {
        self.size = size
        pixels = Array(repeating: 255, count: size * size * 3)
    }

    /// Left and right, or upper and lower.
    static func halves(_ size: Int, isRow: Bool) -> [Cell] {
        let half = size / 2
        return isRow
            ? [0, half].map { Cell(left: $0, top: 0, width: half, height: size) }
            : [0, half].map { Cell(left: 0, top: $0, width: size, height: half) }
    }

    static func quarters(_ size: Int) -> [Cell] {
        let half = size / 2
        return [0, half].flatMap { top in [0, half].map { Cell(left: $0, top: top, width: half, height: half) } }
    }

    /// Puts a picture somewhere in a cell, as large as fits or a little smaller.
    mutating func put(
        _ picture: Picture, in cell: Cell, longestSide: Int? = nil, using generator: inout some RandomNumberGenerator
    ) throws {
        let room = min(longestSide ?? Int.max, min(cell.width, cell.height))
        let longest = Int.random(in: max(1, room * 7 / 10)...room, using: &generator)
        let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
        let fitted = try picture.resizedForStorage(shortestSide: max(1, longest * short / long))
        let (width, height) = (min(fitted.width, cell.width), min(fitted.height, cell.height))
        let left = cell.left + Int.random(in: 0...cell.width - width, using: &generator)
        let top = cell.top + Int.random(in: 0...cell.height - height, using: &generator)
        for row in 0..<height {
            let (from, to) = (row * fitted.width * 3, ((top + row) * size + left) * 3)
            pixels.replaceSubrange(to..<to + width * 3, with: fitted.pixels[from..<from + width * 3])
        }
    }

    func picture() throws -> Picture { try Picture(width: size, height: size, pixels: pixels) }
}
