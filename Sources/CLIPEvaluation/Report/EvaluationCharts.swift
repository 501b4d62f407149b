import Foundation
import Pages

/// Figures as pictures.
package enum EvaluationCharts {
    /// Accuracy by samples a class, with the names' accuracy as a line (figure 6 of the paper).
    package static func fewShot(_ result: FewShotResult, name: String) -> LineChart {
        var series = LineChart.Series(
            "linear probe", result.steps.map { LineChart.Point(x: Double($0.shots), y: $0.accuracy.value) })
        series.intervals = result.steps.map {
            LineChart.Interval(x: Double($0.shots), ChartInterval($0.accuracy.low, $0.accuracy.high))
        }
        var chart = LineChart(
            "\(name): few-shot",
            x: ChartAxis("pictures a class", scale: .logarithmic, numbers: .whole),
            y: ChartAxis("accuracy", numbers: .percent), series: [series])
        if let zeroShot = result.zeroShot { chart.references = [LineChart.Reference("zero-shot", at: zeroShot.value)] }
        return chart
    }

    /// Accuracy under shifts by accuracy on the reference, with the line of other models (figure 13).
    package static func robustness(
        _ results: [RobustnessResult], models: [String], baseline: [PublishedBaseline], fit: BaselineFit?
    ) -> ScatterChart {
        var series: [ScatterChart.Series] = []
        if !baseline.isEmpty {
            series.append(
                ScatterChart.Series(
                    "other models",
                    baseline.map { ScatterChart.Point($0.model, x: $0.reference, y: $0.shifted, isHollow: true) }))
        }
        for (result, model) in zip(results, models) {
            let points = result.shifts.map { shift in
                ScatterChart.Point(
                    shift.name, x: result.reference.value, y: shift.accuracy.value,
                    xInterval: ChartInterval(result.reference.low, result.reference.high),
                    yInterval: ChartInterval(shift.accuracy.low, shift.accuracy.high), isLabeled: true)
            }
            let corrupted = result.corruptions.map { kind in
                ScatterChart.Point(
                    kind.kind, x: result.reference.value,
                    y: kind.accuracy.reduce(0) { $0 + $1.value } / Double(max(1, kind.accuracy.count)), isLabeled: true)
            }
            series.append(ScatterChart.Series(model, points + corrupted))
        }
        var chart = ScatterChart(
            "Accuracy under shift", x: ChartAxis("reference accuracy", scale: .logit, numbers: .percent),
            y: ChartAxis("accuracy under shift", scale: .logit, numbers: .percent), series: series)
        chart.hasDiagonal = true
        if let fit {
            let line = stride(from: 0.01, through: 0.99, by: 0.01).map { LineChart.Point(x: $0, y: fit.predicted($0)) }
            chart.curves = [ScatterChart.Curve("models of the line", line)]
        }
        return chart
    }
}
