import Files

/// Why a corpus could not be built.
public enum CorpusError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The Debian packages that hold the pictures are not installed.
    case missingPackages([String])
    /// An option outside its range.
    case invalidOption(name: String, reason: String)
    /// Everything was dropped.
    case nothingKept

    public var description: String {
        switch self {
        case .missingPackages(let names):
            "not installed: \(names.joined(separator: ", ")); run: apt-get install \(names.joined(separator: " "))"
        case .invalidOption(let name, let reason):
            "option \(name): \(reason)"
        case .nothingKept:
            "not one picture with a usable caption was found; reinstall the packages that hold the pictures"
        }
    }
}

extension CorpusError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .missingPackages: .missingInput
        case .invalidOption: .usage
        case .nothingKept: .badData
        }
    }
}
