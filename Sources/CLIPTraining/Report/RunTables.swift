import CLIP
import Foundation
import Pages

/// The tables of a run's page.
enum RunTables {
    /// The figures one asks for first: a row of tiles for one run, a table for several.
    static func figures(_ runs: [RunReport.Run]) -> String {
        let rows = runs.map { figures($0.history) }
        if runs.count == 1 {
            let tiles = rows[0].map { figure in
                "<div><dt>\(Markup.escaped(figure.name))</dt><dd>\(Markup.escaped(figure.value))</dd></div>\n"
            }
            return "<dl class=\"figures\">\n\(tiles.joined())</dl>\n"
        }
        var names: [String] = []
        for name in rows.joined().map(\.name) where !names.contains(name) { names.append(name) }
        let head = ["Run"] + names
        let body = zip(runs, rows).map { run, row in
            [run.name] + names.map { name in row.first { $0.name == name }?.value ?? "-" }
        }
        return Markup.table(head: head, body: body)
    }

    private static func figures(_ history: RunHistory) -> [(name: String, value: String)] {
        var figures: [(name: String, value: String)] = []
        if let last = history.lastStep {
            let total = history.starts.last?.totalSteps.map { " of \(Decimals.grouped($0))" } ?? ""
            figures.append(("Steps", Decimals.grouped(last.step + 1) + total))
            if let seen = last[.samplesSeen], seen < 1e15, seen >= 0 {
                figures.append(("Pairs seen", Decimals.grouped(Int(seen))))
            }
        }
        if let means = history.curves[.loss]?.means,
            let loss = LineChart.smoothed(means, halfLife: RunCharts.halfLife(means.count)).last
        {
            figures.append(("Loss", Decimals.fixed(loss.y, 3)))
        }
        if let best = history.best {
            for (direction, recalls) in [("Picture to text", best.imageToText), ("Text to picture", best.textToImage)] {
                if let recall = recalls[1] { figures.append(("\(direction) R@1 (best)", Markup.percent(recall))) }
            }
            if let zeroShot = best.zeroShot { figures.append(("Zero-shot", Markup.percent(zeroShot.accuracy))) }
        }
        if let rate = history.curves[.pairsPerSecond].flatMap({ median($0.means.map(\.y)) }) {
            figures.append(("Pairs per second", Decimals.significant(rate, 3)))
        }
        return figures
    }

    private static func median(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }

    /// How many of a run's evaluations the table shows; charts show all.
    static let shownEvaluations = 40

    static func evaluations(_ runs: [RunReport.Run]) -> String {
        let sections = runs.map { run -> String in
            let all = run.history.evaluations
            guard !all.isEmpty else { return "" }
            let depths = RetrievalMetrics.depths
            let head =
                ["Step", "Epoch"] + depths.map { "Picture to text R@\($0)" } + depths.map { "Text to picture R@\($0)" }
                + ["Zero-shot"]
            func row(_ record: EvaluationRecord, _ first: String) -> [String] {
                let recalls = depths.map { record.imageToText[$0] } + depths.map { record.textToImage[$0] }
                return [first, Decimals.grouped(record.epoch)]
                    + (recalls + [record.zeroShot?.accuracy]).map { $0.map(Markup.percent) ?? "-" }
            }
            var body = all.suffix(shownEvaluations).map { record in
                row(record, Decimals.grouped(record.step) + (record == run.history.best ? " (best)" : ""))
            }
            if let last = all.last {
                let chance = depths.map { last.chance[$0] }
                let shares = (chance + chance + [last.zeroShot?.chance]).map { $0.map(Markup.percent) ?? "-" }
                body.append(["chance", ""] + shares)
            }
            return heading(run, among: runs) + Markup.table(head: head, body: body)
        }.joined()
        guard !sections.isEmpty else { return "" }
        let pairs = Set(runs.flatMap(\.history.evaluations).map(\.pairs))
        let count = pairs.count == 1 ? " on \(Decimals.grouped(pairs.first ?? 0)) held-out pairs" : ""
        return "<section>\n<h2>Evaluations\(count)</h2>\n\(sections)</section>\n"
    }

    static func settings(_ runs: [RunReport.Run]) -> String {
        let sections = runs.map { run -> String in
            guard let settings = run.history.starts.last?.settings, !settings.isEmpty else { return "" }
            let body = settings.sorted { $0.key < $1.key }.prefix(500).map { [$0.key, $0.value] }
            return heading(run, among: runs) + Markup.table(head: ["Name", "Value"], body: body, style: "settings")
        }.joined()
        return sections.isEmpty ? "" : "<section>\n<h2>Settings</h2>\n\(sections)</section>\n"
    }

    private static func heading(_ run: RunReport.Run, among runs: [RunReport.Run]) -> String {
        runs.count > 1 ? "<h3 dir=\"auto\">\(Markup.escaped(run.name))</h3>\n" : ""
    }
}

/// What a run's page needs beyond the style of all pages.
enum RunReportStyle {
    static let text = """
        .charts { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 430px), 1fr)); margin: 20px 0 12px; }
        .figures { display: flex; flex-wrap: wrap; gap: 10px 36px; margin: 0 0 4px; }
        .figures dt { font-size: .8rem; color: var(--soft); }
        .figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
        .warnings { border-left: 3px solid #c92a2a; padding-left: 14px; }
        .warnings h2 { margin-top: 16px; }
        .warnings li:first-child .text { font-weight: 400; }
        """
}
