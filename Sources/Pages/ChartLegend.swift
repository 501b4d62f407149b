/// The names of a chart's curves and marks, in as many rows as they need.
struct ChartLegend {
    private struct Item {
        var name: String
        var style: String
        var x: Double
        var row: Int
    }

    private var items: [Item] = []
    private var rows = 0

    private static let rowHeight = 18.0
    private static let swatch = 22.0
    private static let longestName = 44

    var height: Double { Double(rows) * Self.rowHeight }

    init(_ chart: LineChart, width: Double) {
        var left = 0.0
        func add(_ name: String, _ style: String, to items: inout [Item], rows: inout Int) {
            let shown = name.count > Self.longestName ? name.prefix(Self.longestName - 1) + "…" : name[...]
            let needed = Self.swatch + 6 + ChartText.width(shown) + 16
            if rows == 0 || left + needed > width {
                rows += 1
                left = 0
            }
            items.append(Item(name: String(shown), style: style, x: left, row: rows - 1))
            left += needed
        }
        // The name of a single curve is the title's to tell.
        if chart.series.count > 1 {
            for (index, series) in chart.series.enumerated() where !series.name.isEmpty {
                add(series.name, "line " + chart.style(at: index), to: &items, rows: &rows)
            }
        }
        for kind in LineChart.Mark.Kind.allCases {
            if let mark = chart.marks.first(where: { $0.kind == kind }) {
                add(mark.name, "mark \(kind)", to: &items, rows: &rows)
            }
        }
    }

    func rendered(top: Double) -> String {
        items.map { item in
            let middle = Int(top + (Double(item.row) + 0.5) * Self.rowHeight)
            let left = 12 + Int(item.x)
            let end = left + Int(Self.swatch)
            return "<path class=\"\(item.style)\" d=\"M\(left) \(middle)H\(end)\"/>"
                + "<text class=\"name\" x=\"\(end + 6)\" y=\"\(middle + 4)\">\(Markup.escaped(item.name))</text>\n"
        }.joined()
    }
}

/// How wide text will be: an estimate, since only who shows the drawing knows the letters.
enum ChartText {
    /// In a drawing's units, at 12 units' height.
    static func width(_ text: some StringProtocol) -> Double {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar {
            case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", " ", "(", ")", "/": sum + 3.7
            case "m", "w", "M", "W", "%", "@", "→": sum + 10.5
            case "A"..."Z": sum + 8.2
            default: sum + (scalar.value < 0x80 ? 6.9 : scalar.value < 0x1100 ? 7.5 : 12.5)
            }
        }
    }
}
