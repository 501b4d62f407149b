import Foundation
import Pages

/// A page's part on what contrastive models are weak at.
struct WeaknessSection {
    private let result: WeaknessResult
    private let name: String

    init(_ result: WeaknessResult, name: String) { (self.result, self.name) = (result, name) }

    func html() -> String {
        let scores = result.winoground
        var charts: [String] = []
        if !result.probes.isEmpty { charts.append(ReportPage.card(EvaluationCharts.probes(result, name: name))) }
        charts.append(ReportPage.card(EvaluationCharts.winoground(scores, name: name)))
        if !result.resolutions.isEmpty {
            charts.append(ReportPage.card(EvaluationCharts.resolutions(result, name: name)))
        }
        return ReportPage.paragraph(
            "A bar that does not pass its mark is no better than guessing. Intervals are "
                + "\(ReportText.method(scores.text))."
        )
            + ReportPage.paragraph(
                "\(ReportText.count(scores.count, "item")) of two pictures and two captions of the same words, as in "
                    + "Winoground (arXiv 2204.03162): the text score asks for the right caption of both pictures, the "
                    + "image score for the right picture of both captions, the group score for all of it.")
            + ReportPage.charts(charts) + table + groups
    }

    private var table: String {
        guard !result.probes.isEmpty else { return "" }
        return ReportPage.table(
            head: ["probe", "questions", "right", "chance"],
            body: result.probes.map {
                [
                    $0.title, Decimals.grouped($0.count), ReportText.measured($0.accuracy), Markup.percent($0.chance),
                ]
            })
    }

    private var groups: String {
        guard let report = result.groups else { return "" }
        let difference =
            report.largestDifference.map { difference in
                ReportPage.paragraph(
                    "Between \(difference.higher) and \(difference.lower) lie "
                        + "\(ReportText.points(difference.accuracy)), \(ReportText.method(difference.accuracy)). They "
                        + "are the farthest two, which the interval does not know.")
            } ?? ""
        return ReportPage.heading("Groups") + difference
            + ReportPage.charts([ReportPage.card(EvaluationCharts.groups(report, name: name))])
            + ReportPage.table(
                head: ["group", "pictures", "accuracy", "mean score", "quartiles of scores"],
                body: report.groups.map { group in
                    [
                        group.name, Decimals.grouped(group.count), ReportText.measured(group.accuracy),
                        Decimals.fixed(group.meanScore, 3),
                        group.quartiles.map { Decimals.fixed($0, 3) }.joined(separator: ", "),
                    ]
                })
    }
}
