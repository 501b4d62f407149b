import CLIP
import Foundation
import Pages

/// A run's page, or that of several to compare.
public struct RunReport: Sendable {
    /// One of the runs on the page.
    public struct Run: Sendable {
        /// What the page calls it, such as the directory's name.
        public var name: String
        /// What the curves and tables are drawn from.
        public var history: RunHistory

        public init(name: String, history: RunHistory) {
            self.name = name
            self.history = history
        }
    }

    private let runs: [Run]
    private let title: String

    public init(_ runs: [Run], title: String? = nil) {
        self.runs = runs
        self.title = title ?? (runs.count == 1 ? "Training run \(runs[0].name)" : "\(runs.count) training runs")
    }

    /// - Parameter time: when the page is drawn, for its foot.
    public func rendered(at time: Date = Date()) -> String {
        let charts = RunCharts(runs: runs).charts()
        let body = """
            \(runs.count == 1 ? lead(runs[0]) : "")\(RunTables.figures(runs))\(warnings)<section class="charts">
            \(charts.map { "<article>\n\($0.element())</article>\n" }.joined())</section>
            <p class="more">\(legend)</p>
            \(RunTables.evaluations(runs))\(RunTables.settings(runs))
            """
        return HTMLDocument(
            title: title, style: [RunReportStyle.text, LineChart.style], body: body,
            footer: "Drawn by swift-clip from <code>metrics.jsonl</code>, \(Self.text(time))."
        ).rendered()
    }

    private func lead(_ run: Run) -> String {
        let history = run.history
        var parts: [String] = []
        if let model = history.starts.last?.settings["model"] {
            parts.append("Model <code>\(Markup.escaped(model))</code>")
        }
        if let first = history.starts.first, first.time.timeIntervalSince1970 > 0 {
            parts.append("begun \(Self.text(first.time))")
        }
        let resumed = history.starts.count { $0.step > 0 }
        if resumed > 0 { parts.append("resumed \(resumed) time\(resumed == 1 ? "" : "s")") }
        return parts.isEmpty ? "" : "<p class=\"lead\">\(parts.joined(separator: ", ")).</p>\n"
    }

    private var legend: String {
        let isSmoothed = runs.contains { run in
            run.history.curves.values.contains { RunCharts.halfLife($0.means.count) > 0 }
        }
        var text = isSmoothed ? "Full lines are running means; faint ones behind them are the steps themselves. " : ""
        if runs.contains(where: { $0.history.curves.values.contains { $0.stepsPerMean > 1 } }) {
            text += "Of so many steps the faint lines show the lowest and the highest in each stretch. "
        }
        let unreadable = runs.reduce(0) { $0 + $1.history.unreadableLines }
        if unreadable > 0 {
            text += "\(Decimals.grouped(unreadable)) lines of the log could not be read and are left out."
        }
        return text
    }

    private var warnings: String {
        runs.map { run in
            let history = run.history
            guard history.warningCount > 0 else { return "" }
            var kinds: [(kind: String, first: RunWarning, count: Int)] = []
            for warning in history.warnings {
                if let index = kinds.firstIndex(where: { $0.kind == warning.kind }) {
                    kinds[index].count += 1
                } else {
                    kinds.append((warning.kind, warning, 1))
                }
            }
            let items = kinds.map { _, first, count in
                let again = count > 1 ? " (and \(count - 1) more like it)" : ""
                return "<li><span class=\"text\" dir=\"auto\">Step \(Decimals.grouped(first.step)): "
                    + "\(Markup.escaped(first.message))\(again)</span></li>\n"
            }
            let owner = runs.count > 1 ? " of \(Markup.escaped(run.name))" : ""
            let unlisted = history.warningCount - history.warnings.count
            let more = unlisted > 0 ? "<p class=\"more\">and \(Decimals.grouped(unlisted)) more</p>\n" : ""
            return "<section class=\"warnings\">\n<h2>Warnings\(owner)</h2>\n<ol>\n\(items.joined())</ol>\n\(more)"
                + "</section>\n"
        }.joined()
    }

    /// A moment in the same words everywhere.
    static func text(_ time: Date) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate, .withTime, .withColonSeparatorInTime, .withSpaceBetweenDateAndTime]
        return formatter.string(from: time) + " UTC"
    }
}
