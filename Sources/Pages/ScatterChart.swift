/// Points by two measurements each, with error bars, names and curves, drawn as SVG in the style of ``LineChart``: no
/// script, nothing fetched. Its rules are those of ``ChartStyle/all``.
package struct ScatterChart: Sendable {
    package struct Point: Sendable {
        /// Shown where the pointer rests; empty for the series' name alone.
        package var name: String
        package var x: Double
        package var y: Double
        package var xInterval: ChartInterval?
        package var yInterval: ChartInterval?
        /// Whether the name stands beside the marker too.
        package var isLabeled = false
        /// Whether only the marker's outline is drawn: it was measured elsewhere.
        package var isHollow = false

        package init(
            _ name: String, x: Double, y: Double, xInterval: ChartInterval? = nil, yInterval: ChartInterval? = nil,
            isLabeled: Bool = false, isHollow: Bool = false
        ) {
            (self.name, self.x, self.y) = (name, x, y)
            (self.xInterval, self.yInterval) = (xInterval, yInterval)
            (self.isLabeled, self.isHollow) = (isLabeled, isHollow)
        }
    }

    /// A marker's shape.
    package enum Marker: String, Sendable, CaseIterable {
        case circle
        case square
        case diamond
        case triangle
        case inverted
    }

    package struct Series: Sendable {
        package var name: String
        package var points: [Point]
        /// Which of ``LineChart/colorCount`` colors; nil for the series' own place among the others.
        package var color: Int?
        /// Nil for the shape by the series' place: those that share a color have different ones.
        package var marker: Marker?

        package init(_ name: String, _ points: [Point], color: Int? = nil, marker: Marker? = nil) {
            (self.name, self.points, self.color, self.marker) = (name, points, color, marker)
        }
    }

    /// A line through given points, such as a fit. It does not widen the axes.
    package struct Curve: Sendable {
        /// Empty to be left out of the legend.
        package var name: String
        /// In the order in which they are joined. On axes that are not linear a line needs many.
        package var points: [LineChart.Point]
        package var isDashed = false
        /// Which of ``LineChart/colorCount`` colors; nil for gray.
        package var color: Int?

        package init(_ name: String, _ points: [LineChart.Point], isDashed: Bool = false, color: Int? = nil) {
            (self.name, self.points, self.isDashed, self.color) = (name, points, isDashed, color)
        }
    }

    package var title: String
    package var x: ChartAxis
    package var y: ChartAxis
    package var series: [Series]
    package var curves: [Curve] = []
    /// Whether a dashed line shows where y equals x.
    package var hasDiagonal = false
    /// What the legend calls the dashed line; empty to be left out.
    package var diagonalName = "y = x"
    /// What the legend calls hollow markers.
    package var hollowName = "published elsewhere"
    /// In the drawing's own units, of which letters are 12 high.
    package var width = 640
    package var height = 480

    package init(_ title: String, x: ChartAxis, y: ChartAxis, series: [Series] = []) {
        (self.title, self.x, self.y, self.series) = (title, x, y, series)
    }

    /// Whether there is anything to draw.
    package var isEmpty: Bool { series.allSatisfy(\.points.isEmpty) && curves.allSatisfy(\.points.isEmpty) }

    /// The drawing as an element for a page that has ``ChartStyle/all`` in its style sheet.
    package func element() -> String { ScatterDrawing(self).rendered(isFile: false) }

    /// The drawing as a file of its own.
    package func file() -> String { ScatterDrawing(self).rendered(isFile: true) }

    func color(at index: Int) -> Int { LineChart.color(series[index].color ?? index) }

    func marker(at index: Int) -> Marker {
        let shapes = Marker.allCases
        // Shapes change before the colors do again, so that a print in gray can be read too.
        return series[index].marker ?? shapes[index % shapes.count]
    }
}

extension LineChart {
    /// A color's place among those there are.
    static func color(_ color: Int) -> Int { (color % colorCount + colorCount) % colorCount }
}

extension ScatterChart.Marker {
    /// The outline around (0, 0). Shapes of one area look alike in size.
    private var outline: String {
        switch self {
        case .circle: "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0 -8.4 0z"
        case .square: "M-3.7 -3.7h7.4v7.4h-7.4z"
        case .diamond: "M0 -5.2l5.2 5.2l-5.2 5.2l-5.2 -5.2z"
        case .triangle: "M0 -5l5 8.6h-10z"
        case .inverted: "M0 5l5 -8.6h-10z"
        }
    }

    /// The marker with its center at a place.
    /// - Parameters:
    ///   - style: classes, `dot fill` or `dot hollow` among them.
    ///   - content: markup inside the element.
    func element(x: Double, y: Double, style: String, content: String = "") -> String {
        let place = "translate(\(ChartSVG.place(x)) \(ChartSVG.place(y)))"
        return "<path class=\"\(style)\" transform=\"\(place)\" d=\"\(outline)\""
            + (content.isEmpty ? "/>" : ">\(content)</path>")
    }
}
