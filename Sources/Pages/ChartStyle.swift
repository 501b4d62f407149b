/// How charts look, on a page or in files of their own. Plain rules without variables: some programs that show
/// drawings know no others.
package enum ChartStyle {
    private static let light = [
        "#1f5fbf", "#d9480f", "#2b8a3e", "#9c36b5", "#0c8599", "#c2255c", "#846400", "#495057",
    ]
    private static let dark = [
        "#62a8ff", "#ffa94d", "#69db7c", "#da77f2", "#3bc9db", "#f783ac", "#ffd43b", "#ced4da",
    ]

    private static func colors(_ colors: [String]) -> String {
        colors.enumerated().map { index, color in
            ".chart .s\(index) { stroke: \(color); } .chart circle.s\(index) { fill: \(color); }"
        }.joined(separator: "\n")
    }

    static let text = """
        .chart { display: block; max-width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        .chart text { fill: #1b1f24; font-variant-numeric: tabular-nums; }
        .chart .title { font-size: 14px; font-weight: 600; }
        .chart .soft, .chart .number, .chart .note { fill: #5b6570; }
        .chart .note { font-size: 11px; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
        .chart .end { text-anchor: end; }
        .chart .middle { text-anchor: middle; }
        .chart path { fill: none; }
        .chart .paper { fill: #ffffff; }
        .chart .grid { stroke: #e6e9ed; }
        .chart .frame { stroke: #aab2bb; }
        .chart .line { stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
        .chart .faint { stroke-width: 1; stroke-opacity: .28; stroke-linejoin: round; }
        .chart circle { stroke: none; }
        .chart .dashed { stroke-dasharray: 6 4; }
        .chart .reference { stroke: #5b6570; stroke-dasharray: 3 3; }
        .chart .mark { stroke-dasharray: 2 3; stroke-width: 1.4; }
        .chart .event { stroke: #5b6570; }
        .chart .warning { stroke: #c92a2a; }
        \(colors(light))
        @media (prefers-color-scheme: dark) {
        .chart text { fill: #e8ebee; }
        .chart .soft, .chart .number, .chart .note { fill: #9aa5b1; }
        .chart .note { stroke: #1a1f25; }
        .chart .paper { fill: #1a1f25; }
        .chart .grid { stroke: #2c333b; }
        .chart .frame { stroke: #5b6570; }
        .chart .faint { stroke-opacity: .42; }
        .chart .reference, .chart .event { stroke: #9aa5b1; }
        .chart .warning { stroke: #ff8787; }
        \(colors(dark))
        }
        """

    private static func fills(_ colors: [String]) -> String {
        colors.enumerated().map { ".chart .fill.s\($0) { fill: \($1); }" }.joined(separator: "\n")
    }

    /// The rules that a page needs in its style sheet, once, for charts of any kind: those of ``LineChart/style``, and
    /// those for markers, bars, whiskers and cells.
    package static let all = text + "\n" + shapes

    private static let shapes = """
        .chart .dot { stroke-width: 1.6; stroke-linejoin: round; }
        .chart .hollow { fill: #ffffff; }
        .chart .ink, .chart .leader { stroke: #5b6570; }
        .chart .leader { stroke-width: .8; stroke-opacity: .7; }
        .chart .whisker { stroke-width: 1.2; stroke-opacity: .6; }
        .chart .whisker.ink { stroke: #1b1f24; stroke-opacity: .85; }
        .chart .limit { stroke: #1b1f24; stroke-width: 2.4; }
        .chart .fill { stroke: none; }
        .chart .dot.fill { stroke: #ffffff; stroke-width: 1; }
        .chart .bar { fill-opacity: .72; }
        .chart .band { fill-opacity: .16; }
        .chart .column { fill: #1f5fbf; fill-opacity: .22; }
        .chart .cell { fill: #1f5fbf; }
        .chart .small { font-size: 11px; }
        .chart .on { fill: #ffffff; }
        \(fills(light))
        @media (prefers-color-scheme: dark) {
        .chart .hollow { fill: #1a1f25; }
        .chart .dot.fill { stroke: #1a1f25; }
        .chart .ink, .chart .leader { stroke: #9aa5b1; }
        .chart .whisker.ink, .chart .limit { stroke: #e8ebee; }
        .chart .column, .chart .cell { fill: #62a8ff; }
        .chart .on { fill: #08131f; }
        \(fills(dark))
        }
        """
}

extension LineChart {
    /// Whether it shows what only ``ChartStyle/all`` has rules for.
    var hasShapes: Bool { !columns.isEmpty || series.contains { !$0.intervals.isEmpty } }

    /// The rules that a page with charts needs in its style sheet; ``ChartStyle/all`` where they have intervals or
    /// columns.
    package static var style: String { ChartStyle.text }
}

extension LineChart {
    /// The class that colors a series.
    func color(at index: Int) -> String {
        let color = series[index].color ?? index
        return "s\((color % Self.colorCount + Self.colorCount) % Self.colorCount)"
    }

    /// The classes that color a series' line, and dash it.
    func style(at index: Int) -> String {
        let isDashed = series[index].isDashed || (series[index].color == nil && index >= Self.colorCount)
        return color(at: index) + (isDashed ? " dashed" : "")
    }
}
