import Foundation
import Pages

/// A page's part on linear probes.
struct ProbeSection {
    private let probe: ProbeResult
    private let zeroShot: ZeroShotResult
    private let pixels: ProbeResult?
    private let name: String

    init(_ probe: ProbeResult, _ zeroShot: ZeroShotResult, pixels: ProbeResult?, name: String) {
        (self.probe, self.zeroShot, self.pixels, self.name) = (probe, zeroShot, pixels, name)
    }

    func html() -> String {
        var charts = [ReportPage.card(accuracies)]
        if probe.trials.count > 1 { charts.append(ReportPage.card(EvaluationCharts.strengths(probe, name: name))) }
        return ReportPage.paragraph(text) + ReportPage.charts(charts) + table
    }

    private var accuracies: BarChart {
        var rows = [BarChart.Row("linear probe", probe.accuracy)]
        if let names = zeroShot.classification { rows.append(BarChart.Row("names (zero-shot)", names.top1)) }
        if let pixels { rows.append(BarChart.Row("probe of pixels", pixels.accuracy)) }
        var chart = BarChart(
            "\(name): what the features are good for", axis: EvaluationCharts.accuracyAxis(), rows: rows)
        chart.width = EvaluationCharts.half
        chart.references = [LineChart.Reference("chance", at: probe.classification.chance)]
        return chart
    }

    private var text: String {
        var text =
            "It learned from \(ReportText.count(probe.trainCount, "picture")), "
            + "\(Decimals.grouped(probe.featureSize)) numbers each. How strongly it is held back, "
            + "C = \(Decimals.significant(probe.strength, 3)), was chosen on "
            + "\(Decimals.grouped(probe.validationCount)) of them that it had not learned from by then. Intervals are "
            + "\(ReportText.method(probe.accuracy))."
        if !probe.hasConverged {
            text +=
                " It had not come to its minimum after \(Decimals.grouped(probe.iterations)) steps, so that more steps "
                + "might change the figures."
        }
        if pixels != nil { text += " The probe of pixels shows how much is easy without any model." }
        return text
    }

    private var table: String {
        func row(_ name: String, _ figures: ClassificationResult) -> [String] {
            [
                name, ReportText.measured(figures.top1), figures.top5.map(ReportText.measured) ?? "-",
                ReportText.measured(figures.meanPerClassRecall),
            ]
        }
        return ReportPage.table(
            head: ["", "accuracy", "among the first five", "mean per-class recall"],
            body: [row("linear probe", probe.classification)]
                + (zeroShot.classification.map { [row("names (zero-shot)", $0)] } ?? [])
                + (pixels.map { [row("probe of pixels", $0.classification)] } ?? [])
                + [["chance", Markup.percent(probe.classification.chance), "", ""]])
    }
}

/// A page's part on probes of few samples.
struct FewShotSection {
    private let result: FewShotResult
    private let name: String

    init(_ result: FewShotResult, name: String) { (self.result, self.name) = (result, name) }

    func html() -> String {
        ReportPage.paragraph(text)
            + ReportPage.charts([ReportPage.card(EvaluationCharts.fewShot(result, name: name))])
            + ReportPage.table(
                head: ["pictures a class", "mean accuracy", "draws"],
                body: result.steps.map { step in
                    [
                        "\(step.shots)", ReportText.measured(step.accuracy),
                        step.accuracies.map { Decimals.fixed($0 * 100, 1) }.joined(separator: ", "),
                    ]
                })
    }

    private var text: String {
        let draws = result.steps.map(\.accuracies.count).max() ?? 0
        var text =
            "Each point is the mean over \(ReportText.count(draws, "draw")) of pictures, with C = "
            + "\(Decimals.significant(result.strength, 3))."
        if draws > 1 { text += " Intervals are 95 %, ±1.96 standard errors of that mean." }
        guard let zeroShot = result.zeroShot, let first = result.steps.first, let last = result.steps.last else {
            return text
        }
        text += " By the names alone it is \(ReportText.measured(zeroShot))"
        if let crossing = result.catchesUpAt {
            return text + ": as much as \(Decimals.significant(crossing, 2)) pictures a class bring."
        }
        return first.accuracy.value >= zeroShot.value
            ? text + ", which \(ReportText.count(first.shots, "picture")) a class reach already."
            : text + ", which not even \(ReportText.count(last.shots, "picture")) a class reach."
    }
}
