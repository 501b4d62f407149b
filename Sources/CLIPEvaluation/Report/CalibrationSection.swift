import Foundation
import Pages

/// A page's part on confidences.
struct CalibrationSection {
    private let report: CalibrationReport
    private let name: String

    init(_ report: CalibrationReport, name: String) { (self.report, self.name) = (report, name) }

    func html() -> String {
        ReportPage.paragraph(
            "Answers are sorted into bins by their confidence. A column is the share of a bin's answers that is right: "
                + "below the dashed line the model is too sure, above it not sure enough. The expected calibration "
                + "error is the mean distance from the line (\(ReportText.method(report.after.errorInterval))).")
            + ReportPage.charts([
                ReportPage.card(EvaluationCharts.reliability(report.before, title: "\(name): as the model is")),
                ReportPage.card(EvaluationCharts.reliability(report.after, title: "\(name): calibrated")),
            ])
            + ReportPage.table(
                head: ["", "expected calibration error", "largest error of a bin"],
                body: [("as the model is", report.before), ("calibrated", report.after)].map { name, calibration in
                    [name, ReportText.measured(calibration.errorInterval), Markup.percent(calibration.largestError)]
                }) + ReportPage.paragraph(fitted) + ReportPage.paragraph(threshold)
    }

    private var fitted: String {
        var text =
            "It was fitted on \(ReportText.count(report.validationCount, "sample")) and measured on "
            + "\(Decimals.grouped(report.testCount)) others."
        if let temperature = report.temperature {
            text += " Cosines are multiplied by \(Decimals.significant(temperature.scale, 4)) before the softmax."
            if temperature.isAtBound { text += " That is as far as is allowed: these samples do not tell." }
        }
        if let platt = report.platt {
            text +=
                " An answer of cosine s is right with 1/(1 + exp(\(Decimals.significant(platt.slope, 4))·s + "
                + "\(Decimals.significant(platt.intercept, 4))))."
        }
        return text
    }

    private var threshold: String {
        let (chosen, accepted) = (report.threshold, report.testAcceptance)
        var text =
            "“None of these” is the answer where the best cosine is not above \(Decimals.fixed(chosen.threshold, 4)): "
            + "that was to let through at most \(Markup.percent(chosen.falseAcceptance)) of the pictures of nothing "
            + "that is listed. Of the test part it accepts \(ReportText.measured(accepted.insiders)) of pictures whose "
            + "class is listed and \(ReportText.measured(accepted.outsiders)) of those whose class is not, "
            + "\(ReportText.method(accepted.insiders))."
        if let right = accepted.right {
            text += " Of what is accepted rightly, \(ReportText.measured(right)) get the right class."
        }
        return text
    }
}
