import Foundation

/// A scatter chart laid out and written down.
struct ScatterDrawing {
    private let chart: ScatterChart
    private let legend: ChartLegend
    private let plot: ChartFrame

    init(_ chart: ScatterChart) {
        self.chart = chart
        let points = chart.series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
        func axis(
            _ axis: ChartAxis, _ value: (ScatterChart.Point) -> Double,
            _ interval: (ScatterChart.Point) -> ChartInterval?, _ other: (LineChart.Point) -> Double, _ count: Int
        ) -> FittedAxis {
            var values = points.flatMap { point in
                [value(point)] + (interval(point).map { [$0.low, $0.high] } ?? [])
            }
            // Curves do not widen the axes, but where they are all there is.
            if values.isEmpty { values = chart.curves.flatMap { $0.points.map(other) } }
            return FittedAxis(axis, values: values, tickCount: max(2, count), isRounded: true)
        }
        let x = axis(chart.x, \.x, \.xInterval, \.x, chart.width / 90)
        let y = axis(chart.y, \.y, \.yInterval, \.y, chart.height / 60)
        legend = ChartLegend(Self.entries(chart), width: Double(chart.width) - 24)
        let left = 20 + (y.ticks.map { ChartText.width($0.label) }.max() ?? 0)
        let top = (legend.height > 0 ? 44 : 38) + legend.height + (chart.y.title.isEmpty ? 0 : 16)
        plot = ChartFrame(
            x: x, y: y, left: left, top: top, width: max(40, Double(chart.width) - left - 18),
            height: max(40, Double(chart.height) - top - (chart.x.title.isEmpty ? 28 : 46)))
    }

    private static func entries(_ chart: ScatterChart) -> [ChartLegend.Entry] {
        var entries: [ChartLegend.Entry] = []
        let isHollow = chart.series.map { !$0.points.isEmpty && $0.points.allSatisfy(\.isHollow) }
        // The name of a single series is the title's to tell.
        for (index, series) in chart.series.enumerated() where chart.series.count > 1 && !series.name.isEmpty {
            let style = "dot \(isHollow[index] ? "hollow" : "fill") s\(chart.color(at: index))"
            entries.append(.init(name: series.name, swatch: .marker(chart.marker(at: index), style)))
        }
        if chart.series.contains(where: { $0.points.contains(where: \.isHollow) }), !chart.hollowName.isEmpty {
            entries.append(.init(name: chart.hollowName, swatch: .marker(.circle, "dot hollow ink")))
        }
        for curve in chart.curves where !curve.name.isEmpty {
            entries.append(.init(name: curve.name, swatch: .line(style(curve))))
        }
        if chart.hasDiagonal, !chart.diagonalName.isEmpty {
            entries.append(.init(name: chart.diagonalName, swatch: .line("reference")))
        }
        return entries
    }

    private static func style(_ curve: ScatterChart.Curve) -> String {
        "line " + (curve.color.map { "s\(LineChart.color($0))" } ?? "ink") + (curve.isDashed ? " dashed" : "")
    }

    func rendered(isFile: Bool) -> String {
        var svg = ChartSVG.opening(
            chart.title, width: chart.width, height: chart.height, style: isFile ? ChartStyle.all : nil)
        svg += legend.rendered(top: 34)
        if !chart.y.title.isEmpty { svg += ChartSVG.text(chart.y.title, x: 12, y: plot.top - 10, "soft") }
        svg += plot.grid(title: chart.x.title, hasColumns: true, limit: Double(chart.width)) + "\n"
        var content = chart.hasDiagonal ? plot.drawnDiagonal() : ""
        for curve in chart.curves { content += line(curve) }
        for (index, series) in chart.series.enumerated() { content += whiskers(series, at: index) }
        for (index, series) in chart.series.enumerated() { content += markers(series, at: index) }
        let labels = labels()
        // A marker on the frame is whole.
        svg += labels.leaders + plot.clipped(content, room: 7) + labels.names
        if chart.isEmpty {
            svg += ChartSVG.text(
                "nothing yet", x: plot.left + plot.width / 2, y: plot.top + plot.height / 2, "soft middle")
        }
        return svg + "</svg>\n"
    }

    // MARK: Parts

    /// The parts of a curve between points that have no place.
    private func pieces(_ curve: ScatterChart.Curve) -> [[(x: Double, y: Double)]] {
        var pieces: [[(x: Double, y: Double)]] = [[]]
        for point in curve.points {
            if isInside(point), let position = plot.position(point) {
                pieces[pieces.count - 1].append(position)
            } else {
                pieces.append([])
            }
        }
        return pieces.filter { $0.count > 1 }
    }

    /// A marker beyond a logit scale's ends is moved there; a curve would get a kink that is not its own.
    private func isInside(_ point: LineChart.Point) -> Bool {
        (chart.x.scale != .logit || Logit.holds(point.x)) && (chart.y.scale != .logit || Logit.holds(point.y))
    }

    private func line(_ curve: ScatterChart.Curve) -> String {
        let path = pieces(curve).map(ChartSVG.polyline).joined()
        guard !path.isEmpty else { return "" }
        let name = curve.name.isEmpty ? "" : ChartSVG.hint(curve.name)
        return "<path class=\"\(Self.style(curve))\" d=\"\(path)\">\(name)</path>\n"
    }

    private func whiskers(_ series: ScatterChart.Series, at index: Int) -> String {
        let color = "s\(chart.color(at: index))"
        return series.points.map { point in
            let place = LineChart.Point(x: point.x, y: point.y)
            guard plot.position(place) != nil else { return "" }
            let across = point.xInterval.map { plot.whisker($0, isVertical: false, at: place, style: color) } ?? ""
            return across + (point.yInterval.map { plot.whisker($0, isVertical: true, at: place, style: color) } ?? "")
        }.joined() + "\n"
    }

    private func markers(_ series: ScatterChart.Series, at index: Int) -> String {
        let names = (x: chart.x.title.isEmpty ? "x" : chart.x.title, y: chart.y.title.isEmpty ? "y" : chart.y.title)
        return series.points.map { point in
            guard let place = plot.position(.init(x: point.x, y: point.y)) else { return "" }
            let name = point.name.isEmpty ? series.name : point.name
            let x = ChartText.value(point.x, point.xInterval, chart.x.numbers)
            let y = ChartText.value(point.y, point.yInterval, chart.y.numbers)
            let text = (name.isEmpty ? "" : name + " - ") + "\(names.x): \(x), \(names.y): \(y)"
            let style = "dot \(point.isHollow ? "hollow" : "fill") s\(chart.color(at: index))"
            return chart.marker(at: index).element(
                x: place.x, y: place.y, style: style, content: ChartSVG.hint(text)) + "\n"
        }.joined()
    }

    /// The names beside the markers, where they cover least, and the lines to those that are not beside them.
    private func labels() -> (leaders: String, names: String) {
        var placement = LabelPlacement(width: plot.width, height: plot.height)
        var labels: [(name: String, x: Double, y: Double)] = []
        if chart.hasDiagonal { placement.avoid(line: plot.diagonal) }
        for piece in chart.curves.flatMap(pieces) { placement.avoid(line: piece) }
        for point in chart.series.flatMap(\.points) {
            guard let place = plot.position(.init(x: point.x, y: point.y)) else { continue }
            guard (-1...plot.width + 1).contains(place.x), (-1...plot.height + 1).contains(place.y) else { continue }
            placement.avoid(marker: place)
            if let ends = point.xInterval.flatMap({ ChartFrame.ends($0, on: plot.x) }) {
                placement.avoid(line: [(ends.low * plot.width, place.y), (ends.high * plot.width, place.y)])
            }
            if let ends = point.yInterval.flatMap({ ChartFrame.ends($0, on: plot.y) }) {
                let (low, high) = ((1 - ends.low) * plot.height, (1 - ends.high) * plot.height)
                placement.avoid(line: [(place.x, low), (place.x, high)])
            }
            if point.isLabeled, !point.name.isEmpty {
                labels.append((ChartText.shortened(point.name, to: 190), place.x, place.y))
            }
        }
        var leaders = ""
        var names = ""
        for label in labels {
            let found = placement.place(width: ChartText.width(label.name), beside: (label.x, label.y))
            if let end = found.leader {
                let ends = [(label.x, label.y), end].map { (x: $0.0 + plot.left, y: $0.1 + plot.top) }
                leaders += "<path class=\"leader\" d=\"\(ChartSVG.polyline(ends))\"/>\n"
            }
            names += ChartSVG.text(label.name, x: found.x + plot.left, y: found.y + plot.top, "note")
        }
        return (leaders, names)
    }
}
