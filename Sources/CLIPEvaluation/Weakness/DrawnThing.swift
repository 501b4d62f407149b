import CLIPData
import Foundation

/// Colors that have one name each.
enum DrawnColor: String, CaseIterable {
    case red, green, blue, yellow, orange, purple, brown, black

    var color: Canvas.Color {
        switch self {
        case .red: Canvas.Color(red: 220, green: 30, blue: 35)
        case .green: Canvas.Color(red: 35, green: 160, blue: 60)
        case .blue: Canvas.Color(red: 35, green: 75, blue: 220)
        case .yellow: Canvas.Color(red: 250, green: 215, blue: 20)
        case .orange: Canvas.Color(red: 250, green: 135, blue: 20)
        case .purple: Canvas.Color(red: 130, green: 45, blue: 175)
        case .brown: Canvas.Color(red: 125, green: 75, blue: 40)
        case .black: Canvas.Color(red: 15, green: 15, blue: 15)
        }
    }

    /// White, and shades that are nearly so.
    static let backgrounds = [
        Canvas.Color(red: 255, green: 255, blue: 255), Canvas.Color(red: 240, green: 240, blue: 240),
        Canvas.Color(red: 250, green: 245, blue: 235), Canvas.Color(red: 232, green: 240, blue: 250),
        Canvas.Color(red: 236, green: 246, blue: 236),
    ]
}

/// Shapes that have one name each.
enum DrawnShape: String, CaseIterable {
    case circle, square, triangle, star, heart, cross, arrow, crescent

    var plural: String { self == .cross ? "crosses" : rawValue + "s" }

    /// Its corners within the unit circle about (0, 0), y downwards; none of a circle.
    var corners: [Canvas.Point] {
        switch self {
        case .circle: []
        case .square: Self.turns(4).map { Self.point(1, $0 + 1 / 8) }
        case .triangle: Self.turns(3).map { Self.point(1, $0 - 1 / 4) }
        case .star: Self.turns(10).enumerated().map { Self.point($0 % 2 == 0 ? 1 : 0.4, $1 - 1 / 4) }
        case .heart:
            Self.turns(64).map { turn in
                let angle = 2 * Double.pi * turn
                let x = 16 * pow(sin(angle), 3)
                let y = 13 * cos(angle) - 5 * cos(2 * angle) - 2 * cos(3 * angle) - cos(4 * angle)
                // From 17 below to 12 above the curve's own middle, and at most 18.2 from the middle of that.
                return Canvas.Point(x: x / 18.2, y: (-y - 2.5) / 18.2)
            }
        case .cross:
            Self.points([
                (0.3, 0.95), (0.3, 0.3), (0.95, 0.3), (0.95, -0.3), (0.3, -0.3), (0.3, -0.95), (-0.3, -0.95),
                (-0.3, -0.3), (-0.95, -0.3), (-0.95, 0.3), (-0.3, 0.3), (-0.3, 0.95),
            ])
        case .arrow:
            Self.points([
                (-0.95, -0.2), (0.1, -0.2), (0.1, -0.7), (0.97, 0), (0.1, 0.7), (0.1, 0.2), (-0.95, 0.2),
            ])
        case .crescent: Self.crescentCorners
        }
    }

    /// Around a circle of radius 0.95 the long way, and back around a smaller one whose middle lies to the right.
    private static var crescentCorners: [Canvas.Point] {
        let (opening, inner) = (50 * Double.pi / 180, Canvas.Point(x: 0.35, y: 0))
        let tip = point(0.95, opening / (2 * Double.pi))
        let (innerRadius, innerOpening) = (hypot(tip.x - inner.x, tip.y), atan2(tip.y, tip.x - inner.x))
        func arc(_ radius: Double, _ opening: Double, _ middle: Double) -> [Canvas.Point] {
            (0...32).map { step in
                let angle = opening + (2 * Double.pi - 2 * opening) * Double(step) / 32
                return Canvas.Point(x: middle + radius * cos(angle), y: radius * sin(angle))
            }
        }
        return arc(0.95, opening, 0) + arc(innerRadius, innerOpening, inner.x).reversed()
    }

    private static func turns(_ count: Int) -> [Double] { (0..<count).map { Double($0) / Double(count) } }

    private static func point(_ radius: Double, _ turn: Double) -> Canvas.Point {
        Canvas.Point(x: radius * cos(2 * Double.pi * turn), y: radius * sin(2 * Double.pi * turn))
    }

    private static func points(_ pairs: [(Double, Double)]) -> [Canvas.Point] {
        pairs.map { Canvas.Point(x: $0.0, y: $0.1) }
    }
}

/// A shape of a color.
struct DrawnThing {
    var shape: DrawnShape
    var color: DrawnColor

    /// "a red circle".
    var name: String { Self.withArticle("\(color.rawValue) \(shape.rawValue)") }

    static func withArticle(_ noun: String) -> String {
        "aeiou".contains(noun.prefix(1)) ? "an \(noun)" : "a \(noun)"
    }

    /// "one circle", "two circles".
    static func counted(_ number: Int, _ shape: DrawnShape, color: DrawnColor? = nil) -> String {
        let words = [numberWords[number - 1], color?.rawValue, number == 1 ? shape.rawValue : shape.plural]
        return words.compactMap { $0 }.joined(separator: " ")
    }

    static let numberWords = ["one", "two", "three", "four", "five", "six"]
}

extension Canvas {
    /// - Parameter radius: of the circle that the shape lies in.
    mutating func draw(_ thing: DrawnThing, at center: Point, radius: Double) {
        let corners = thing.shape.corners.map { Point(x: center.x + radius * $0.x, y: center.y + radius * $0.y) }
        if corners.isEmpty {
            fillCircle(center: center, radius: radius, color: thing.color.color)
        } else {
            fillPolygon(corners, color: thing.color.color)
        }
    }
}

/// How one thing lies to another.
enum DrawnRelation: String, CaseIterable {
    case left = "left of"
    case right = "right of"
    case above, below
}

/// Where things are drawn.
enum DrawnPlaces {
    /// Least room between two things and at the edge: three pixels of the smallest canvas, so that no two things touch.
    private static let gap = 0.05

    /// Places of things that do not touch, anywhere on the canvas.
    /// - Parameter radius: of each; 0.11 for six at most, so that there is room.
    static func scattered(_ count: Int, radius: Double, using generator: inout SplitMix64) -> [Canvas.Point] {
        let margin = radius + gap
        var places: [Canvas.Point] = []
        var attempts = 0
        while places.count < count {
            let place = generator.point(x: margin...1 - margin, y: margin...1 - margin)
            attempts += 1
            // The first ones may leave no room for the rest.
            if attempts > 200 { (places, attempts) = ([], 0) }
            let isFree = places.allSatisfy { hypot($0.x - place.x, $0.y - place.y) >= 2 * radius + gap }
            if isFree { places.append(place) }
        }
        return places
    }

    /// Places of two things, of which the first lies to the second as asked and hardly otherwise.
    /// - Returns: also a radius that both can have.
    static func pair(
        _ relation: DrawnRelation, using generator: inout SplitMix64
    ) -> (first: Canvas.Point, second: Canvas.Point, radius: Double) {
        let distance = 0.22...0.28
        // Along the relation's axis, and across it.
        let (before, after) = (0.5 - generator.number(distance), 0.5 + generator.number(distance))
        let (across, other) = (generator.number(0.44...0.56), generator.number(0.44...0.56))
        let radius = generator.number(0.1...0.16)
        return switch relation {
        case .left: (Canvas.Point(x: before, y: across), Canvas.Point(x: after, y: other), radius)
        case .right: (Canvas.Point(x: after, y: across), Canvas.Point(x: before, y: other), radius)
        case .above: (Canvas.Point(x: across, y: before), Canvas.Point(x: other, y: after), radius)
        case .below: (Canvas.Point(x: across, y: after), Canvas.Point(x: other, y: before), radius)
        }
    }
}

extension SplitMix64 {
    /// A uniform number in a range, but for its upper end.
    mutating func number(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    mutating func point(x: ClosedRange<Double>, y: ClosedRange<Double>) -> Canvas.Point {
        let column = number(x)
        return Canvas.Point(x: column, y: number(y))
    }

    /// One of some elements; there has to be one.
    mutating func element<Element>(of elements: [Element]) -> Element { elements[integer(below: elements.count)] }

    /// Some of the elements, each at most once, in random order.
    mutating func elements<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        var shuffled = elements
        shuffle(&shuffled)
        return Array(shuffled.prefix(count))
    }
}
