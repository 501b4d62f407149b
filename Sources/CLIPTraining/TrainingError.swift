import Files

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
    /// A checkpoint of a run with other settings; each of `differences` names one with both values.
    case otherSettings(path: String, differences: [SettingDifference])
    /// No checkpoint of a run is as it was written.
    case damagedCheckpoints(path: String, problems: [String])
    /// A file of the run could not be written. `lastGood` is the newest whole checkpoint.
    case cannotWrite(FileFault, bytesNeeded: Int?, bytesFree: Int?, lastGood: String?)
    /// A loss or gradient (`what`) that is not finite. `place` is where values first stop being finite, `suspects` the
    /// pairs to look at first, `details` the file that says all, `lastGood` the newest whole checkpoint.
    case diverged(
        step: Int, what: String, place: String, suspects: [String], details: String?, lastGood: String?)
    /// One batch could not be learned by heart: its loss fell from `from` to `to`, and not below `threshold`.
    case notLearned(from: Double, to: Double, threshold: Double, steps: Int, repeatedCaptions: Int)
    /// A run directory that holds another run already.
    case runExists(path: String)
    /// A log without a single measurement.
    case noMetrics(path: String)
    /// A table of texts that cannot be used; `line` is counted from 1, nil for all of it.
    case texts(path: String, line: Int?, problem: String)
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
            "\(path): no whole checkpoint to resume from."
        case .checkpointMismatch(let path, let problem):
            "\(path): this checkpoint does not fit: \(problem)"
        case .otherSettings(let path, let differences):
            "\(path): this checkpoint does not fit: it was trained with other settings "
                + "(\(differences.map(\.description).joined(separator: "; "))). Give none, or the same as the run began with, unless a "
                + "change is allowed on purpose."
        case .damagedCheckpoints(let path, let problems):
            "\(path): no checkpoint here is whole: \(problems.joined(separator: "; "))."
        case .cannotWrite(let fault, let needed, let free, let lastGood):
            Self.writing(fault, needed: needed, free: free, lastGood: lastGood)
        case .diverged(let step, let what, let place, let suspects, let details, let lastGood):
            Self.divergence(step, what, place, suspects, details: details, lastGood: lastGood)
        case .notLearned(let from, let to, let threshold, let steps, let repeatedCaptions):
            Self.unlearned(from, to, threshold, steps, repeatedCaptions)
        case .runExists(let path):
            "\(path): this directory holds a run already."
        case .noMetrics(let path):
            "\(path): no line of this file is a step or an evaluation of a run."
        case .texts(let path, let line, let problem):
            "\(path)\(line.map { ", line \($0)" } ?? ""): \(problem)."
        case .distributed(let rank, let operation, let problem):
            "rank \(rank), \(operation): \(problem)"
        }
    }

    private static func writing(_ fault: FileFault, needed: Int?, free: Int?, lastGood: String?) -> String {
        var text = "\(fault.path): cannot be written: \(fault.reason)."
        if let needed { text += " It takes \(needed) bytes" + (free.map { "; \($0) bytes are free." } ?? ".") }
        guard let lastGood else { return text + " There is no checkpoint yet." }
        return text + " The checkpoint \(lastGood) is whole."
    }

    private static func divergence(
        _ step: Int, _ what: String, _ place: String, _ suspects: [String], details: String?, lastGood: String?
    ) -> String {
        var text = "step \(step): the \(what) is infinite or not a number, first \(place). Pairs: "
        text += suspects.prefix(4).joined(separator: ", ")
        if suspects.count > 4 { text += " and \(suspects.count - 4) more" }
        if let details { text += " (all in \(details))" }
        text += ". The weights were left as they were before this step"
        if let lastGood { text += "; \(lastGood) is the last checkpoint" }
        return text + ". A lower learning rate, a bound on the gradient's norm or training in fp32 helps; if the pairs "
            + "are to blame, look at them."
    }

    private static func unlearned(
        _ from: Double, _ to: Double, _ threshold: Double, _ steps: Int, _ repeatedCaptions: Int
    ) -> String {
        func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
        var causes = [
            "a learning rate that is too low or too high (try a tenth and ten times it)", "too few steps",
            "towers that are locked", "pictures that are all alike once they are prepared",
        ]
        if repeatedCaptions > 0 {
            causes.append(
                "captions that repeat (\(repeatedCaptions) of the batch do; as negatives of one another they cannot be "
                    + "told apart)")
        }
        return "not learned: the loss of one batch went from \(text(from)) to \(text(to)) in \(steps) steps, where it "
            + "should fall below \(text(threshold)). A batch that cannot be learned by heart means that more data "
            + "cannot help. Look at: \(causes.joined(separator: "; "))."
    }
}

extension TrainingError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .cannotWrite(let fault, _, _, _) = self { fault } else { nil }
    }
}

extension TrainingError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .invalidOption, .runExists: .usage
        case .nothingToResume: .missingInput
        case .checkpointMismatch, .otherSettings, .notFinite, .damagedCheckpoints, .diverged, .notLearned, .noMetrics,
            .texts:
            .badData
        case .cannotWrite, .distributed: .internalFault
        }
    }
}
