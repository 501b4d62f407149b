import Foundation

/// A chart laid out and written down.
struct ChartDrawing {
    private let chart: LineChart
    private let x: FittedAxis
    private let y: FittedAxis
    private let legend: ChartLegend
    private let plot: ChartFrame

    init(_ chart: LineChart) {
        self.chart = chart
        var values = chart.series.flatMap { series in (series.points + series.faint).map(\.y) }
        values += chart.series.flatMap { $0.intervals.flatMap { [$0.range.low, $0.range.high] } }
        values += chart.columns.isEmpty ? [] : [0] + chart.columns.map(\.value)
        y = FittedAxis(
            chart.y, values: values + chart.references.map(\.value), tickCount: max(2, chart.height / 60),
            isRounded: true)
        var places = chart.series.flatMap { $0.points + $0.faint }.filter(\.y.isFinite).map(\.x)
        places += chart.series.flatMap { $0.intervals.map(\.x) } + chart.columns.flatMap { [$0.from, $0.to] }
        x = FittedAxis(chart.x, values: places, tickCount: max(2, chart.width / 90), isRounded: false)
        legend = ChartLegend(chart, width: Double(chart.width) - 24)
        let left = 20 + (y.ticks.map { ChartText.width($0.label) }.max() ?? 0)
        let top = (legend.height > 0 ? 44 : 38) + legend.height + (chart.y.title.isEmpty ? 0 : 16)
        let bottom = chart.x.title.isEmpty ? 28.0 : 46.0
        plot = ChartFrame(
            x: x, y: y, left: left, top: top, width: max(40, Double(chart.width) - left - 18),
            height: max(40, Double(chart.height) - top - bottom))
    }

    func rendered(isFile: Bool) -> String {
        let style = chart.hasShapes ? ChartStyle.all : ChartStyle.text
        var svg = ChartSVG.opening(
            chart.title, width: chart.width, height: chart.height, style: isFile ? style : nil, isSized: false)
        svg += legend.rendered(top: 34)
        if !chart.y.title.isEmpty { svg += ChartSVG.text(chart.y.title, x: 12, y: plot.top - 10, "soft") }
        svg += plot.grid(title: chart.x.title, limit: Double(chart.width)) + "\n"
        var content = columns() + marks()
        for (index, series) in chart.series.enumerated() {
            content += spread(series, at: index)
            content += line(series.faint, class: "faint \(chart.color(at: index))")
        }
        if chart.hasDiagonal { content += plot.drawnDiagonal() }
        for (index, series) in chart.series.enumerated() { content += curve(series, at: index) }
        // Half a line's width beyond the axes is still shown.
        svg += plot.clipped(content) + references()
        if chart.isEmpty {
            svg += ChartSVG.text(
                "nothing yet", x: plot.left + plot.width / 2, y: plot.top + plot.height / 2, "soft middle")
        }
        return svg + "</svg>\n"
    }

    // MARK: Parts

    private func marks() -> String {
        var svg = ""
        var taken: Set<String> = []
        for mark in chart.marks {
            guard let share = x.position(mark.x), (-0.001...1.001).contains(share) else { continue }
            let across = ChartSVG.place(min(max(share * plot.width, 0.5), plot.width - 0.5).rounded())
            // Hundreds of warnings in a row are one line.
            guard taken.insert("\(mark.kind) \(across)").inserted else { continue }
            let name = ChartSVG.hint("\(mark.name): \(chart.x.title) \(Decimals.significant(mark.x, 9))")
            let height = ChartSVG.place(plot.height)
            svg += "<path class=\"mark \(mark.kind)\" d=\"M\(across) 0V\(height)\">\(name)</path>\n"
        }
        return svg
    }

    /// Names stand above their lines, and so far apart that they can be read.
    private func references() -> String {
        var svg = ""
        var free = Double.infinity
        let placed = chart.references.compactMap { reference in
            y.position(reference.value).map { (reference, plot.top + (1 - $0) * plot.height) }
        }
        for (reference, height) in placed.sorted(by: { $0.1 > $1.1 }) {
            guard height >= plot.top - 1, height <= plot.top + plot.height + 1 else { continue }
            let path = "M\(ChartSVG.place(plot.left)) \(ChartSVG.place(height))h\(ChartSVG.place(plot.width))"
            svg += "<path class=\"reference\" d=\"\(path)\"/>\n"
            guard !reference.name.isEmpty else { continue }
            let isAtTop = height - 4 < plot.top + 10
            let baseline = min(free, isAtTop ? height + 12 : height - 4)
            free = baseline - 13
            svg += ChartSVG.text(reference.name, x: plot.left + plot.width - 4, y: baseline, "note end")
        }
        return svg
    }

    private func columns() -> String {
        chart.columns.map { column in
            guard let start = x.position(column.from), let end = x.position(column.to),
                let top = y.position(column.value)
            else { return "" }
            let base = ChartFrame.bounded(y.position(0) ?? 0)
            let sides = [start, end].map { ChartFrame.bounded($0) * plot.width }.sorted()
            let heights = [ChartFrame.bounded(top), base].map { (1 - $0) * plot.height }.sorted()
            let ends = [column.from, column.to].map { Decimals.significant($0, 4) }.joined(separator: " to ")
            let name = "\(chart.x.title) \(ends): \(ChartText.value(column.value, chart.y.numbers))"
            // A gap between neighbors, but never a column of no width.
            let gap = min(2, (sides[1] - sides[0]) / 4)
            return "<rect class=\"column\" x=\"\(ChartSVG.place(sides[0] + gap / 2))\" "
                + "y=\"\(ChartSVG.place(heights[0]))\" width=\"\(ChartSVG.place(sides[1] - sides[0] - gap))\" "
                + "height=\"\(ChartSVG.place(heights[1] - heights[0]))\">\(ChartSVG.hint(name))</rect>\n"
        }.joined()
    }

    /// A series' intervals: whiskers, or a band behind its curve.
    private func spread(_ series: LineChart.Series, at index: Int) -> String {
        let color = chart.color(at: index)
        guard series.isBand else {
            let whiskers = series.intervals.map { interval in
                let point = LineChart.Point(x: interval.x, y: 0)
                return plot.whisker(interval.range, isVertical: true, at: point, style: color)
            }
            return whiskers.isEmpty ? "" : whiskers.joined() + "\n"
        }
        let edges = series.intervals.compactMap { interval -> (x: Double, low: Double, high: Double)? in
            guard let ends = ChartFrame.ends(interval.range, on: y), let across = x.position(interval.x) else {
                return nil
            }
            let place = ChartFrame.bounded(across) * plot.width
            return (place, (1 - ends.low) * plot.height, (1 - ends.high) * plot.height)
        }
        guard edges.count > 1 else { return "" }
        let outline = edges.map { ($0.x, $0.high) } + edges.reversed().map { ($0.x, $0.low) }
        return "<path class=\"band fill \(color)\" d=\"\(ChartSVG.polyline(outline))Z\"/>\n"
    }

    private func curve(_ series: LineChart.Series, at index: Int) -> String {
        var svg = "<g>\(ChartSVG.hint(series.name))"
        svg += line(series.points, class: "line \(chart.style(at: index))")
        // Few points are measurements to look at one by one.
        if series.points.count <= 60 {
            for point in series.points {
                guard let place = plot.position(point) else { continue }
                let value = Decimals.significant(point.y, 4)
                let text = "\(series.name): \(value) at \(chart.x.title) \(Decimals.significant(point.x, 9))"
                svg += "<circle class=\"\(chart.color(at: index))\" cx=\"\(ChartSVG.place(place.x))\" "
                svg += "cy=\"\(ChartSVG.place(place.y))\" r=\"2.6\">\(ChartSVG.hint(text))</circle>"
            }
        }
        return svg + "</g>\n"
    }

    private func line(_ points: [LineChart.Point], class style: String) -> String {
        guard !points.isEmpty else { return "" }
        let thinned = LineChart.thinned(points, columns: Int(plot.width), range: x.low...x.high)
        var path = ""
        // A point equal to the last is not written again, and only differences are: they are shorter.
        var last: (x: Int, y: Int)?
        for point in thinned {
            guard let position = plot.position(point) else {
                last = nil
                continue
            }
            let here = (x: Int((position.x * 10).rounded()), y: Int((position.y * 10).rounded()))
            if let last {
                if here == last { continue }
                path += "l\(ChartSVG.tenths(here.x - last.x)) \(ChartSVG.tenths(here.y - last.y))"
            } else {
                path += "M\(ChartSVG.tenths(here.x)) \(ChartSVG.tenths(here.y))"
            }
            last = here
        }
        return path.isEmpty ? "" : "<path class=\"\(style)\" d=\"\(path)\"/>\n"
    }
}
