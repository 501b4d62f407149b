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
        case .runExists(let path):
            "\(path): this directory holds a run already. Continue it with --resume \(path), or choose another --output."
        case .noMetrics(let path):
            "\(path): no line of this file is a step or an evaluation of a run. Name a directory that clip train wrote."
        case .distributed(let rank, let operation, let problem):
            "rank \(rank), \(operation): \(problem)"
        }
    }
}
