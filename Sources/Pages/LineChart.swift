import Foundation

/// Curves over a common axis, drawn as SVG: no script, nothing fetched, readable on light and dark pages.
package struct LineChart: Sendable {
    package struct Point: Sendable, Equatable {
        package var x: Double
        package var y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// One curve. A point whose value has no place on the axes interrupts it.
    package struct Series: Sendable {
        package var name: String
        /// By rising x.
        package var points: [Point]
        /// Drawn faintly behind: the measurements that `points` smooths.
        package var faint: [Point] = []
        package var isDashed = false
        /// How far values spread around the points, or how sure they are. A page that shows them needs
        /// ``ChartStyle/all``.
        package var intervals: [Interval] = []
        /// Whether the intervals are one shaded band, by rising x, instead of a bar each.
        package var isBand = false
        /// Which of ``LineChart/colorCount`` colors; nil for the series' own place among the others.
        package var color: Int?

        package init(_ name: String, _ points: [Point], faint: [Point] = [], isDashed: Bool = false, color: Int? = nil)
        {
            self.name = name
            self.points = points
            self.faint = faint
            self.isDashed = isDashed
            self.color = color
        }
    }

    /// A range of values at one place.
    package struct Interval: Sendable, Equatable {
        package var x: Double
        package var range: ChartInterval

        package init(x: Double, _ range: ChartInterval) {
            self.x = x
            self.range = range
        }
    }

    /// A column behind the curves, from zero to its value: a bin of a histogram or of a reliability diagram. A page that
    /// shows one needs ``ChartStyle/all``.
    package struct Column: Sendable, Equatable {
        /// Where it begins and ends, in any order.
        package var from: Double
        package var to: Double
        package var value: Double

        package init(from: Double, to: Double, value: Double) {
            self.from = from
            self.to = to
            self.value = value
        }
    }

    /// A dashed line across the chart, such as what guessing gives.
    package struct Reference: Sendable {
        /// Empty where another's name speaks for it.
        package var name: String
        package var value: Double

        package init(_ name: String, at value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// A dashed line down the chart, such as a run's interruption.
    package struct Mark: Sendable {
        package enum Kind: Sendable, CaseIterable {
            case event
            case warning
        }

        package var kind: Kind
        /// What marks of this kind are called in the legend.
        package var name: String
        package var x: Double

        package init(_ kind: Kind, _ name: String, at x: Double) {
            self.kind = kind
            self.name = name
            self.x = x
        }
    }

    /// Colors that can be told apart; series beyond them begin again with dashes.
    package static let colorCount = 8

    package var title: String
    package var x: ChartAxis
    package var y: ChartAxis
    package var series: [Series]
    package var references: [Reference] = []
    package var marks: [Mark] = []
    package var columns: [Column] = []
    /// Whether a dashed line shows where y equals x.
    package var hasDiagonal = false
    /// In the drawing's own units, of which letters are 12 high.
    package var width = 560
    package var height = 300

    package init(_ title: String, x: ChartAxis, y: ChartAxis, series: [Series] = []) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
    }

    /// Whether there is anything to draw.
    package var isEmpty: Bool {
        columns.isEmpty && series.allSatisfy { $0.points.isEmpty && $0.faint.isEmpty && $0.intervals.isEmpty }
    }

    /// The drawing as an element for a page that has ``style`` in its style sheet.
    package func element() -> String { ChartDrawing(self).rendered(isFile: false) }

    /// The drawing as a file of its own.
    package func file() -> String { ChartDrawing(self).rendered(isFile: true) }

    /// Means of the points around each, in which a point `halfLife` places away counts half, one twice as far away a
    /// quarter. They look both ways, so that a curve is not moved to the right. What is not finite stays a gap.
    package static func smoothed(_ points: [Point], halfLife: Double) -> [Point] {
        guard halfLife > 0 else { return points }
        let keep = exp2(-1 / halfLife)
        // What lies to the left of each point, with its weight, as seen from it.
        func sums(_ order: some Sequence<Int>) -> [(sum: Double, weight: Double)] {
            var result = [(sum: Double, weight: Double)](repeating: (0, 0), count: points.count)
            var (sum, weight) = (0.0, 0.0)
            for index in order {
                result[index] = (sum, weight)
                let value = points[index].y
                sum = keep * (value.isFinite ? sum + value : sum)
                weight = keep * (value.isFinite ? weight + 1 : weight)
            }
            return result
        }
        let before = sums(points.indices)
        let after = sums(points.indices.reversed())
        return points.indices.map { index in
            let point = points[index]
            guard point.y.isFinite else { return point }
            let sum = before[index].sum + point.y + after[index].sum
            return Point(x: point.x, y: sum / (before[index].weight + 1 + after[index].weight))
        }
    }

    /// At most two points for each of `columns` equal parts of `range`: the lowest and the highest, in their order. The
    /// first and the last of all are kept, and a point without a value that interrupts a part.
    package static func thinned(_ points: [Point], columns: Int, range: ClosedRange<Double>) -> [Point] {
        let width = range.upperBound - range.lowerBound
        guard points.count > 2 * columns + 2, columns > 0, width > 0, width.isFinite else { return points }
        var result: [Point] = []
        var column = -1.0
        var low = points[0]
        var high = points[0]
        var gap: Point?
        func flush() {
            guard column >= 0 else { return }
            var kept = low == high || !low.y.isFinite ? [low] : [low, high]
            if let gap, gap != low { kept.append(gap) }
            result += kept.sorted { $0.x < $1.x }
        }
        for point in points.dropFirst().dropLast() {
            let place = max(0, ((point.x - range.lowerBound) / width * Double(columns)).rounded(.down))
            if place != column || column < 0 {
                flush()
                (column, low, high, gap) = (place, point, point, nil)
            }
            guard point.y.isFinite else {
                gap = point
                continue
            }
            if !low.y.isFinite { (low, high) = (point, point) }
            if point.y < low.y { low = point }
            if point.y > high.y { high = point }
        }
        flush()
        return [points[0]] + result + [points[points.count - 1]]
    }
}
