import CLIPData

/// Two pictures and two captions of the same words, of which the first says what the first picture shows and the second
/// what the second does (Thrush et al., "Winoground", arXiv 2204.03162, section 3).
package struct WinogroundItem: Sendable {
    /// Tells it from all others.
    package let key: String
    /// Two pictures.
    package let pictures: [EvaluationSample]
    /// Two captions, in the pictures' order.
    package let captions: [String]
    /// What is exchanged between the captions: `relation`, `color`, `count`, or what a file says.
    package let tag: String?

    init(key: String, contents: [EvaluationSample.Content], captions: [String], tag: String?) {
        self.key = key
        pictures = zip(contents, captions).enumerated().map { place, pair in
            EvaluationSample(key: "\(key)-\(place)", content: pair.0, captions: [pair.1])
        }
        (self.captions, self.tag) = (captions, tag)
    }
}

/// What is exchanged between two drawn pictures.
private enum Exchange: String, CaseIterable {
    case relation, color, count
}

extension WinogroundItem {
    private static let shapes: [DrawnShape] = [.circle, .square, .triangle, .star, .heart]

    /// Items drawn here, the same for the same seed: in turn a relation that is turned around, colors that are exchanged,
    /// and numbers that are. But for that both pictures of an item are alike.
    ///
    /// - Parameters:
    ///   - count: items, above 0.
    ///   - side: of a picture in pixels, in ``DrawnProbe/sides``.
    /// - Throws: ``EvaluationError/samples(name:problem:)``.
    package static func items(count: Int, side: Int, seed: UInt64) throws -> [WinogroundItem] {
        try DrawnProbe.check(count: count, side: side, name: "the drawn pairs")
        return try (0..<count).map { try item($0, side: side, seed: seed) }
    }

    private static func item(_ number: Int, side: Int, seed: UInt64) throws -> WinogroundItem {
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 3, UInt64(number)))
        let exchange = Exchange.allCases[number % Exchange.allCases.count]
        let background = generator.element(of: DrawnColor.backgrounds)
        let blank = Canvas(side: side, background: background)
        let (shapes, colors) = (generator.elements(2, of: Self.shapes), generator.elements(2, of: DrawnColor.allCases))
        var canvases = [blank, blank]
        let captions =
            switch exchange {
            case .relation: drawRelation(shapes, colors, &canvases, &generator)
            case .color: drawColors(shapes, colors, &canvases, &generator)
            case .count: drawNumbers(shapes, colors[0], &canvases, &generator)
            }
        let key = "\(exchange.rawValue)-\(DrawnProbe.padded(number))"
        let contents = try canvases.enumerated().map { place, canvas in
            EvaluationSample.Content.picture(try canvas.picture(name: "\(key)-\(place)"))
        }
        return WinogroundItem(key: key, contents: contents, captions: captions, tag: exchange.rawValue)
    }

    /// "a red circle left of a blue square", "a blue square left of a red circle".
    private static func drawRelation(
        _ shapes: [DrawnShape], _ colors: [DrawnColor], _ canvases: inout [Canvas], _ generator: inout SplitMix64
    ) -> [String] {
        let things = zip(shapes, colors).map { DrawnThing(shape: $0, color: $1) }
        let relation = generator.element(of: DrawnRelation.allCases)
        let places = DrawnPlaces.pair(relation, using: &generator)
        for place in 0..<2 {
            canvases[place].draw(things[place], at: places.first, radius: places.radius)
            canvases[place].draw(things[1 - place], at: places.second, radius: places.radius)
        }
        return (0..<2).map { "\(things[$0].name) \(relation.rawValue) \(things[1 - $0].name)" }
    }

    /// "a red circle and a blue square", "a blue circle and a red square".
    private static func drawColors(
        _ shapes: [DrawnShape], _ colors: [DrawnColor], _ canvases: inout [Canvas], _ generator: inout SplitMix64
    ) -> [String] {
        let places = DrawnPlaces.pair(generator.element(of: DrawnRelation.allCases), using: &generator)
        return (0..<2).map { place in
            let first = DrawnThing(shape: shapes[0], color: colors[place])
            let second = DrawnThing(shape: shapes[1], color: colors[1 - place])
            canvases[place].draw(first, at: places.first, radius: places.radius)
            canvases[place].draw(second, at: places.second, radius: places.radius)
            return "\(first.name) and \(second.name)"
        }
    }

    /// "two circles and one square", "one circle and two squares", all of one color.
    private static func drawNumbers(
        _ shapes: [DrawnShape], _ color: DrawnColor, _ canvases: inout [Canvas], _ generator: inout SplitMix64
    ) -> [String] {
        let numbers = generator.elements(2, of: [1, 2, 3])
        let radius = generator.number(0.08...0.11)
        let places = DrawnPlaces.scattered(numbers[0] + numbers[1], radius: radius, using: &generator)
        return (0..<2).map { picture in
            for (place, center) in places.enumerated() {
                let shape = place < numbers[picture] ? shapes[0] : shapes[1]
                canvases[picture].draw(DrawnThing(shape: shape, color: color), at: center, radius: radius)
            }
            let first = DrawnThing.counted(numbers[picture], shapes[0])
            return "\(first) and \(DrawnThing.counted(numbers[1 - picture], shapes[1]))"
        }
    }
}
