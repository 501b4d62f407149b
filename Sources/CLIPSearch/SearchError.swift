import Files

/// Why an index could not be read, written or asked.
public enum SearchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file of the index could not be read or written.
    case file(FileFault)
    /// A folder that is no index.
    case noIndex(path: String)
    /// A catalogue that cannot be used.
    case damaged(path: String, problem: String)
    /// A catalogue of a form that a later version wrote.
    case laterForm(path: String)
    /// The index holds vectors of another space.
    case spacesDiffer(path: String, differences: [String])
    /// A vector of another length than the index's.
    case dimension(given: Int, needed: Int)

    public var description: String {
        switch self {
        case .file(let fault): "\(fault)"
        case .noIndex(let path): "\(path): there is no index"
        case .damaged(let path, let problem): "\(path): this index cannot be used: \(problem)"
        case .laterForm(let path): "\(path): a later version wrote this index"
        case .spacesDiffer(let path, let differences):
            "\(path): this index holds another model's vectors (\(differences.joined(separator: "; ")))"
        case .dimension(let given, let needed): "a vector of length \(given) where the index has \(needed)"
        }
    }
}

extension SearchError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension SearchError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        case .noIndex: .missingInput
        case .damaged, .laterForm, .spacesDiffer, .dimension: .badData
        }
    }
}
