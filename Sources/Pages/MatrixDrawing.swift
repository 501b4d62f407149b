import Foundation

/// A matrix laid out and written down.
struct MatrixDrawing {
    private let chart: MatrixChart
    private let low: Double
    private let high: Double
    /// A cell's width and height: whole, so that no seams show.
    private let cell: Int
    private let left: Double
    private let top: Double
    /// How far columns' names are turned, in degrees; 0 where they fit above their columns.
    private let turn: Int
    private let width: Int
    private let height: Int
    private let hasNumbers: Bool

    private static let longestName = 150.0
    private static let emptySide = 160
    /// From this shade on, light letters are read more easily than dark ones; on dark pages the other way round.
    private static let inkLimit = 0.72

    init(_ chart: MatrixChart) {
        self.chart = chart
        let finite = chart.values.joined().filter(\.isFinite).map { min(max($0, -1e300), 1e300) }
        let ends = chart.range.map { ($0.lowerBound, $0.upperBound) }
        let (least, most) = ends ?? (min(0, finite.min() ?? 0), max(0, finite.max() ?? 0))
        (low, high) = least.isFinite && most.isFinite && least < most ? (least, most) : (0, 1)

        let count = max(chart.rows.count, chart.columns.count)
        hasNumbers = count <= MatrixChart.mostNumbers
        cell = hasNumbers ? 44 : count <= 25 ? 22 : count <= 60 ? 14 : 10
        let scale = Self.letters(cell) / 12
        func widest(_ names: [String]) -> Double {
            min(Self.longestName, (names.map { ChartText.width($0) }.max() ?? 0) * scale)
        }
        left = 20 + max(widest(chart.rows), ChartText.width(chart.rowTitle))
        let names = widest(chart.columns)
        turn = names <= Double(cell) - 4 ? 0 : cell > 14 ? 45 : 90
        let angle = Double(turn) * .pi / 180
        let rise = turn == 0 ? 14 : names * sin(angle) + 12
        // Turned names of the last columns reach beyond the cells.
        let beyond = max(18, turn == 0 ? 0 : names * cos(angle) + 12)
        top = 62 + rise + (chart.columnTitle.isEmpty ? 0 : 18)
        let side = (across: cell * chart.columns.count, down: cell * chart.rows.count)
        let room = chart.isEmpty ? Self.emptySide : 0
        let needed = max(left + Double(max(side.across, room)) + beyond, ChartText.width(chart.title) * 1.25 + 24)
        width = Int(max(needed, 280).rounded(.up))
        height = Int(top.rounded(.up)) + max(side.down, room) + 14
    }

    /// How high names' letters are beside cells of a size.
    private static func letters(_ cell: Int) -> Double { min(12, Double(cell) * 0.9) }

    func rendered(isFile: Bool) -> String {
        var svg = ChartSVG.opening(chart.title, width: width, height: height, style: isFile ? ChartStyle.all : nil)
        if chart.isEmpty {
            let place = (x: Double(width) / 2, y: Double(height) / 2)
            return svg + ChartSVG.text("nothing yet", x: place.x, y: place.y, "soft middle") + "</svg>\n"
        }
        svg += ramp()
        svg += names()
        svg += cells()
        let (right, bottom) = (Double(cell * chart.columns.count), Double(cell * chart.rows.count))
        let corner = "M\(ChartSVG.place(left)) \(ChartSVG.place(top))"
        svg += "<path class=\"frame\" d=\"\(corner)h\(ChartSVG.place(right))v\(ChartSVG.place(bottom))"
        svg += "h\(ChartSVG.place(-right))z\"/>\n"
        return svg + "</svg>\n"
    }

    // MARK: Parts

    /// How full a value's shade is, 0...1.
    private func shade(_ value: Double) -> Double {
        let share = min(max(value / (high - low) - low / (high - low), 0), 1)
        let shade = chart.shades == .squareRoot ? share.squareRoot() : share
        // The least of values can still be told from none.
        return share > 0 ? max(0.05, shade) : 0
    }

    /// Which shades mean what.
    private func ramp() -> String {
        let from = ChartText.value(low, chart.numbers)
        let start = 12 + ChartText.width(from) + 8
        var svg = ChartSVG.text(from, x: 12, y: 44, "number")
        for step in 0..<20 {
            let opacity = Decimals.significant(Double(step) / 19, 2)
            svg += "<rect class=\"cell\" x=\"\(ChartSVG.place(start + Double(step) * 6))\" y=\"34\" width=\"6\" "
            svg += "height=\"12\" fill-opacity=\"\(opacity)\"/>"
        }
        var to = ChartText.value(high, chart.numbers)
        if chart.shades == .squareRoot {
            to += " (half shade: \(ChartText.value(low + (high - low) / 4, chart.numbers)))"
        }
        svg += "<path class=\"frame\" d=\"M\(ChartSVG.place(start)) 34h120v12h-120z\"/>\n"
        return svg + ChartSVG.text(to, x: start + 128, y: 44, "number")
    }

    private func names() -> String {
        let letters = Self.letters(cell)
        let size = letters < 12 ? " font-size=\"\(ChartSVG.place(letters))\"" : ""
        let limit = Self.longestName * 12 / letters
        var svg = ""
        if !chart.rowTitle.isEmpty { svg += ChartSVG.text(chart.rowTitle, x: left - 7, y: top - 8, "soft end") }
        if !chart.columnTitle.isEmpty { svg += ChartSVG.text(chart.columnTitle, x: left, y: 68, "soft") }
        for (row, name) in chart.rows.enumerated() {
            let middle = top + (Double(row) + 0.5) * Double(cell)
            svg += "<text class=\"end\"\(size) x=\"\(ChartSVG.place(left - 6))\" "
            svg += "y=\"\(ChartSVG.place(middle + letters * 0.35))\">"
            svg += Markup.escaped(ChartText.shortened(name, to: limit)) + "</text>\n"
        }
        for (column, name) in chart.columns.enumerated() {
            let middle = left + (Double(column) + 0.5) * Double(cell)
            // A turned name's middle line, not its foot, points at the column's middle.
            let foot = turn == 90 ? letters * 0.35 : turn == 45 ? 4 : 0
            let (x, y) = (ChartSVG.place(middle + foot), ChartSVG.place(top - 6))
            let style = turn == 0 ? " class=\"middle\"" : " transform=\"rotate(-\(turn) \(x) \(y))\""
            svg += "<text\(style)\(size) x=\"\(x)\" y=\"\(y)\">"
            svg += Markup.escaped(ChartText.shortened(name, to: limit)) + "</text>\n"
        }
        return svg
    }

    /// Cells of no shade are left out, which keeps large matrices of mostly zeros short.
    private func cells() -> String {
        var svg = ""
        for (row, rowName) in chart.rows.enumerated() {
            for (column, columnName) in chart.columns.enumerated() {
                guard let value = chart.value(row, column) else { continue }
                let shade = shade(value)
                let place = (x: left + Double(column * cell), y: top + Double(row * cell))
                if shade > 0 {
                    let text = "\(rowName) → \(columnName): \(ChartText.value(value, chart.numbers))"
                    svg += "<rect class=\"cell\" x=\"\(ChartSVG.place(place.x))\" y=\"\(ChartSVG.place(place.y))\" "
                    svg += "width=\"\(cell)\" height=\"\(cell)\" fill-opacity=\"\(Decimals.significant(shade, 2))\">"
                    svg += ChartSVG.hint(text) + "</rect>\n"
                }
                guard hasNumbers else { continue }
                let style = "small middle" + (shade > Self.inkLimit ? " on" : shade == 0 ? " soft" : "")
                let middle = (x: place.x + Double(cell) / 2, y: place.y + Double(cell) / 2 + 4)
                svg += ChartSVG.text(number(value), x: middle.x, y: middle.y, style)
            }
        }
        return svg
    }

    /// A value short enough for a cell: per cent without the sign.
    private func number(_ value: Double) -> String {
        guard chart.numbers == .percent else { return Decimals.significant(value, 3) }
        return Decimals.fixed(value * 100, abs(value) < 0.0995 && value != 0 ? 1 : 0)
    }
}
