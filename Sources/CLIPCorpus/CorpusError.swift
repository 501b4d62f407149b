import Files

/// Why a corpus could not be built.
public enum CorpusError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The Debian packages that hold the pictures are not installed.
    case missingPackages([String])
    /// An option outside its range.
    case invalidOption(name: String, reason: String)
    /// A package's file, or the dictionary, is not what it should be.
    case damagedFile(path: String, reason: String)
    /// A line of such a file, counted from 1.
    case damagedLine(path: String, line: Int, reason: String)
    /// A file that cannot be read.
    case file(FileFault)
    /// Everything was dropped.
    case nothingKept

    public var description: String {
        switch self {
        case .missingPackages(let names):
            "not installed: \(names.joined(separator: ", ")); run: apt-get install \(names.joined(separator: " "))"
        case .invalidOption(let name, let reason):
            "option \(name): \(reason)"
        case .damagedFile(let path, let reason): "\(path): \(reason)"
        case .damagedLine(let path, let line, let reason): "\(path), line \(line): \(reason)"
        case .file(let fault): fault.description
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
        case .file(let fault): fault.kind
        case .damagedFile, .damagedLine, .nothingKept: .badData
        }
    }
}
