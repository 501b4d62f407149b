import Foundation
import Pages

/// Figures in words and digits, as pages and tables have them.
enum ReportText {
    /// A share with its interval: "61.0 % (58.1 to 63.9)".
    static func measured(_ interval: Interval) -> String {
        "\(Markup.percent(interval.value)) (\(ends(interval)))"
    }

    /// The ends of a share's interval in per cent, without the sign.
    static func ends(_ interval: Interval) -> String {
        "\(Decimals.fixed(interval.low * 100, 1)) to \(Decimals.fixed(interval.high * 100, 1))"
    }

    /// How an interval was made: "95 % Wilson".
    static func method(_ interval: Interval) -> String {
        let name =
            switch interval.method {
            case .wilson: "Wilson"
            case .clopperPearson: "Clopper-Pearson"
            case .bootstrap: "bootstrap"
            case .basicBootstrap: "basic bootstrap"
            case .standardError: "standard errors"
            }
        return "\(Decimals.significant(interval.confidence * 100, 3)) % \(name)"
    }

    /// A difference of two shares: "+2.3 points". Per cent of a share would be something else.
    static func points(_ difference: Double) -> String { signed(difference) + " points" }

    /// A difference of two shares with its interval: "+2.3 points (-0.4 to +5.0)".
    static func points(_ difference: Interval) -> String {
        "\(points(difference.value)) (\(signed(difference.low)) to \(signed(difference.high)))"
    }

    private static func signed(_ difference: Double) -> String {
        let text = Decimals.fixed(difference * 100, 1)
        return text.hasPrefix("-") || text == "0.0" ? text : "+\(text)"
    }

    /// A p-value with two significant digits.
    static func probability(_ p: Double) -> String { p < 0.001 ? "< 0.001" : Decimals.significant(p, 2) }

    static func duration(_ seconds: Double) -> String {
        if seconds < 100 { return "\(Decimals.fixed(seconds, 1)) s" }
        return seconds < 7200 ? "\(Decimals.fixed(seconds / 60, 0)) min" : "\(Decimals.fixed(seconds / 3600, 1)) h"
    }

    static func date(_ date: Date) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate, .withTime, .withColonSeparatorInTime, .withSpaceBetweenDateAndTime]
        return formatter.string(from: date) + " UTC"
    }

    /// "1 picture", "1,234 pictures".
    static func count(_ number: Int, _ thing: String) -> String {
        "\(Decimals.grouped(number)) \(thing)\(number == 1 ? "" : "s")"
    }

    /// Enough of a fingerprint to tell two apart.
    static func shortened(_ fingerprint: String) -> String { String(fingerprint.prefix(12)) }
}

/// Parts of a page that have text inside, which they escape.
enum ReportPage {
    /// Rules beyond those of ``PageStyle`` and ``ChartStyle``.
    static let style = """
        .charts { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; margin-bottom: 12px; }
        .scroll { margin-bottom: 4px; }
        h2 { border-top: 1px solid var(--line); padding-top: 20px; }
        .pictures { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); }
        .pictures { margin-bottom: 12px; }
        .pictures img { height: 120px; }
        \((2...5).map { "\(words($0, "th")), \(words($0, "td")) { \(wrapped) }" }
            .joined(separator: "\n"))
        """

    /// Lines break between words: the page's own tables break them anywhere, which makes columns of letters.
    private static let wrapped = "text-align: left; white-space: normal; overflow-wrap: break-word; min-width: 4.5em;"

    private static func words(_ count: Int, _ tag: String) -> String { ".words-\(count) \(tag):nth-child(-n+\(count))" }

    /// - Parameter words: so many columns on the left hold words, which are not aligned to the right as numbers are.
    static func table(words: Int = 1, head: [String], body: [[String]]) -> String {
        Markup.table(head: head, body: body, style: words > 1 ? "numbers words-\(words)" : "numbers")
    }

    static func paragraph(_ text: String, style: String? = nil) -> String {
        "<p\(style.map { " class=\"\($0)\"" } ?? "")>\(Markup.escaped(text))</p>\n"
    }

    static func heading(_ text: String) -> String { "<h3 dir=\"auto\">\(Markup.escaped(text))</h3>\n" }

    /// Drawings beside one another where the page is wide enough.
    static func charts(_ cards: [String]) -> String { "<div class=\"charts\">\n\(cards.joined())</div>\n" }

    /// Curves take the width that they are given.
    static func card(_ chart: LineChart) -> String {
        "<article style=\"width: \(chart.width + 26)px; max-width: 100%\">\n\(chart.element())</article>\n"
    }

    static func card(_ chart: BarChart) -> String { "<article>\n\(chart.element())</article>\n" }

    static func card(_ chart: ScatterChart) -> String { "<article>\n\(chart.element())</article>\n" }

    static func card(_ chart: MatrixChart) -> String { "<article>\n\(chart.element())</article>\n" }
}

/// Tables in Markdown.
enum ReportMarkdown {
    static func table(head: [String], body: [[String]]) -> String {
        func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
        return row(head.map(text)) + row(head.enumerated().map { $0.offset == 0 ? "---" : "---:" })
            + body.map { row($0.map(text)) }.joined()
    }

    /// Text that neither ends a table's cell nor begins markup.
    static func text(_ text: String) -> String {
        // What a terminal would heed is not shown to it: the commands print these tables too.
        String(text.map { $0.isNewline ? " " : $0 }).unicodeScalars
            .map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }.joined()
            .replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }
}
