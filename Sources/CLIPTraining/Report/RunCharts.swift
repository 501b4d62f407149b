import CLIP
import Foundation
import Pages

/// The charts of one run, or of several over one another.
struct RunCharts {
    let runs: [RunReport.Run]

    private var isComparison: Bool { runs.count > 1 }
    /// The same for all charts, so that what happened at one step stands at one place.
    private let steps: ChartAxis

    init(runs: [RunReport.Run]) {
        self.runs = runs
        let last = runs.map { max($0.history.lastStep?.step ?? 0, $0.history.evaluations.last?.step ?? 0) }.max() ?? 0
        steps = ChartAxis("step", numbers: .whole, range: 0...Double(max(1, last)))
    }

    /// In the order in which one looks at them; charts without anything to show are left out.
    func charts() -> [LineChart] {
        var charts = [loss()]
        charts += terms.compactMap { term in
            guard case .own(let title) = term.chart else { return nil }
            return curve(title, [.term(term.name)], ChartAxis(includesZero: true))
        }
        charts += [
            temperature(),
            curve("Bias of the similarities", [.logitBias]),
            curve("Learning rate", [.learningRate], ChartAxis(includesZero: true)),
            curve("Gradient norm before clipping", [.gradientNorm], ChartAxis(scale: .logarithmic)),
            curve("Pairs per second", [.pairsPerSecond], ChartAxis(includesZero: true)),
            curve(
                "Share of time spent waiting for data", [.dataWait],
                ChartAxis(numbers: .percent, range: 0...1)),
        ]
        charts += retrieval("Held-out retrieval: picture to text", \.imageToText)
        charts += retrieval("Held-out retrieval: text to picture", \.textToImage)
        charts.append(zeroShot())
        return charts.filter { !$0.isEmpty }
    }

    /// What losses report beside their totals; those that this version does not know come last, each by itself.
    private var terms: [LossTerm] {
        let known = Set(StepMetric.allCases)
        let others = Set(runs.flatMap(\.history.curves.keys)).subtracting(known).map(\.name).sorted()
        return Losses.terms
            + others.map { name in
                let name = String(name.dropFirst(StepMetric.termPrefix.count))
                return LossTerm(name, title: name, chart: .own("Loss: \(name)"))
            }
    }

    /// What is drawn beside the loss.
    private static let partTitles: [StepMetric: String] = Dictionary(
        uniqueKeysWithValues: Losses.terms.filter { $0.chart == .total }.map { (.term($0.name), $0.title) })

    /// A small part of the run: noise goes, and what happened to the run stays.
    static func halfLife(_ count: Int) -> Double { count < 50 ? 0 : Double(count) / 200 }

    private func loss() -> LineChart {
        let parts = Losses.terms.filter { $0.chart == .total }.map { StepMetric.term($0.name) }
        var chart = curve("Loss", [.loss] + (isComparison ? [] : parts), ChartAxis(includesZero: true))
        var lines: [String: Double] = [:]
        for start in runs.compactMap(\.history.starts.last) {
            guard let size = start.pairsPerStep, size > 1, let chance = start.lossKind.loss?.chance(batchSize: size),
                let formula = chance.formula
            else { continue }
            lines["guessing among \(Decimals.grouped(size)): \(formula)"] = chance.value
        }
        chart.references += lines.sorted { $0.value < $1.value }.map { .init($0.key, at: $0.value) }
        return chart
    }

    private func temperature() -> LineChart {
        var chart = curve("Inverse temperature 1/τ", [.inverseTemperature])
        let clamp = exp(DualEncoder.logitScaleRange.upperBound)
        // Far below the clamp, its line would only press the curve flat.
        if runs.contains(where: { $0.history.curves[.inverseTemperature]?.last ?? 0 > clamp / 2 }) {
            chart.references.append(.init("clamp: \(Decimals.significant(clamp, 3))", at: clamp))
        }
        return chart
    }

    /// Measurements of every step, smoothed, over the measurements themselves.
    private func curve(_ title: String, _ metrics: [StepMetric], _ y: ChartAxis = ChartAxis()) -> LineChart {
        var chart = LineChart(title, x: steps, y: y)
        for (place, run) in runs.enumerated() {
            for metric in metrics {
                guard let curve = run.history.curves[metric], !curve.isEmpty else { continue }
                let means = curve.means
                // What is set, not measured, has no noise.
                let halfLife = metric == .learningRate ? 0 : Self.halfLife(means.count)
                var series = LineChart.Series(
                    name(metric, of: run), LineChart.smoothed(means, halfLife: halfLife),
                    color: isComparison ? place : metrics.firstIndex(of: metric))
                let isSecond = metrics.firstIndex(of: metric).map { $0 > 1 } ?? false
                series.isDashed = isSecond || (isComparison && place >= LineChart.colorCount)
                // Both directions' noise on top of the loss's own would hide all three.
                if halfLife > 0, Self.partTitles[metric] == nil {
                    series.faint = curve.extremes
                }
                chart.series.append(series)
            }
        }
        chart.marks = marks()
        return chart
    }

    private func name(_ metric: StepMetric, of run: RunReport.Run) -> String {
        if isComparison { return run.name }
        return metric == .loss ? "both directions" : Self.partTitles[metric] ?? ""
    }

    private func marks() -> [LineChart.Mark] {
        // Over several runs it could not be seen whose they are.
        guard !isComparison, let history = runs.first?.history else { return [] }
        let resumptions = history.starts.filter { $0.step > 0 }
        return resumptions.map { LineChart.Mark(.event, "resumed", at: Double($0.step)) }
            + history.warnings.map { LineChart.Mark(.warning, "warning", at: Double($0.step)) }
    }

    private func retrieval(_ title: String, _ recalls: KeyPath<EvaluationRecord, [Int: Double]>) -> [LineChart] {
        let y = ChartAxis(numbers: .percent, includesZero: true)
        if isComparison {
            var chart = LineChart(title + ", R@1", x: steps, y: y)
            chart.series = runs.enumerated().map { place, run in
                evaluationSeries(run, run.name, color: place) { $0[keyPath: recalls][1] }
            }
            chart.references = chances([{ $0.chance[1] }])
            return [chart]
        }
        var chart = LineChart(title, x: steps, y: y)
        chart.series = RetrievalMetrics.depths.enumerated().flatMap { place, depth in
            runs.map { evaluationSeries($0, "R@\(depth)", color: place) { $0[keyPath: recalls][depth] } }
        }
        chart.references = chances(RetrievalMetrics.depths.map { depth in { $0.chance[depth] } })
        chart.marks = marks()
        return [chart]
    }

    private func zeroShot() -> LineChart {
        let categories = Set(runs.flatMap(\.history.evaluations).compactMap(\.zeroShot?.categories))
        let among = categories.count == 1 ? " among \(categories.first ?? 0) categories" : ""
        var chart = LineChart(
            "Held-out zero-shot accuracy" + among, x: steps, y: ChartAxis(numbers: .percent, includesZero: true))
        chart.series = runs.enumerated().map { place, run in
            evaluationSeries(run, isComparison ? run.name : "", color: place) { $0.zeroShot?.accuracy }
        }
        chart.references = chances([{ $0.zeroShot?.chance }])
        chart.marks = marks()
        return chart
    }

    private func evaluationSeries(
        _ run: RunReport.Run, _ name: String, color: Int, _ value: (EvaluationRecord) -> Double?
    ) -> LineChart.Series {
        let points = run.history.evaluations.compactMap { record in
            value(record).map { LineChart.Point(x: Double(record.step), y: $0) }
        }
        return LineChart.Series(name, points, isDashed: color >= LineChart.colorCount, color: color)
    }

    /// What guessing gives, where all evaluations agree on it. The lines lie close together: the highest is named for
    /// all.
    private func chances(_ values: [(EvaluationRecord) -> Double?]) -> [LineChart.Reference] {
        let evaluations = runs.flatMap(\.history.evaluations)
        let known = values.compactMap { value in
            let found = Set(evaluations.compactMap(value))
            return found.count == 1 ? found.first : nil
        }
        guard let highest = known.max() else { return [] }
        let name = "chance: " + known.map { Decimals.significant($0 * 100, 2) }.joined(separator: ", ") + " %"
        return known.map { LineChart.Reference($0 == highest ? name : "", at: $0) }
    }
}
