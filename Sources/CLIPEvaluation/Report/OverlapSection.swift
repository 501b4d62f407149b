import Foundation
import Pages

/// A page's part on pictures that a model may have learned from.
struct OverlapSection {
    private let result: OverlapResult
    private let name: String
    private var report: OverlapReport { result.report }

    init(_ result: OverlapResult, name: String) { (self.result, self.name) = (result, name) }

    func html() -> String {
        ReportPage.paragraph(found) + ReportPage.paragraph(raised) + test
            + ReportPage.charts([ReportPage.card(EvaluationCharts.overlap(report, name: name))])
            + ReportPage.table(
                head: ["pictures", "number", "right", "accuracy"],
                body: report.parts.map { name, split in
                    [
                        name, Decimals.grouped(split.count), Decimals.grouped(split.right),
                        ReportText.measured(split.accuracy),
                    ]
                }) + pairs
    }

    private var found: String {
        let threshold = result.threshold
        var text =
            "\(Decimals.grouped(report.overlap?.count ?? 0)) of \(ReportText.count(report.all.count, "picture")) "
            + "(\(Markup.percent(report.overlapShare))) count as the same as one of the "
            + "\(Decimals.grouped(result.trainingCount)) that were learned from: by a cosine of at least "
            + Decimals.fixed(threshold.similarity, 3)
        if let bits = threshold.hashDistance { text += ", or by hashes that differ in at most \(bits) of 64 bits" }
        text += "."
        if let recall = threshold.recall {
            text += " That finds \(Markup.percent(recall)) of the copies that the threshold was chosen by."
        }
        return text
    }

    private var raised: String {
        guard let inflation = report.inflation else {
            return "Every picture overlaps: there is nothing to compare with."
        }
        guard let difference = report.difference else {
            return "Nothing overlaps, so that the accuracy (\(result.measure)) is not raised."
        }
        return "Beside clean pictures, the accuracy (\(result.measure)) is \(ReportText.points(inflation)) on all "
            + "(\(ReportText.method(inflation))), which is what overlap does to it, and "
            + "\(ReportText.points(difference)) on overlapping ones. Other intervals are "
            + "\(ReportText.method(difference)), as in figure 17 of arXiv 2103.00020."
    }

    /// Empty where there is nothing to test.
    private var test: String {
        guard let p = report.pValue else { return "" }
        var text =
            "If overlapping pictures were right as often as clean ones, so many or more would be right with a "
            + "probability of "
            + ReportText.probability(p)
        if let adjusted = report.adjustedPValue {
            text +=
                " (\(ReportText.probability(adjusted)) with Bonferroni's correction for all sets here that were "
                + "searched for overlap): "
            text += (report.isSignificant ?? false) ? "the difference is beyond chance" : "the difference may be chance"
        }
        return ReportPage.paragraph(text + ".")
    }

    /// Without the folders, which are the set's.
    private static func short(_ key: String) -> String { String(key.split(separator: "/").last ?? "") }

    private var pairs: String {
        guard !result.pairs.isEmpty else { return "" }
        return ReportPage.heading("The most alike")
            + ReportPage.table(
                words: 2, head: ["picture", "learned from", "cosine", "bits that differ"],
                body: result.pairs.map { pair in
                    [
                        Self.short(pair.key), Self.short(pair.training), Decimals.fixed(pair.similarity, 3),
                        pair.hashDistance >= OverlapScan.noHashDistance ? "-" : "\(pair.hashDistance)",
                    ]
                })
    }
}
