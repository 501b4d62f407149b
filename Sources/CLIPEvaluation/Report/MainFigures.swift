import Foundation
import Pages

/// A figure that an evaluation is summed up by, and by which two models are compared.
struct MainFigure: Sendable {
    typealias Kind = SuiteComparison.Figure.Kind

    /// Which published numbers are of the same measure.
    struct Published: Sendable {
        /// Nil for the evaluation's own set.
        var dataset: String?
        /// ``PublishedResult/task``.
        let task: String
        /// ``PublishedResult/metric``.
        let metric: String
    }

    let name: String
    let interval: Interval
    /// What guessing gives; nil where that is not known, or says nothing.
    var chance: Double?
    var kind = Kind.share
    /// Whether it stands for the evaluation where there is room for little.
    var isLead = false
    var published: Published?
    /// For each sample whether it is right, so that two models can be compared sample by sample; empty where that is
    /// not kept, or kept of another figure.
    var marks: [Bool] = []

    init(_ name: String, _ interval: Interval, chance: Double? = nil) {
        (self.name, self.interval, self.chance) = (name, interval, chance)
    }

    init(_ name: String, _ interval: Interval, kind: Kind) {
        (self.name, self.interval, self.kind) = (name, interval, kind)
    }

    var value: Double { interval.value }

    /// As a cell of a table.
    var text: String { kind == .change ? ReportText.points(interval) : ReportText.measured(interval) }

    func leading() -> MainFigure {
        var figure = self
        figure.isLead = true
        return figure
    }

    func published(_ task: String, _ metric: String, dataset: String? = nil) -> MainFigure {
        var figure = self
        figure.published = Published(dataset: dataset, task: task, metric: metric)
        return figure
    }

    func marked(_ marks: [Bool]) -> MainFigure {
        var figure = self
        figure.marks = marks
        return figure
    }
}

extension SuiteResults.Entry {
    /// What sums it up, the most important first.
    var mainFigures: [MainFigure] {
        switch figures {
        case .zeroShot(let result): Self.figures(result)
        case .retrieval(let result): Self.figures(result)
        case .probe(let probe, let zeroShot, _): Self.figures(probe, zeroShot)
        case .fewShot(let result): Self.figures(result)
        case .robustness(let result): Self.figures(result)
        case .overlap(let result): Self.figures(result)
        case .weakness(let result): Self.figures(result)
        case .calibrate(let result): Self.figures(result)
        }
    }

    private static func figures(_ result: ZeroShotResult) -> [MainFigure] {
        if let figures = result.multiLabel {
            return [MainFigure("mean average precision", figures.meanAveragePrecision).leading()]
        }
        guard let figures = result.classification else { return [] }
        let classCount = Double(max(1, figures.classes.count))
        var all = [
            MainFigure("accuracy", figures.top1, chance: figures.chance).leading().published("zero-shot", "top1")
                .marked(result.isRight)
        ]
        if let top5 = figures.top5 {
            all.append(MainFigure("among the first five", top5, chance: min(1, 5 / classCount)))
        }
        all.append(
            MainFigure("mean per-class recall", figures.meanPerClassRecall, chance: figures.chance)
                .published("zero-shot", "mean_per_class_recall"))
        return all
    }

    private static func figures(_ result: RetrievalResult) -> [MainFigure] {
        [
            ("image to text", "image-to-text", result.imageToText),
            ("text to image", "text-to-image", result.textToImage),
        ]
        .flatMap { name, task, direction in
            RetrievalFigures.recalls(direction).map { depth, recall in
                let chance = result.chance(direction, depth)
                let figure = MainFigure("R@\(depth), \(name)", recall, chance: chance)
                    .published(task, "R@\(depth)")
                return depth == 1 ? figure.leading() : figure
            }
        }
    }

    private static func figures(_ probe: ProbeResult, _ zeroShot: ZeroShotResult) -> [MainFigure] {
        let own = MainFigure("accuracy of a linear probe", probe.accuracy, chance: probe.classification.chance)
            .leading().published("linear-probe", "top1").marked(probe.isRight)
        guard let figures = zeroShot.classification else { return [own] }
        return [
            own,
            MainFigure("accuracy by names", figures.top1, chance: figures.chance).published("zero-shot", "top1"),
        ]
    }

    private static func figures(_ result: FewShotResult) -> [MainFigure] {
        var all = result.steps.reversed().enumerated().map { place, step in
            let figure = MainFigure("accuracy with \(step.shots) a class", step.accuracy)
            return place == 0 ? figure.leading() : figure
        }
        if let zeroShot = result.zeroShot { all.append(MainFigure("accuracy by names", zeroShot)) }
        return all
    }

    private static func figures(_ result: RobustnessResult) -> [MainFigure] {
        var all: [MainFigure] = []
        if let mean = result.meanShifted { all.append(MainFigure("mean accuracy under shift", mean).leading()) }
        if let mean = result.meanCorrupted {
            all.append(MainFigure("mean accuracy under corruptions", mean).leading())
        }
        let reference = MainFigure("accuracy on the reference", result.reference).published("zero-shot", "top1")
        all.append(all.isEmpty ? reference.leading() : reference)
        return all
            + result.shifts.map {
                MainFigure("accuracy on \($0.name)", $0.accuracy).published("zero-shot", "top1", dataset: $0.name)
            }
    }

    private static func figures(_ result: OverlapResult) -> [MainFigure] {
        let report = result.report
        let parts = report.parts.map { MainFigure("accuracy on \($0.name) pictures", $0.split.accuracy) }
        guard let inflation = report.inflation else { return [parts[0].leading()] + parts.dropFirst() }
        return [MainFigure("raised by overlap", inflation, kind: .change).leading()] + parts
    }

    private static func figures(_ result: WeaknessResult) -> [MainFigure] {
        let scores = result.winoground
        return [
            MainFigure("Winoground group score", scores.group, chance: WinogroundScores.chance.group).leading(),
            MainFigure("Winoground text score", scores.text, chance: WinogroundScores.chance.text),
            MainFigure("Winoground image score", scores.image, chance: WinogroundScores.chance.image),
        ] + result.probes.map { MainFigure($0.title, $0.accuracy, chance: $0.chance) }
    }

    private static func figures(_ report: CalibrationReport) -> [MainFigure] {
        var all = [
            MainFigure("calibration error, calibrated", report.after.errorInterval, kind: .error).leading(),
            MainFigure("calibration error, as the model is", report.before.errorInterval, kind: .error),
            MainFigure("known things accepted", report.testAcceptance.insiders),
        ]
        if let right = report.testAcceptance.right { all.append(MainFigure("right of those", right)) }
        return all
    }
}

/// Recalls by their depths.
enum RetrievalFigures {
    static func recalls(_ direction: RetrievalResult.Direction) -> [(depth: Int, recall: Interval)] {
        [(1, direction.recallAt1), (5, direction.recallAt5), (10, direction.recallAt10)]
    }
}

extension RetrievalResult {
    /// What guessing gives at a depth: one at least of the right answers among the first, of which a picture with
    /// several captions has several. As if all pictures had equally many, 1 − Π (n − m − j) / (n − j) over j < depth,
    /// of n answers and m right ones.
    func chance(_ direction: Direction, _ depth: Int) -> Double {
        let answers = Double(max(1, direction.answers))
        let right = max(1, answers / Double(max(1, direction.queries)))
        return 1
            - (0..<depth).reduce(1.0) { share, place in
                let left = answers - Double(place)
                return left > 0 ? share * max(0, left - right) / left : 0
            }
    }
}
