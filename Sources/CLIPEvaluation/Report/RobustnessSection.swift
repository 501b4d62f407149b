import Foundation
import Pages

/// A page's part on other distributions of pictures.
struct RobustnessSection {
    private let result: RobustnessResult
    private let name: String
    private let data: String?
    private let model: String

    init(_ result: RobustnessResult, name: String, data: String?, model: String) {
        (self.result, self.name, self.data, self.model) = (result, name, data, model)
    }

    func html() throws -> String {
        var html = ReportPage.paragraph(
            "On the reference, \(ReportText.measured(result.reference)) of "
                + "\(ReportText.count(result.count, "picture")) are right. Intervals are "
                + "\(ReportText.method(result.reference)).")
        if !result.shifts.isEmpty { html += try shifts() }
        if !result.corruptions.isEmpty { html += corruptions }
        return html
    }

    private func shifts() throws -> String {
        let baseline = try baseline()
        let fit =
            baseline.count > 1
            ? try? BaselineFit(
                reference: baseline.map(\.reference), shifted: baseline.map(\.shifted)) : nil
        var plain = result
        if !plain.corruptions.isEmpty { plain = plain.withoutCorruptions }
        var chart = EvaluationCharts.robustness([plain], models: [model], baseline: baseline, fit: fit)
        chart.title = "\(name): accuracy under shift"
        let text =
            "A point on the dashed line loses nothing; the further below it, the more is lost. The axes are of log "
            + "odds, on which models of one kind lie along a line."
            + (baseline.isEmpty
                ? ""
                : " Hollow points are \(ReportText.count(baseline.count, "model")) that learned from ImageNet alone, "
                    + "as published.")
        let hasEffective = result.shifts.contains { $0.effective != nil }
        return ReportPage.heading("Other sets") + ReportPage.paragraph(text)
            + ReportPage.charts([ReportPage.card(chart)])
            + ReportPage.table(
                head: ["set", "pictures", "accuracy", "change"] + (hasEffective ? ["beside models of the same"] : []),
                body: result.shifts.map { shift in
                    [
                        shift.name, Decimals.grouped(shift.count), ReportText.measured(shift.accuracy),
                        ReportText.points(-shift.drop),
                    ] + (hasEffective ? [shift.effective.map { ReportText.points($0.effective) } ?? "-"] : [])
                }
                    + (result.meanShifted.map { mean in
                        [
                            [
                                "mean", "", ReportText.measured(mean),
                                ReportText.points(mean.value - result.reference.value),
                            ]
                                + (hasEffective ? [""] : [])
                        ]
                    } ?? []))
            + (hasEffective
                ? ReportPage.paragraph(
                    "The last column is effective robustness: how much better it is than models of its accuracy on the "
                        + "reference are there.") : "")
    }

    /// Published models on both sets: with several shifts, points of one would be taken for points of another.
    private func baseline() throws -> [PublishedBaseline] {
        guard let data, result.shifts.count == 1, let shift = result.shifts.first else { return [] }
        return try PublishedResults.baselines(reference: data, shifted: shift.name)
    }

    private var corruptions: String {
        let severities = Set(result.corruptions.flatMap(\.severities)).sorted()
        let mean =
            result.meanCorrupted.map { "The mean over all is \(ReportText.measured($0)), \(ReportText.method($0)). " }
            ?? ""
        return ReportPage.heading("Corrupted pictures")
            + ReportPage.paragraph(
                "\(mean)The same pictures, made worse from severity 1 to at most 5 (arXiv 1903.12261). "
                    + "A line is the mean over the kinds of a group.")
            + ReportPage.charts([ReportPage.card(EvaluationCharts.corruptions(result, name: name))])
            + ReportPage.table(
                words: 2, head: ["kind", "group"] + severities.map { "severity \($0)" } + ["mean"],
                body: result.corruptions.map { kind in
                    let accuracies = Dictionary(zip(kind.severities, kind.accuracy)) { first, _ in first }
                    let mean = kind.accuracy.reduce(0) { $0 + $1.value } / Double(max(1, kind.accuracy.count))
                    return [kind.kind.replacing("_", with: " "), kind.group]
                        + severities.map { accuracies[$0].map { Markup.percent($0.value) } ?? "-" }
                        + [Markup.percent(mean)]
                })
    }
}

extension RobustnessResult {
    /// For a chart of other sets alone: fifteen kinds above one place would hide them.
    fileprivate var withoutCorruptions: RobustnessResult {
        RobustnessResult(
            reference: reference, count: count, shifts: shifts, meanShifted: meanShifted, corruptions: [],
            meanCorrupted: nil)
    }
}
