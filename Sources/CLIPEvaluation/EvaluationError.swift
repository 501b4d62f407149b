import Files

/// Why something cannot be measured.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Samples of the wrong shape, or none.
    case samples(name: String, problem: String)
    /// A label that is no class, by the row that has it.
    case labelOutOfRange(name: String, row: Int, label: Int, classCount: Int)
    /// A Debian package that holds the set is not installed.
    case missingPackage(String)
    /// A program that has to be installed for this.
    case missingProgram(String)
    /// A split that holds nothing, and those that hold something.
    case emptySplit(path: String, split: String, others: [String])
    /// All samples are of one class: there is nothing to learn.
    case oneClass(name: String)
    /// A file that cannot be read.
    case file(FileFault)
    /// A file that is not what it should be.
    case damaged(path: String, reason: String)
    /// A setting that cannot be heeded.
    case setting(name: String, value: String, reason: String)
    /// Names, templates or prompts that do not fit the set.
    case prompts(name: String, problem: String)
    /// Something kept that was made for another model or set.
    case mismatch(path: String, expected: String, found: String)
    /// Features that are infinite or not numbers.
    case notFinite(name: String)

    public var description: String {
        switch self {
        case .samples(let name, let problem): "\(name): \(problem)"
        case .labelOutOfRange(let name, let row, let label, let classCount):
            "\(name), row \(row): label \(label) is not in 0..<\(classCount)"
        case .missingPackage(let name): "\(name) is not installed; run: apt-get install \(name)"
        case .missingProgram(let name): "\(name) is not installed, which this needs"
        case .emptySplit(let path, let split, let others):
            "\(path): nothing is in its split \"\(split)\""
                + (others.isEmpty ? "" : "; there are \(others.joined(separator: ", "))")
        case .oneClass(let name): "\(name): all are of one class, so that there is nothing to tell apart"
        case .file(let fault): fault.description
        case .damaged(let path, let reason): "\(path): \(reason)"
        case .setting(let name, let value, let reason): "\(name): \(value) cannot be used: \(reason)"
        case .prompts(let name, let problem): "\(name): \(problem)"
        case .mismatch(let path, let expected, let found):
            "\(path) was made for \(found), and this is \(expected): make it anew"
        case .notFinite(let name): "\(name): the features hold numbers that are not finite"
        }
    }
}

extension EvaluationError {
    /// Lets a failure to read or write a file be one of this library's errors.
    static func wrapping<R>(_ body: () throws(FileFault) -> R) throws(EvaluationError) -> R {
        do throws(FileFault) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

extension EvaluationError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        case .missingPackage, .missingProgram: .missingInput
        case .setting: .usage
        default: .badData
        }
    }
}
