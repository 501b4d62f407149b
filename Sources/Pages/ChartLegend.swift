/// The names of a chart's curves, markers and bars, in as many rows as they need.
struct ChartLegend {
    /// What stands before a name.
    enum Swatch {
        /// A stroke with these classes.
        case line(String)
        case marker(ScatterChart.Marker, String)
        case box(String)
    }

    struct Entry {
        var name: String
        var swatch: Swatch
    }

    private struct Item {
        var name: String
        var swatch: Swatch
        var x: Double
        var row: Int
    }

    private var items: [Item] = []
    private var rows = 0

    private static let rowHeight = 18.0
    private static let swatch = 22.0
    private static let longestName = 44

    var height: Double { Double(rows) * Self.rowHeight }

    init(_ entries: [Entry], width: Double) {
        var left = 0.0
        for entry in entries {
            let name = entry.name
            let shown = name.count > Self.longestName ? name.prefix(Self.longestName - 1) + "…" : name[...]
            let needed = Self.swatch + 6 + ChartText.width(shown) + 16
            if rows == 0 || left + needed > width {
                rows += 1
                left = 0
            }
            items.append(Item(name: String(shown), swatch: entry.swatch, x: left, row: rows - 1))
            left += needed
        }
    }

    init(_ chart: LineChart, width: Double) {
        var entries: [Entry] = []
        // The name of a single curve is the title's to tell.
        if chart.series.count > 1 {
            for (index, series) in chart.series.enumerated() where !series.name.isEmpty {
                entries.append(Entry(name: series.name, swatch: .line("line " + chart.style(at: index))))
            }
        }
        for kind in LineChart.Mark.Kind.allCases {
            if let mark = chart.marks.first(where: { $0.kind == kind }) {
                entries.append(Entry(name: mark.name, swatch: .line("mark \(kind)")))
            }
        }
        self.init(entries, width: width)
    }

    func rendered(top: Double) -> String {
        items.map { item in
            let middle = Int(top + (Double(item.row) + 0.5) * Self.rowHeight)
            let left = 12 + Int(item.x)
            let end = left + Int(Self.swatch)
            let swatch =
                switch item.swatch {
                case .line(let style): "<path class=\"\(style)\" d=\"M\(left) \(middle)H\(end)\"/>"
                case .marker(let marker, let style):
                    marker.element(x: Double(left) + Self.swatch / 2, y: Double(middle), style: style)
                case .box(let style): "<path class=\"\(style)\" d=\"M\(left + 4) \(middle - 6)h14v12h-14z\"/>"
                }
            return swatch
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
