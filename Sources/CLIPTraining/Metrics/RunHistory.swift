import CLIP
import Files
import Foundation

/// What a run has measured so far, in bounded memory.
public struct RunHistory: Sendable {
    /// How many evaluations are kept before every second one is left out, how many warnings, and how many starts.
    static let evaluationLimit = 4096
    static let warningLimit = 200
    static let startLimit = 1000
    /// How many names are followed before those that this version does not know are left out.
    static let curveLimit = 64

    /// The run's beginning and each time it went on, oldest first; the first `startLimit` of them.
    public private(set) var starts: [RunStart] = []
    /// With ``evaluationCount`` above `evaluationLimit` not all of them.
    public private(set) var evaluations: [EvaluationRecord] = []
    /// Evaluations read, with those that ``evaluations`` has left out since.
    public private(set) var evaluationCount = 0
    /// The evaluation with the highest mean recall; of equal ones the first.
    public private(set) var best: EvaluationRecord?
    /// The first ones; ``warningCount`` counts all.
    public private(set) var warnings: [RunWarning] = []
    /// Warnings read, with those that ``warnings`` has no room for.
    public private(set) var warningCount = 0
    /// The newest step; nil before any.
    public private(set) var lastStep: StepRecord?
    /// Steps in the log, which need not begin at the run's first.
    public private(set) var stepCount = 0
    /// Lines that say nothing that can be used.
    public internal(set) var unreadableLines = 0
    private(set) var curves: [StepMetric: Curve] = [:]

    public init() {}

    /// Reads a run's `metrics.jsonl`. Lines that cannot be read are counted and left out.
    /// - Throws: `CLIPError.file(_:hint:)`, or ``TrainingError/noMetrics(path:)`` for a file without a
    ///   single measurement.
    public init(path: String) throws {
        let skipped = try CLIPError.wrapping(hint: "A training run's directory has this file.") {
            try LineFile.read(FileReader(path, allowingPipes: true)) { line in
                if let line = MetricsLine(line) { append(line) } else { unreadableLines += 1 }
            }
        }
        unreadableLines += skipped
        guard stepCount > 0 || !evaluations.isEmpty else { throw TrainingError.noMetrics(path: path) }
    }

    private func isFollowed(_ metric: StepMetric) -> Bool {
        curves[metric] != nil || curves.count < Self.curveLimit || StepMetric.allCases.contains(metric)
    }

    mutating func append(_ line: MetricsLine) {
        switch line {
        case .start(let start):
            if starts.count < Self.startLimit { starts.append(start) }
        case .step(let record):
            // A step that is not later than the last was not written by a run.
            guard record.step > lastStep?.step ?? -1 else {
                unreadableLines += 1
                return
            }
            lastStep = record
            stepCount += 1
            for (metric, value) in record.values where isFollowed(metric) {
                curves[metric, default: Curve()].append(step: record.step, value)
            }
        case .evaluation(let record):
            guard record.step >= evaluations.last?.step ?? 0 else {
                unreadableLines += 1
                return
            }
            if let recall = record.meanRecall, recall > best?.meanRecall ?? -1 { best = record }
            evaluationCount += 1
            if evaluations.count == Self.evaluationLimit {
                evaluations = stride(from: 0, to: evaluations.count, by: 2).map { evaluations[$0] }
            }
            evaluations.append(record)
        case .warning(let warning):
            warningCount += 1
            if warnings.count < Self.warningLimit { warnings.append(warning) }
        case .other:
            break
        }
    }
}
