import Foundation
import Pages

/// All evaluations of a suite in one chart, beside chance and what others published.
struct SuiteOverview {
    /// A figure, and published ones of the same measure on the same set.
    private struct Line {
        let name: String
        let figure: MainFigure
        let published: [PublishedResult]
    }

    private let results: SuiteResults

    init(_ results: SuiteResults) { self.results = results }

    /// Empty where nothing is a share of what is right.
    func html() throws -> String {
        let lines = try results.entries.flatMap { entry in
            try entry.mainFigures.filter { $0.isLead && $0.kind == .share }.map { figure in
                Line(name: "\(entry.name): \(figure.name)", figure: figure, published: try published(figure, entry))
            }
        }
        guard !lines.isEmpty else { return "" }
        var chart = BarChart(
            "All evaluations", axis: EvaluationCharts.accuracyAxis(""),
            rows: lines.map { line in
                let marks =
                    (line.figure.chance.map { [BarChart.Mark("chance", at: $0)] } ?? [])
                    + line.published.map { BarChart.Mark("published", at: $0.value) }
                return BarChart.Row(
                    line.name, line.figure.value, interval: ChartInterval(line.figure.interval), marks: marks
                )
            })
        chart.width = 860
        return "<h2>Overview</h2>\n"
            + ReportPage.paragraph(
                "Shares of what is right, with their intervals. The measures differ, so that bars are to be compared "
                    + "with their own marks rather than with one another.")
            + ReportPage.charts([ReportPage.card(chart)]) + sources(lines)
    }

    private func sources(_ lines: [Line]) -> String {
        let known = lines.flatMap { line in line.published.map { (line, $0) } }
        guard !known.isEmpty else { return "" }
        return ReportPage.paragraph(
            "Published numbers are of models of this one's name where there are some, and else the lowest and the "
                + "highest that is known of the set. Others may have used other sentences and other preprocessing.")
            + ReportPage.table(
                words: 4, head: ["figure", "model", "source", "where", "published", "this model"],
                body: known.map { line, result in
                    [
                        line.name, result.model, result.source, result.address, Markup.percent(result.value),
                        line.figure.text,
                    ]
                })
    }

    private func published(_ figure: MainFigure, _ entry: SuiteResults.Entry) throws -> [PublishedResult] {
        guard let known = figure.published, let dataset = known.dataset ?? entry.data?.name else { return [] }
        let all = try PublishedResults.matching(dataset: dataset, task: known.task, metric: known.metric)
        return Self.chosen(all, model: results.model.name)
    }

    /// Those of models whose names are in this one's, the longest such name; else the lowest and the highest: dozens of
    /// marks would say less.
    static func chosen(_ all: [PublishedResult], model: String) -> [PublishedResult] {
        let own = PublishedTables.key(model)
        let named = all.map { (key: PublishedTables.key($0.model), result: $0) }
            .filter { $0.key.count > 3 && own.contains($0.key) }
        if let longest = named.map(\.key.count).max() {
            return named.filter { $0.key.count == longest }.map(\.result)
        }
        let sorted = all.sorted { ($0.value, $0.source, $0.model) < ($1.value, $1.source, $1.model) }
        return sorted.count > 2 ? [sorted[0], sorted[sorted.count - 1]] : sorted
    }
}
