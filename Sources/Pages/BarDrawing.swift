import Foundation

/// A bar chart laid out and written down.
struct BarDrawing {
    private let chart: BarChart
    private let legend: ChartLegend
    private let plot: ChartFrame
    /// How wide the names on the left may be.
    private let nameWidth: Double
    /// The references' names, each with its place and its row above the frame.
    private let notes: [Note]
    /// The names of bars' marks, in the order in which they come up.
    private let marks: [String]
    /// How many digits values have behind the point; nil where their sizes differ too much for that.
    private let decimals: Int?
    private let barCount: Int
    private let barHeight: Double
    private let height: Int

    private struct Note {
        var name: String
        /// Where its reference's line is.
        var place: Double
        /// Where the text begins.
        var left = 0.0
        var row = 0
    }

    private static let gap = 9.0
    private static let noteHeight = 14.0

    init(_ chart: BarChart) {
        self.chart = chart
        let bars = chart.rows.flatMap { $0.bars.compactMap { $0 } }
        var axis = chart.axis
        axis.includesZero = axis.includesZero || axis.scale == .linear
        var values = bars.flatMap { [$0.value] + $0.marks.map(\.value) } + chart.references.map(\.value)
        values += bars.compactMap(\.interval).flatMap { [$0.low, $0.high] }
        let longest = chart.rows.map { ChartText.width($0.name) }.max() ?? 0
        nameWidth = min(longest, Double(chart.width) * 0.4)
        let decimals = Self.decimals(bars.map(\.value))
        self.decimals = decimals
        let numbers = bars.map { ChartText.width(Self.number($0.value, axis.numbers, decimals)) }.max() ?? 0
        let left = 20 + nameWidth
        let width = max(40, Double(chart.width) - left - numbers - 26)
        let x = FittedAxis(axis, values: values, tickCount: max(2, Int(width / 70)), isRounded: true)

        var names: [String] = []
        for mark in bars.flatMap(\.marks) where !names.contains(mark.name) { names.append(mark.name) }
        marks = names
        legend = ChartLegend(Self.entries(chart, marks: names), width: Double(chart.width) - 24)
        notes = Self.notes(chart, x: x, left: left, width: width)
        let noteRows = (notes.map(\.row).max() ?? -1) + 1
        let top = (legend.height > 0 ? 44 : 38) + legend.height + Double(noteRows) * Self.noteHeight

        barCount = max(1, chart.rows.map(\.bars.count).max() ?? 1)
        barHeight = barCount == 1 ? 15 : barCount == 2 ? 13 : 12
        let rowHeight = Double(barCount) * barHeight + Self.gap
        let plotHeight = Double(max(2, chart.rows.count)) * rowHeight
        height = Int(top + plotHeight + (axis.title.isEmpty ? 28 : 46))
        let y = FittedAxis(ChartAxis(range: 0...1), values: [], tickCount: 2, isRounded: false)
        plot = ChartFrame(x: x, y: y, left: left, top: top, width: width, height: plotHeight)
    }

    private static func entries(_ chart: BarChart, marks: [String]) -> [ChartLegend.Entry] {
        let groups = chart.groups.count > 1 ? chart.groups : []
        return groups.enumerated().map { index, name in
            .init(name: name, swatch: .box("bar fill s\(LineChart.color(index))"))
        }
            + marks.enumerated().map { index, name in
                .init(name: name, swatch: index == 0 ? .line("limit") : .marker(shape(index), "dot hollow ink"))
            }
    }

    /// The marker of a bar's mark; the first is a stroke and needs none.
    private static func shape(_ index: Int) -> ScatterChart.Marker {
        let shapes: [ScatterChart.Marker] = [.diamond, .circle, .triangle, .square]
        return shapes[max(0, index - 1) % shapes.count]
    }

    /// Names of references above their lines, in as many rows as keep them apart. Of two close lines, the left one's
    /// name stands to the left, the right one's to the right.
    private static func notes(_ chart: BarChart, x: FittedAxis, left: Double, width: Double) -> [Note] {
        let placed = chart.references.compactMap { reference in
            x.position(reference.value).map { Note(name: reference.name, place: left + $0 * width) }
        }
        let visible = placed.filter { !$0.name.isEmpty && (left - 1...left + width + 1).contains($0.place) }
        var notes = visible.sorted { $0.place < $1.place }
        let widths = notes.map { ChartText.width($0.name) }
        func areClose(_ index: Int) -> Bool {
            guard index >= 0, index + 1 < notes.count else { return false }
            return notes[index + 1].place - notes[index].place < (widths[index] + widths[index + 1]) / 2 + 8
        }
        var ends: [Double] = []
        for index in notes.indices {
            let share =
                switch (areClose(index - 1), areClose(index)) {
                case (true, false): 0.0
                case (false, true): 1.0
                default: 0.5
                }
            let start = notes[index].place - share * widths[index] + (0.5 - share) * -6
            notes[index].left = max(4, min(start, Double(chart.width) - widths[index] - 4))
            let row = ends.firstIndex { $0 < notes[index].left } ?? ends.count
            if row == ends.count { ends.append(0) }
            ends[row] = notes[index].left + widths[index] + 6
            notes[index].row = row
        }
        return notes
    }

    /// So many that the largest value has three digits.
    private static func decimals(_ values: [Double]) -> Int? {
        let largest = values.filter(\.isFinite).map(abs).max() ?? 0
        guard largest >= 1e-3, largest < 1e6 else { return nil }
        return max(0, 2 - Int(floor(log10(largest))))
    }

    private static func number(_ value: Double, _ numbers: ChartAxis.Numbers, _ decimals: Int?) -> String {
        guard numbers == .plain, let decimals else { return ChartText.value(value, numbers) }
        return Decimals.fixed(value, decimals)
    }

    func rendered(isFile: Bool) -> String {
        var svg = ChartSVG.opening(
            chart.title, width: chart.width, height: height, style: isFile ? ChartStyle.all : nil)
        svg += legend.rendered(top: 34)
        svg += plot.grid(title: chart.axis.title, hasColumns: true, hasRows: false, limit: Double(chart.width)) + "\n"
        svg += plot.clipped(bars() + references(), room: 6) + texts()
        for note in notes {
            let baseline = plot.top - 6 - Double(note.row) * Self.noteHeight
            svg += ChartSVG.text(note.name, x: note.left, y: baseline, "note")
        }
        if chart.isEmpty {
            svg += ChartSVG.text(
                "nothing yet", x: plot.left + plot.width / 2, y: plot.top + plot.height / 2, "soft middle")
        }
        return svg + "</svg>\n"
    }

    // MARK: Parts

    /// Where a bar begins, below the frame's upper edge.
    private func top(_ row: Int, _ bar: Int) -> Double {
        let count = chart.rows[row].bars.count
        let rowHeight = Double(barCount) * barHeight + Self.gap
        // A row of fewer bars has them in its middle.
        let free = Double(barCount - count) * barHeight / 2
        return Double(row) * rowHeight + Self.gap / 2 + free + Double(bar) * barHeight
    }

    private func bars() -> String {
        let base = plot.x.scale == .linear ? min(max(plot.x.position(0) ?? 0, 0), 1) : 0
        var svg = ""
        for (rowIndex, row) in chart.rows.enumerated() {
            for (index, bar) in row.bars.enumerated() {
                guard let bar else { continue }
                let top = top(rowIndex, index)
                svg += "<g>\(ChartSVG.hint(description(bar, row: row, index: index)))"
                if let share = plot.x.position(bar.value).map(ChartFrame.bounded) {
                    let ends = (min(share, base) * plot.width, max(share, base) * plot.width)
                    svg += "<rect class=\"bar fill s\(LineChart.color(index))\" x=\"\(ChartSVG.place(ends.0))\" "
                    svg += "y=\"\(ChartSVG.place(top + 0.5))\" width=\"\(ChartSVG.place(ends.1 - ends.0))\" "
                    svg += "height=\"\(ChartSVG.place(barHeight - 1))\"/>"
                }
                svg += bar.interval.map { whisker($0, at: top + barHeight / 2) } ?? ""
                for mark in bar.marks { svg += self.mark(mark, top: top) }
                svg += "</g>\n"
            }
        }
        return svg
    }

    private func description(_ bar: BarChart.Bar, row: BarChart.Row, index: Int) -> String {
        let group = chart.groups.count > 1 && index < chart.groups.count ? ", " + chart.groups[index] : ""
        let value = ChartText.value(bar.value, bar.interval, chart.axis.numbers)
        let marks = bar.marks.map { "; \($0.name): \(ChartText.value($0.value, chart.axis.numbers))" }
        return "\(row.name)\(group): \(value)" + marks.joined()
    }

    private func whisker(_ interval: ChartInterval, at middle: Double) -> String {
        guard let ends = ChartFrame.ends(interval, on: plot.x) else { return "" }
        let (low, high) = (ends.low * plot.width, ends.high * plot.width)
        var path = "M\(ChartSVG.place(low)) \(ChartSVG.place(middle))H\(ChartSVG.place(high))"
        for end in [low, high] { path += "M\(ChartSVG.place(end)) \(ChartSVG.place(middle - 3))v6" }
        return "<path class=\"whisker ink\" d=\"\(path)\"/>"
    }

    private func mark(_ mark: BarChart.Mark, top: Double) -> String {
        guard let share = plot.x.position(mark.value), let index = marks.firstIndex(of: mark.name) else { return "" }
        let across = ChartFrame.bounded(share) * plot.width
        guard index > 0 else {
            let path = "M\(ChartSVG.place(across)) \(ChartSVG.place(top - 1))v\(ChartSVG.place(barHeight + 2))"
            return "<path class=\"limit\" d=\"\(path)\"/>"
        }
        return Self.shape(index).element(x: across, y: top + barHeight / 2, style: "dot hollow ink")
    }

    private func references() -> String {
        chart.references.compactMap { reference in
            guard let share = plot.x.position(reference.value), (-0.001...1.001).contains(share) else { return nil }
            let path = "M\(ChartSVG.place(share * plot.width)) 0v\(ChartSVG.place(plot.height))"
            let value = ChartText.value(reference.value, chart.axis.numbers)
            let name = reference.name.isEmpty ? "" : ChartSVG.hint("\(reference.name): \(value)")
            return "<path class=\"reference\" d=\"\(path)\">\(name)</path>\n"
        }.joined()
    }

    /// Names and values. The values stand in a column, where no whisker reaches.
    private func texts() -> String {
        var svg = ""
        for (rowIndex, row) in chart.rows.enumerated() {
            let rowHeight = Double(barCount) * barHeight + Self.gap
            let middle = plot.top + (Double(rowIndex) + 0.5) * rowHeight
            let name = ChartText.shortened(row.name, to: nameWidth + 0.5)
            svg += ChartSVG.text(name, x: plot.left - 7, y: middle + 4, "end")
            for (index, bar) in row.bars.enumerated() {
                guard let bar else { continue }
                let baseline = plot.top + top(rowIndex, index) + barHeight / 2 + 4
                let value = Self.number(bar.value, chart.axis.numbers, decimals)
                svg += ChartSVG.text(value, x: Double(chart.width) - 12, y: baseline, "number small end")
            }
        }
        return svg
    }
}
