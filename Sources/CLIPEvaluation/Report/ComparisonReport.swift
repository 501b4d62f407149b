import Foundation
import Pages

/// Two models side by side, for people.
struct ComparisonReport {
    private let comparison: SuiteComparison

    init(_ comparison: SuiteComparison) { self.comparison = comparison }

    /// The two names; fingerprints too where one model was measured under one name twice.
    private var names: [String] {
        let models = [comparison.first, comparison.second]
        guard models[0].name == models[1].name else { return models.map(\.name) }
        return models.enumerated().map { place, model in
            "\(model.name) (\(ReportText.shortened(model.fingerprint)), \(place == 0 ? "first" : "second"))"
        }
    }

    func html() -> String {
        let models = [comparison.first, comparison.second].map { model in
            "<code>\(Markup.escaped(model.name))</code> "
                + "(<code>\(Markup.escaped(ReportText.shortened(model.fingerprint)))</code>)"
        }
        let tested = comparison.figures.filter { $0.pValue != nil }
        let body = """
            <p class="lead">\(models[0]) beside \(models[1]). A difference is the second's figure less the first's.</p>
            \(ReportPage.paragraph(finding))\(chart)\(tested.isEmpty ? "" : tests(tested))\(all)\
            \(unmatched.map { ReportPage.paragraph($0) }.joined())
            """
        return HTMLDocument(
            title: "\(names[0]) and \(names[1])", style: [ChartStyle.all, ReportPage.style], body: body,
            footer: "Written by “clip evaluate compare” of swift-clip."
        ).rendered()
    }

    func markdown() -> String {
        let head = ["evaluation", "figure", names[0], names[1], "difference", "McNemar's p", "corrected"]
        let rows = comparison.figures.map { figure in
            [
                figure.evaluation, title(figure), value(figure, \.first), value(figure, \.second),
                difference(figure),
                figure.pValue.map(ReportText.probability) ?? "-",
                figure.adjustedPValue.map(ReportText.probability) ?? "-",
            ]
        }
        return "# \(ReportMarkdown.text(names[0])) and \(ReportMarkdown.text(names[1]))\n\n"
            + ([finding] + unmatched).map { ReportMarkdown.text($0) + "\n\n" }.joined()
            + (rows.isEmpty ? "" : ReportMarkdown.table(head: head, body: rows))
    }

    /// Which differences are more than chance.
    private var finding: String {
        let count = comparison.testCount
        guard count > 0 else {
            return comparison.figures.isEmpty
                ? "The two have no evaluation in common."
                : "Nothing could be tested: for none of these figures is it kept which samples each model has right."
        }
        let clear = comparison.figures.filter { $0.isBeyondChance == true }
        let level =
            "McNemar's exact test, p < \(SuiteComparison.level) after Bonferroni's correction for "
            + ReportText.count(count, "test")
        guard !clear.isEmpty else { return "No difference that was tested is beyond chance (\(level))." }
        let list = clear.map { "\($0.evaluation), \($0.name): \(ReportText.points($0.difference))" }
        return "Beyond chance (\(level)): \(list.joined(separator: "; "))."
    }

    private var unmatched: [String] {
        [
            ("Only \(names[0]) has", comparison.onlyFirst), ("Only \(names[1]) has", comparison.onlySecond),
            ("Not compared, since the data or the task differ", comparison.otherData),
        ].filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))." }
    }

    private var chart: String {
        let leads = comparison.figures.filter { $0.isLead && $0.kind == .share }
        guard !leads.isEmpty else { return "" }
        func bar(_ value: Interval) -> BarChart.Bar {
            BarChart.Bar(value.value, interval: ChartInterval(value))
        }
        var chart = BarChart(
            "Shares of what is right", axis: EvaluationCharts.accuracyAxis(""),
            rows: leads.map { BarChart.Row("\($0.evaluation): \($0.name)", [bar($0.first), bar($0.second)]) },
            groups: names)
        chart.width = 860
        return ReportPage.charts([ReportPage.card(chart)])
            + ReportPage.paragraph(
                "Intervals are each model's own. Where both judged the same samples, the tests below see more than the "
                    + "intervals do: two may overlap though one model is surely better.")
    }

    private func tests(_ figures: [SuiteComparison.Figure]) -> String {
        let method = figures.compactMap(\.differenceInterval).first.map(ReportText.method) ?? ""
        return "<h2>On the same samples</h2>\n"
            + ReportPage.paragraph(
                "p is how likely a difference at least as large is between two models that are equally good, by "
                    + "McNemar's exact test. Corrected, it is multiplied by the number of tests. Intervals of "
                    + "differences are \(method) over samples.")
            + ReportPage.table(
                words: 2, head: ["evaluation", "figure", "difference", "p", "p, corrected", "beyond chance"],
                body: figures.map { figure in
                    [
                        figure.evaluation, title(figure), difference(figure),
                        figure.pValue.map(ReportText.probability) ?? "-",
                        figure.adjustedPValue.map(ReportText.probability) ?? "-",
                        figure.isBeyondChance == true ? "yes" : "no",
                    ]
                })
    }

    private var all: String {
        guard !comparison.figures.isEmpty else { return "" }
        return "<h2>All figures</h2>\n"
            + ReportPage.table(
                words: 2, head: ["evaluation", "figure", names[0], names[1], "difference"],
                body: comparison.figures.map { figure in
                    [
                        figure.evaluation, title(figure), value(figure, \.first), value(figure, \.second),
                        ReportText.points(figure.difference),
                    ]
                })
    }

    private func title(_ figure: SuiteComparison.Figure) -> String {
        figure.kind == .error ? "\(figure.name) (less is better)" : figure.name
    }

    private func value(
        _ figure: SuiteComparison.Figure, _ side: KeyPath<SuiteComparison.Figure, Interval>
    ) -> String {
        let value = figure[keyPath: side]
        return figure.kind == .change ? ReportText.points(value) : ReportText.measured(value)
    }

    private func difference(_ figure: SuiteComparison.Figure) -> String {
        figure.differenceInterval.map { ReportText.points($0) } ?? ReportText.points(figure.difference)
    }
}
