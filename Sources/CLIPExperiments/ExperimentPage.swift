import CLIPTraining
import Pages

/// An experiment's page: the plot, what each arm needs, and how it was measured.
struct ExperimentPage {
    let name: String
    let comparison: LearningComparison
    let settings: LearningCurve.Settings?

    init(_ report: ExperimentReport) {
        name = report.name
        comparison = report.comparison
        settings = report.curves.first?.settings
    }

    private var isEfficiency: Bool { name == "efficiency" }

    private var title: String {
        isEfficiency
            ? "Zero-shot accuracy against pictures processed" : "Contrastive training, one thing changed at a time"
    }

    /// Accuracy over a logarithmic axis of pictures; with several seeds, their mean before each by itself.
    func chart(_ curves: [LearningCurve]) -> LineChart {
        var chart = LineChart(
            title, x: ChartAxis("pictures processed", scale: .logarithmic, numbers: .whole),
            y: ChartAxis("zero-shot accuracy, mean over categories", numbers: .percent, includesZero: true))
        chart.width = 760
        chart.height = 430
        chart.references = [LineChart.Reference("chance", at: comparison.chance)]
        for (color, arm) in comparison.arms.enumerated() {
            let points = arm.points.map { LineChart.Point(x: Double($0.pictures), y: $0.accuracy) }
            chart.series.append(LineChart.Series(arm.arm.title, points, color: color))
            guard arm.seeds.count > 1 else { continue }
            for curve in curves where curve.settings.arm == arm.arm {
                let own = curve.points.map { LineChart.Point(x: Double($0.pictures), y: $0.accuracy) }
                chart.series.append(LineChart.Series("", [], faint: own, color: color))
            }
        }
        return chart
    }

    func rendered(chart: LineChart) -> String {
        let body = """
            <p class="lead">\(lead)</p>
            <article>
            \(chart.element())</article>
            <h2>Where each ended</h2>
            \(ends)<h2>Pictures needed</h2>
            \(needs)\(meaning)<h2>How it was measured</h2>
            <ul>
            \(method.map { "<li>\($0)</li>\n" }.joined())</ul>

            """
        return HTMLDocument(
            title: title, style: [Self.style, LineChart.style], body: body,
            footer: "Made by <code>clip experiment \(Markup.escaped(name))</code> of swift-clip."
        ).rendered()
    }

    private static let style = """
        li { display: list-item; max-width: 46em; }
        ul { padding-left: 1.2em; }
        """

    private var lead: String {
        guard let settings else { return "" }
        let seeds = comparison.arms.map(\.seeds.count).max() ?? 0
        let what =
            isEfficiency
            ? "The same image tower, taught by the same captions in \(comparison.arms.count) ways "
                + "(after arXiv 2103.00020, figure 2)"
            : "The same two towers, trained contrastively in \(comparison.arms.count) ways"
        return "\(what): model <code>\(Markup.escaped(settings.model))</code>, "
            + "\(Decimals.grouped(comparison.heldOutPictures)) held-out pictures of "
            + "\(comparison.categories) categories, \(seeds) seed\(seeds == 1 ? "" : "s")."
    }

    private static func rounded(_ pictures: Double) -> String { Decimals.significant(pictures, 3) }

    private var ends: String {
        Markup.table(
            head: [
                "", "accuracy, mean over categories", "share of pictures right", "loss", "learnable values",
                "pictures/s",
            ],
            body: comparison.arms.compactMap { arm in
                guard let last = arm.final else { return nil }
                let spread =
                    arm.seeds.count > 1
                    ? " (\(Decimals.fixed(last.least * 100, 1))–\(Decimals.fixed(last.greatest * 100, 1)))" : ""
                return [
                    arm.arm.title, Markup.percent(last.accuracy) + spread, Markup.percent(last.pictureAccuracy),
                    Decimals.fixed(last.loss, 3), Decimals.grouped(arm.parameters),
                    Decimals.fixed(arm.picturesPerSecond, 0),
                ]
            } + [["chance", Markup.percent(comparison.chance), "", "", "", ""]])
    }

    private var needs: String {
        guard !comparison.needs.isEmpty else { return "<p>No arm came above chance.</p>\n" }
        return Markup.table(
            head: ["to reach"] + comparison.arms.map(\.arm.title),
            body: comparison.needs.map { need in
                [Markup.percent(need.accuracy)]
                    + comparison.arms.map { arm in need.pictures[arm.arm.name].map(Self.rounded) ?? "not reached" }
            })
    }

    /// Each ratio in words, beside the paper's where there is one.
    private var meaning: String {
        comparison.ratios.map { ratio in
            let titles = Dictionary(
                comparison.arms.map { ($0.arm.name, $0.arm.title) }, uniquingKeysWith: { first, _ in first })
            let (own, other) = (titles[ratio.arm] ?? ratio.arm, titles[ratio.other] ?? ratio.other)
            var text =
                "To \(Markup.percent(ratio.accuracy)), the highest that both reach, “\(Markup.escaped(own))” takes "
                + "\(Self.rounded(ratio.armPictures)) pictures and “\(Markup.escaped(other))” "
                + "\(Self.rounded(ratio.otherPictures)): \(Decimals.significant(ratio.ratio, 2)) times as many."
            if let paper = Self.paperRatio(ratio) { text += " The paper found about \(paper) times." }
            return "<p>\(text)</p>\n"
        }.joined()
    }

    /// arXiv 2103.00020, figure 2.
    private static func paperRatio(_ ratio: LearningComparison.Ratio) -> String? {
        switch (ratio.arm, ratio.other) {
        case ("contrastive", "words"): "4"
        case ("words", "captions"): "3"
        case ("contrastive", "captions"): "12"
        default: nil
        }
    }

    private var method: [String] {
        guard let settings else { return [] }
        let configuration = settings.configuration
        var lines = [
            "A point is the share of a category’s held-out pictures for which its name scores highest among "
                + "all \(comparison.categories), averaged over categories: one answer given always is worth no more than chance.",
            "Every category is put into <code>\(Markup.escaped(settings.template))</code>, the same for all.",
            "Between points, pictures needed are read off the line between them over the logarithm of pictures.",
            "For all: the first weights of the image tower, order, views and captions of pictures, AdamW at "
                + "\(Decimals.significant(configuration.learningRate, 3)) with "
                + "\(Decimals.grouped(configuration.warmupSteps)) steps of warm-up and a half cosine, batches of "
                + "\(Decimals.grouped(configuration.batchSize))\(isEfficiency ? "" : " unless named"), "
                + "\(configuration.precision.rawValue).",
            "Trained on <code>\(Markup.escaped(settings.trainingData))</code>, held out: "
                + "<code>\(Markup.escaped(settings.heldOutData))</code>.",
        ]
        let objectives = Set(comparison.arms.map(\.arm.objective))
        if objectives.contains(.contrastive), isEfficiency {
            lines.append("Contrastive: the cosine of picture and text; batches are each other’s negatives.")
        }
        if objectives.contains(.words) {
            lines.append(
                "Bag of words: softmax cross-entropy between a linear layer on the picture’s embedding and the caption’s "
                    + "words (those that training captions have three times or more), each at its share; a text "
                    + "scores the mean log-probability of its words.")
        }
        if objectives.contains(.captions) {
            lines.append(
                "Language model: a transformer with as many blocks as the text tower, every other one attending to the "
                    + "picture’s patches, predicts each next token; a text scores its log-probability, the sum over "
                    + "its tokens and its end.")
        }
        return lines
    }
}
