import Files

/// Why something cannot be measured.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Samples of the wrong shape, or none.
    case samples(name: String, problem: String)
    /// A label that is no class, by the row that has it.
    case labelOutOfRange(name: String, row: Int, label: Int, classCount: Int)
    /// All samples are of one class: there is nothing to learn.
    case oneClass(name: String)
    /// Features that are infinite or not numbers.
    case notFinite(name: String)

    public var description: String {
        switch self {
        case .samples(let name, let problem): "\(name): \(problem)"
        case .labelOutOfRange(let name, let row, let label, let classCount):
            "\(name), row \(row): label \(label) is not in 0..<\(classCount)"
        case .oneClass(let name): "\(name): all are of one class, so that there is nothing to tell apart"
        case .notFinite(let name): "\(name): the features hold numbers that are not finite"
        }
    }
}

extension EvaluationError: Failure {
    /// Bad data, all of them.
    public var kind: FailureKind { .badData }
}
