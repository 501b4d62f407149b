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
    /// Vectors longer than a server's index takes.
    case tooLong(given: Int, limit: Int)
    /// An address of a server that cannot be read. It is not shown: a password may be in it.
    case badAddress(problem: String)
    /// A server that could not be reached, or refused; its SQLSTATE.
    case server(path: String, state: String, problem: String)
    /// A database without the extension that holds vectors.
    case extensionNeeded(path: String, problem: String)

    public var description: String {
        switch self {
        case .file(let fault): "\(fault)"
        case .noIndex(let path): "\(path): there is no index"
        case .damaged(let path, let problem): "\(path): this index cannot be used: \(problem)"
        case .laterForm(let path): "\(path): a later version wrote this index"
        case .spacesDiffer(let path, let differences):
            "\(path): this index holds another model's vectors (\(differences.joined(separator: "; ")))"
        case .dimension(let given, let needed): "a vector of length \(given) where the index has \(needed)"
        case .tooLong(let given, let limit):
            "vectors of length \(given), where an index in PostgreSQL takes at most \(limit)"
        case .badAddress(let problem):
            "the address of the index cannot be used: \(problem); it has the form "
                + "postgresql://user@host:port/database?schema=name"
        case .server(let path, let state, let problem): "\(path): \(problem) (SQLSTATE \(state))"
        case .extensionNeeded(let path, let problem): "\(path): \(problem)"
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
        case .noIndex, .extensionNeeded: .missingInput
        case .damaged, .laterForm, .spacesDiffer, .dimension: .badData
        case .badAddress, .tooLong: .usage
        case .server(_, let state, _): Self.kind(ofState: state)
        }
    }

    /// By SQLSTATE's classes: no connection, no such database or user, no rights; values that the server does not take;
    /// all else is the server's trouble.
    private static func kind(ofState state: String) -> FailureKind {
        switch state {
        case "42501": .missingInput
        case _ where ["08", "28", "3D", "57"].contains(state.prefix(2)): .missingInput
        case _ where ["22", "23"].contains(state.prefix(2)): .badData
        default: .internalFault
        }
    }
}
