import Foundation

/// A chart laid out and written down.
struct ChartDrawing {
    private let chart: LineChart
    private let x: FittedAxis
    private let y: FittedAxis
    private let legend: ChartLegend
    private let plot: (left: Double, top: Double, width: Double, height: Double)

    init(_ chart: LineChart) {
        self.chart = chart
        let values = chart.series.flatMap { series in (series.points + series.faint).map(\.y) }
        y = FittedAxis(
            chart.y, values: values + chart.references.map(\.value), tickCount: max(2, chart.height / 60),
            isRounded: true)
        let places = chart.series.lazy.flatMap { $0.points + $0.faint }.filter(\.y.isFinite).map(\.x)
        x = FittedAxis(chart.x, values: places, tickCount: max(2, chart.width / 90), isRounded: false)
        legend = ChartLegend(chart, width: Double(chart.width) - 24)
        let left = 20 + (y.ticks.map { ChartText.width($0.label) }.max() ?? 0)
        let top = (legend.height > 0 ? 44 : 38) + legend.height + (chart.y.title.isEmpty ? 0 : 16)
        let bottom = chart.x.title.isEmpty ? 28.0 : 46.0
        plot = (
            left: left, top: top, width: max(40, Double(chart.width) - left - 18),
            height: max(40, Double(chart.height) - top - bottom)
        )
    }

    func rendered(isFile: Bool) -> String {
        let title = Markup.escaped(chart.title)
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" "
        if isFile { svg += "width=\"\(chart.width)\" height=\"\(chart.height)\" " }
        svg += "viewBox=\"0 0 \(chart.width) \(chart.height)\" role=\"img\" aria-label=\"\(title)\">\n"
        if isFile {
            svg += "<style>\n\(ChartStyle.text)\n</style>\n"
            svg += "<rect class=\"paper\" width=\"\(chart.width)\" height=\"\(chart.height)\"/>\n"
        }
        svg += "<text class=\"title\" x=\"12\" y=\"22\">\(title)</text>\n"
        svg += legend.rendered(top: 34)
        if !chart.y.title.isEmpty {
            let name = Markup.escaped(chart.y.title)
            svg += "<text class=\"soft\" x=\"12\" y=\"\(place(plot.top - 10))\">\(name)</text>\n"
        }
        svg += grid() + "\n"
        // A drawing inside the drawing cuts off what runs beyond the axes.
        // Half a line's width beyond them is still shown.
        let (width, height) = (place(plot.width + 6), place(plot.height + 6))
        svg += "<svg x=\"\(place(plot.left - 3))\" y=\"\(place(plot.top - 3))\" width=\"\(width)\" "
        svg += "height=\"\(height)\" viewBox=\"-3 -3 \(width) \(height)\">\n"
        svg += marks()
        for (index, series) in chart.series.enumerated() {
            svg += line(series.faint, class: "faint \(chart.color(at: index))")
        }
        for (index, series) in chart.series.enumerated() { svg += curve(series, at: index) }
        svg += "</svg>\n" + references()
        if chart.isEmpty {
            svg += text("nothing yet", x: plot.left + plot.width / 2, y: plot.top + plot.height / 2, "soft middle")
        }
        return svg + "</svg>\n"
    }

    // MARK: Parts

    private func grid() -> String {
        let (right, bottom) = (plot.left + plot.width, plot.top + plot.height)
        var lines = ""
        var numbers = ""
        for tick in y.ticks {
            guard let share = y.position(tick.value) else { continue }
            let height = bottom - share * plot.height
            lines += "M\(place(plot.left)) \(place(height))H\(place(right))"
            numbers += text(tick.label, x: plot.left - 7, y: height + 4, "number end")
        }
        for tick in x.ticks {
            guard let share = x.position(tick.value) else { continue }
            let across = plot.left + share * plot.width
            lines += "M\(place(across)) \(place(bottom))v5"
            // A number at the frame's end would stand half outside the drawing.
            let half = ChartText.width(tick.label) / 2
            let center = min(max(across, half + 2), Double(chart.width) - half - 2)
            numbers += text(tick.label, x: center, y: bottom + 18, "number middle")
        }
        let frame = "M\(place(plot.left)) \(place(plot.top))V\(place(bottom))H\(place(right))"
        var svg = "<path class=\"grid\" d=\"\(lines)\"/><path class=\"frame\" d=\"\(frame)\"/>\n\(numbers)"
        if !chart.x.title.isEmpty {
            svg += text(chart.x.title, x: plot.left + plot.width / 2, y: bottom + 38, "soft middle")
        }
        return svg
    }

    private func marks() -> String {
        var svg = ""
        var taken: Set<String> = []
        for mark in chart.marks {
            guard let share = x.position(mark.x), (-0.001...1.001).contains(share) else { continue }
            let across = place(min(max(share * plot.width, 0.5), plot.width - 0.5).rounded())
            // Hundreds of warnings in a row are one line.
            guard taken.insert("\(mark.kind) \(across)").inserted else { continue }
            let name = Markup.escaped("\(mark.name): \(chart.x.title) \(Decimals.significant(mark.x, 9))")
            let height = place(plot.height)
            svg += "<path class=\"mark \(mark.kind)\" d=\"M\(across) 0V\(height)\"><title>\(name)</title></path>\n"
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
            let path = "M\(place(plot.left)) \(place(height))h\(place(plot.width))"
            svg += "<path class=\"reference\" d=\"\(path)\"/>\n"
            guard !reference.name.isEmpty else { continue }
            let isAtTop = height - 4 < plot.top + 10
            let baseline = min(free, isAtTop ? height + 12 : height - 4)
            free = baseline - 13
            svg += text(reference.name, x: plot.left + plot.width - 4, y: baseline, "note end")
        }
        return svg
    }

    private func curve(_ series: LineChart.Series, at index: Int) -> String {
        let name = Markup.escaped(series.name)
        var svg = "<g><title>\(name)</title>"
        svg += line(series.points, class: "line \(chart.style(at: index))")
        // Few points are measurements to look at one by one.
        if series.points.count <= 60 {
            for point in series.points {
                guard let place = position(point) else { continue }
                let value = Decimals.significant(point.y, 4)
                let text = "\(series.name): \(value) at \(chart.x.title) \(Decimals.significant(point.x, 9))"
                svg += "<circle class=\"\(chart.color(at: index))\" cx=\"\(self.place(place.x))\" "
                svg += "cy=\"\(self.place(place.y))\" r=\"2.6\"><title>\(Markup.escaped(text))</title></circle>"
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
            guard let position = position(point) else {
                last = nil
                continue
            }
            let here = (x: Int((position.x * 10).rounded()), y: Int((position.y * 10).rounded()))
            if let last {
                if here == last { continue }
                path += "l\(tenths(here.x - last.x)) \(tenths(here.y - last.y))"
            } else {
                path += "M\(tenths(here.x)) \(tenths(here.y))"
            }
            last = here
        }
        return path.isEmpty ? "" : "<path class=\"\(style)\" d=\"\(path)\"/>\n"
    }

    // MARK: Places

    /// Within the frame, from its upper left corner; far outside it values are cut off, lest numbers overflow.
    private func position(_ point: LineChart.Point) -> (x: Double, y: Double)? {
        guard let across = x.position(point.x), let up = y.position(point.y) else { return nil }
        func bounded(_ share: Double) -> Double { min(max(share, -10), 11) }
        return (bounded(across) * plot.width, (1 - bounded(up)) * plot.height)
    }

    private func text(_ text: String, x: Double, y: Double, _ style: String) -> String {
        "<text class=\"\(style)\" x=\"\(place(x))\" y=\"\(place(y))\">\(Markup.escaped(text))</text>\n"
    }

    private func place(_ value: Double) -> String { tenths(Int((value * 10).rounded())) }

    private func tenths(_ value: Int) -> String {
        value % 10 == 0 ? "\(value / 10)" : "\(value < 0 ? "-" : "")\(value.magnitude / 10).\(value.magnitude % 10)"
    }
}
