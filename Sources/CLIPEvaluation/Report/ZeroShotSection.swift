import Foundation
import Pages

/// A page's part on classes told by their names.
struct ZeroShotSection {
    private let result: ZeroShotResult
    private let name: String

    /// With more classes the chart of confusions is a carpet.
    private static let mostConfusedClasses = 60
    /// With more classes the best and the worst are listed alone.
    private static let mostListedClasses = 20
    /// Bars that can be read below one another.
    private static let mostBars = 40

    init(_ result: ZeroShotResult, name: String) { (self.result, self.name) = (result, name) }

    func html() -> String {
        if let figures = result.classification { return oneClass(figures) }
        return result.multiLabel.map(severalClasses) ?? ""
    }

    private func oneClass(_ figures: ClassificationResult) -> String {
        var text =
            "The class that comes first is right for \(ReportText.measured(figures.top1)) of "
            + "\(ReportText.count(figures.count, "picture")); guessing gives \(Markup.percent(figures.chance))."
        if let top5 = figures.top5 { text += " Among the first five it is for \(ReportText.measured(top5))." }
        text +=
            " The mean of the classes' own shares, where rare classes count as much as frequent ones, is "
            + "\(ReportText.measured(figures.meanPerClassRecall)). The first intervals are "
            + "\(ReportText.method(figures.top1)), the last one is \(ReportText.method(figures.meanPerClassRecall))."
        var charts = [ReportPage.card(EvaluationCharts.steps(result, name: name))]
        if figures.classes.count <= Self.mostConfusedClasses {
            charts.append(ReportPage.card(EvaluationCharts.confusion(figures, name: name)))
        }
        return ReportPage.paragraph(text) + ReportPage.charts(charts) + prompts + classes(figures)
            + confused(figures) + shared
    }

    /// What sentences bring beside the names alone.
    private var prompts: String {
        let measure = result.multiLabel == nil ? "accuracy" : "mean average precision"
        let sentences =
            result.promptsPerClass == 1
            ? "A class has one sentence."
            : "A class has at most \(result.promptsPerClass) sentences; their mean vector stands for it."
        let gains = result.steps.compactMap(\.gain)
        let method = gains.first.map { " Gains have \(ReportText.method($0)) intervals, paired by picture." } ?? ""
        return ReportPage.heading("Prompts")
            + ReportPage.paragraph(sentences + method)
            + ReportPage.table(
                head: ["prompts", measure, "gain beside bare names"],
                body: result.steps.map { step in
                    [step.prompts, ReportText.measured(step.accuracy), step.gain.map(ReportText.points) ?? "-"]
                })
    }

    private func classes(_ figures: ClassificationResult) -> String {
        let present = figures.classes.filter { $0.count > 0 }.sorted {
            ($0.recall.value, $0.name) < ($1.recall.value, $1.name)
        }
        let absent = figures.classes.count - present.count
        let note =
            absent == 0 ? "" : ReportPage.paragraph("\(ReportText.count(absent, "class name")) has no picture here.")
        guard present.count > Self.mostListedClasses else {
            return ReportPage.heading("Classes, the worst first") + explanation + table(present) + note
        }
        return ReportPage.heading("The ten worst classes") + explanation + table(present.prefix(10))
            + ReportPage.heading("The five best classes") + table(present.suffix(5).reversed()) + note
    }

    private var explanation: String {
        ReportPage.paragraph(
            "Recall is the share of a class's pictures that are called so; precision is the share that is right of all "
                + "that are called so.")
    }

    private func table(_ classes: some Sequence<ClassificationResult.ClassFigures>) -> String {
        ReportPage.table(
            head: ["class", "pictures", "recall", "precision"],
            body: classes.map { figures in
                // All of [0, 1]: no picture is called so.
                let isCalled = figures.precision.low > 0 || figures.precision.high < 1
                return [
                    figures.name, Decimals.grouped(figures.count), ReportText.measured(figures.recall),
                    isCalled ? ReportText.measured(figures.precision) : "-",
                ]
            })
    }

    private func confused(_ figures: ClassificationResult) -> String {
        guard !figures.mostConfused.isEmpty else { return "" }
        return ReportPage.heading("Taken for one another most often")
            + ReportPage.table(
                words: 2, head: ["what it is", "what it is taken for", "pictures"],
                body: figures.mostConfused.map { [$0.actual, $0.predicted, Decimals.grouped($0.count)] })
    }

    private var shared: String {
        let words = result.sharedWords.filter { $0.confused > 0 }.prefix(10)
        guard !words.isEmpty else { return "" }
        return ReportPage.heading("Shared words")
            + ReportPage.paragraph(
                "Classes whose names share a word may be read alike. Counted are their pictures that are taken for "
                    + "another class with the same word.")
            + ReportPage.table(
                words: 2, head: ["word", "classes", "pictures", "confused"],
                body: words.map { word in
                    let listed = word.classes.prefix(6).joined(separator: ", ") + (word.classes.count > 6 ? ", …" : "")
                    return [word.word, listed, Decimals.grouped(word.count), Decimals.grouped(word.confused)]
                })
    }

    private func severalClasses(_ figures: MultiLabelResult) -> String {
        let known = figures.averagePrecision.compactMap { name, value in value.map { (name: name, value: $0) } }
            .sorted { ($0.value, $0.name) < ($1.value, $1.name) }
        let unknown = figures.averagePrecision.filter { $0.value == nil }.keys.sorted()
        var listed = known
        var title = "\(name): average precision by class"
        if known.count > Self.mostBars {
            listed = Array(known.prefix(Self.mostBars / 2)) + known.suffix(Self.mostBars / 2)
            title += ", the worst and the best \(Self.mostBars / 2)"
        }
        var chart = BarChart(
            title, axis: ChartAxis("average precision", numbers: .percent, includesZero: true),
            rows: listed.map { BarChart.Row($0.name, $0.value) })
        chart.width = EvaluationCharts.half
        let mean = figures.meanAveragePrecision
        return ReportPage.paragraph(
            "A picture may have several classes. All \(ReportText.count(figures.count, "picture")) are put in an order "
                + "for each class; average precision says how far in front the right ones are. The mean over classes "
                + "is \(ReportText.measured(mean)), \(ReportText.method(mean)) over classes.")
            + ReportPage.charts([ReportPage.card(EvaluationCharts.steps(result, name: name)), ReportPage.card(chart)])
            + prompts
            + (unknown.isEmpty ? "" : ReportPage.paragraph("No picture has: \(unknown.joined(separator: ", "))."))
    }
}
