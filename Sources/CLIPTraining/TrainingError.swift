/// Why training stopped before its end.
public enum TrainingError: Error, Sendable, Equatable {
    /// An option outside what can be used.
    case invalidOption(name: String, problem: String)
    /// The loss or the gradient is infinite or not a number.
    case notFinite(step: Int, what: String, samples: [String])
    /// A run directory has no checkpoint to go on from.
    case nothingToResume(path: String)
    /// A checkpoint that belongs to another model or other settings.
    case checkpointMismatch(path: String, problem: String)
    /// No checkpoint of a run is as it was written.
    case damagedCheckpoints(path: String, problems: [String])
    /// A file of the run could not be written. `lastGood` is the newest whole checkpoint.
    case cannotWrite(path: String, reason: String, bytesNeeded: Int?, bytesFree: Int?, lastGood: String?)
    /// A loss or gradient that is not finite, and what was found out about it. `details` is the file that says all.
    case diverged(NonFiniteReport, details: String?, lastGood: String?)
    /// One batch could not be learned by heart.
    case notLearned(OverfitCheck.Verdict)
    /// A run directory that holds another run already.
    case runExists(path: String)
    /// A log without a single measurement.
    case noMetrics(path: String)
    /// Another process of the run is gone, stuck, or was started differently.
    case distributed(rank: Int, operation: String, problem: String)
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidOption(let name, let problem):
            "\(name): \(problem)"
        case .notFinite(let step, let what, let samples):
            "step \(step): the \(what) is infinite or not a number. Lower the learning rate or train in fp32. The batch "
                + "began with: \(samples.prefix(4).joined(separator: ", "))"
        case .nothingToResume(let path):
            "\(path): no whole checkpoint to resume from. Start the run without --resume."
        case .checkpointMismatch(let path, let problem):
            "\(path): this checkpoint does not fit: \(problem)"
        case .damagedCheckpoints(let path, let problems):
            "\(path): no checkpoint here is whole: \(problems.joined(separator: "; ")). Start the run anew."
        case .cannotWrite(let path, let reason, let needed, let free, let lastGood):
            Self.writing(path, reason, needed: needed, free: free, lastGood: lastGood)
        case .diverged(let report, let details, let lastGood):
            Self.divergence(report, details: details, lastGood: lastGood)
        case .notLearned(let verdict):
            "\(verdict)"
        case .runExists(let path):
            "\(path): this directory holds a run already. Continue it with --resume \(path), or choose another --output."
        case .noMetrics(let path):
            "\(path): no line of this file is a step or an evaluation of a run. Name a directory that clip train wrote."
        case .distributed(let rank, let operation, let problem):
            "rank \(rank), \(operation): \(problem)"
        }
    }

    private static func writing(
        _ path: String, _ reason: String, needed: Int?, free: Int?, lastGood: String?
    ) -> String {
        var text = "\(path): cannot be written: \(reason)."
        if let needed { text += " It takes \(needed) bytes" + (free.map { "; \($0) bytes are free." } ?? ".") }
        guard let lastGood else { return text + " There is no checkpoint yet." }
        return text + " The checkpoint \(lastGood) is whole: make room and go on with --resume."
    }

    private static func divergence(_ report: NonFiniteReport, details: String?, lastGood: String?) -> String {
        let suspects = report.suspects
        var text = "step \(report.step): the \(report.what) is infinite or not a number, first \(report.place). Pairs: "
        text += suspects.prefix(4).joined(separator: ", ")
        if suspects.count > 4 { text += " and \(suspects.count - 4) more" }
        if let details { text += " (all in \(details))" }
        text += ". The weights were left as they were before this step"
        if let lastGood { text += "; \(lastGood) is the last checkpoint" }
        return text + ". Lower the learning rate, bound the gradient with --gradient-norm 1, or train in fp32; if the "
            + "pairs are to blame, look at them."
    }
}
