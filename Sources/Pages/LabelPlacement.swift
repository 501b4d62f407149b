import Foundation

/// Finds places for names beside points, one after the other: of some forty around each point, the one that covers the
/// least of what is there already.
struct LabelPlacement {
    private struct Box {
        var left: Double
        var top: Double
        var right: Double
        var bottom: Double

        func overlap(_ other: Box) -> Double {
            let width = min(right, other.right) - max(left, other.left)
            let height = min(bottom, other.bottom) - max(top, other.top)
            return width > 0 && height > 0 ? width * height : 0
        }
    }

    /// What a square unit of each costs that a label covers.
    private static let weights = (label: 6.0, marker: 5.0, line: 1.5, outside: 12.0)
    private static let lineHeight = 12.0
    /// From the point to the label's nearest edge; the first needs no line to the point.
    private static let distances = [8.0, 17, 28, 42, 60]

    private let width: Double
    private let height: Double
    private var obstacles: [(box: Box, weight: Double)] = []

    /// - Parameters:
    ///   - width: of the frame that labels stay in.
    ///   - height: of the same.
    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    mutating func avoid(marker: (x: Double, y: Double)) {
        let box = Box(left: marker.x - 5, top: marker.y - 5, right: marker.x + 5, bottom: marker.y + 5)
        obstacles.append((box, Self.weights.marker))
    }

    /// A line is avoided as a row of small boxes.
    mutating func avoid(line: [(x: Double, y: Double)]) {
        for (start, end) in zip(line, line.dropFirst()) {
            let steps = max(1, min(400, Int(max(abs(end.x - start.x), abs(end.y - start.y)) / 5)))
            for step in 0...steps {
                let share = Double(step) / Double(steps)
                let (x, y) = (start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)
                guard (0...width).contains(x), (0...height).contains(y) else { continue }
                let box = Box(left: x - 2, top: y - 2, right: x + 2, bottom: y + 2)
                obstacles.append((box, Self.weights.line))
            }
        }
    }

    /// Takes the best place for a label.
    /// - Returns: where its text begins and its baseline lies, and where a line from the point to a label that is not
    ///   beside it ends.
    mutating func place(
        width textWidth: Double, beside point: (x: Double, y: Double)
    ) -> (x: Double, y: Double, leader: (Double, Double)?) {
        var best = box(width: textWidth, point, direction: (1, 0), distance: Self.distances[0])
        var least = Double.infinity
        var isFar = false
        for (ring, distance) in Self.distances.enumerated() {
            for (order, direction) in Self.directions.enumerated() {
                let box = box(width: textWidth, point, direction: direction, distance: distance)
                let cost = self.cost(box) + Double(ring) * 30 + Double(order)
                if cost < least { (best, least, isFar) = (box, cost, ring > 0) }
            }
        }
        obstacles.append((best, Self.weights.label))
        // The middle of a letter without ascender lies about four units above the baseline.
        let text = (x: best.left, y: best.bottom - 3)
        guard isFar else { return (text.x, text.y, nil) }
        let end = (
            min(max(point.x, best.left), best.right), min(max(point.y, best.top + 2), best.bottom - 2)
        )
        avoid(line: [point, (x: end.0, y: end.1)])
        return (text.x, text.y, end)
    }

    /// To the right first, where a reader looks; then to the left, above and below.
    private static let directions: [(x: Double, y: Double)] = [
        (1, 0), (-1, 0), (0, -1), (0, 1), (0.7, -0.7), (0.7, 0.7), (-0.7, -0.7), (-0.7, 0.7),
    ]

    private func box(
        width textWidth: Double, _ point: (x: Double, y: Double), direction: (x: Double, y: Double), distance: Double
    ) -> Box {
        let center = (x: point.x + direction.x * distance, y: point.y + direction.y * distance)
        // The box hangs at the side that faces the point.
        let left = center.x + (direction.x > 0 ? 0 : direction.x < 0 ? -textWidth : -textWidth / 2)
        let rise = abs(direction.y) < 0.1 ? 0.5 : direction.y > 0 ? 0 : 1
        let top = center.y - Self.lineHeight * rise
        return Box(left: left, top: top, right: left + textWidth, bottom: top + Self.lineHeight)
    }

    private func cost(_ box: Box) -> Double {
        let inside = Box(left: 0, top: 0, right: width, bottom: height)
        let area = (box.right - box.left) * (box.bottom - box.top)
        let covered = obstacles.reduce(0.0) { $0 + $1.weight * box.overlap($1.box) }
        return covered + Self.weights.outside * (area - box.overlap(inside))
    }
}
