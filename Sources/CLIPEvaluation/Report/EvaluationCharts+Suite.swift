import Foundation
import Pages

extension ChartInterval {
    init(_ interval: Interval) { self.init(interval.low, interval.high) }
}

extension BarChart.Row {
    /// A share with its interval, and chance's mark.
    init(_ name: String, _ interval: Interval, chance: Double? = nil) {
        self.init(
            name, interval.value, interval: ChartInterval(interval),
            marks: chance.map { [BarChart.Mark("chance", at: $0)] } ?? [])
    }
}

extension EvaluationCharts {
    /// Of charts that stand two in a row.
    static let half = 500

    static func accuracyAxis(_ title: String = "accuracy") -> ChartAxis {
        ChartAxis(title, numbers: .percent, includesZero: true)
    }

    /// From the bare names to the ensemble (figure 4 of the paper).
    static func steps(_ result: ZeroShotResult, name: String) -> BarChart {
        var chart = BarChart(
            "\(name): by prompts",
            axis: accuracyAxis(result.multiLabel == nil ? "accuracy" : "mean average precision"),
            rows: result.steps.map { BarChart.Row($0.prompts, $0.accuracy) })
        chart.width = half
        if let chance = result.classification?.chance {
            chart.references = [LineChart.Reference("chance", at: chance)]
        }
        return chart
    }

    /// Which class is taken for which.
    static func confusion(_ figures: ClassificationResult, name: String) -> MatrixChart {
        let names = figures.classes.map(\.name)
        var chart = MatrixChart(
            "\(name): what is taken for what", rows: names, columns: names,
            values: figures.confusion.map { $0.map(Double.init) }, rowTitle: "what it is",
            columnTitle: "what it is taken for", numbers: .whole)
        chart.shades = .squareRoot
        return chart
    }

    /// Recalls both ways at three depths.
    static func retrieval(_ result: RetrievalResult, name: String) -> BarChart {
        func bars(_ direction: RetrievalResult.Direction) -> [BarChart.Bar] {
            RetrievalFigures.recalls(direction).map { depth, recall in
                BarChart.Bar(
                    recall.value, interval: ChartInterval(recall),
                    marks: [BarChart.Mark("chance", at: result.chance(direction, depth))])
            }
        }
        let pairs = zip(bars(result.imageToText), bars(result.textToImage))
        return BarChart(
            "\(name): found among the first", axis: accuracyAxis("share of queries"),
            rows: zip([1, 5, 10], pairs).map { BarChart.Row("R@\($0)", [$1.0, $1.1]) },
            groups: ["text of a picture", "picture of a text"])
    }

    /// Accuracy on the validation split by C.
    static func strengths(_ result: ProbeResult, name: String) -> LineChart {
        let points = result.trials.sorted { $0.strength < $1.strength }
            .map { LineChart.Point(x: $0.strength, y: $0.accuracy) }
        var chart = LineChart(
            "\(name): validation accuracy by C",
            x: ChartAxis("C, the inverse of the penalty", scale: .logarithmic),
            y: ChartAxis("validation accuracy", numbers: .percent),
            series: [LineChart.Series("linear probe", points)])
        chart.marks = [LineChart.Mark(.event, "chosen", at: result.strength)]
        chart.width = half
        return chart
    }

    /// Accuracy by severity: of each group of corruptions, the mean over its kinds.
    static func corruptions(_ result: RobustnessResult, name: String) -> LineChart {
        var groups: [String] = []
        for kind in result.corruptions where !groups.contains(kind.group) { groups.append(kind.group) }
        let series = groups.map { group in
            var values: [Int: [Double]] = [:]
            for kind in result.corruptions where kind.group == group {
                for (severity, accuracy) in zip(kind.severities, kind.accuracy) {
                    values[severity, default: []].append(accuracy.value)
                }
            }
            let points = values.sorted { $0.key < $1.key }.map { severity, accuracies in
                LineChart.Point(x: Double(severity), y: accuracies.reduce(0, +) / Double(accuracies.count))
            }
            return LineChart.Series(group, points)
        }
        var chart = LineChart(
            "\(name): corrupted pictures", x: ChartAxis("severity", numbers: .whole),
            y: accuracyAxis("accuracy, mean over kinds"), series: series)
        chart.references = [LineChart.Reference("not corrupted", at: result.reference.value)]
        return chart
    }

    /// Figure 17 of the paper, for one set.
    static func overlap(_ report: OverlapReport, name: String) -> BarChart {
        BarChart(
            "\(name): pictures seen in training", axis: accuracyAxis(),
            rows: report.parts.map { name, split in
                BarChart.Row("\(name) (\(Decimals.grouped(split.count)))", split.accuracy)
            })
    }

    static func probes(_ result: WeaknessResult, name: String) -> BarChart {
        var chart = BarChart(
            "\(name): one thing at a time", axis: accuracyAxis("share of questions answered rightly"),
            rows: result.probes.map { BarChart.Row($0.title, $0.accuracy, chance: $0.chance) })
        // Probes by captions are named by half a sentence.
        chart.width = 800
        return chart
    }

    static func winoground(_ scores: WinogroundScores, name: String) -> BarChart {
        let chance = WinogroundScores.chance
        var chart = BarChart(
            "\(name): two pictures, two captions", axis: accuracyAxis("share of items"),
            rows: [
                BarChart.Row("text score", scores.text, chance: chance.text),
                BarChart.Row("image score", scores.image, chance: chance.image),
                BarChart.Row("group score", scores.group, chance: chance.group),
            ])
        chart.width = half
        return chart
    }

    static func resolutions(_ result: WeaknessResult, name: String) -> LineChart {
        var series = LineChart.Series(
            "accuracy", result.resolutions.map { LineChart.Point(x: Double($0.side), y: $0.accuracy.value) })
        series.intervals = result.resolutions.map {
            LineChart.Interval(x: Double($0.side), ChartInterval($0.accuracy))
        }
        var chart = LineChart(
            "\(name): pictures of few pixels",
            x: ChartAxis("shortest side in pixels", scale: .logarithmic, numbers: .whole), y: accuracyAxis(),
            series: [series])
        chart.width = half
        return chart
    }

    static func groups(_ report: GroupReport, name: String) -> BarChart {
        BarChart(
            "\(name): by group", axis: accuracyAxis(), rows: report.groups.map { BarChart.Row($0.name, $0.accuracy) })
    }

    /// The share that is right by confidence: on the diagonal where confidences are right.
    static func reliability(_ calibration: Calibration, title: String) -> LineChart {
        let bins = calibration.bins.filter { $0.count > 0 }
        var chart = LineChart(
            title, x: ChartAxis("confidence", numbers: .percent, range: 0...1),
            y: ChartAxis("share that is right", numbers: .percent, range: 0...1),
            series: [LineChart.Series("", bins.map { LineChart.Point(x: $0.confidence, y: $0.accuracy) })])
        chart.columns = bins.map { LineChart.Column(from: $0.low, to: $0.high, value: $0.accuracy) }
        chart.hasDiagonal = true
        (chart.width, chart.height) = (420, 360)
        return chart
    }
}
