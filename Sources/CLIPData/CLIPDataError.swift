import Failures

/// Why pairs could not be read or written. Every message names the file and says what to do.
public enum CLIPDataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file, folder or shard that does not exist.
    case missing(path: String)
    /// A file that exists but could not be opened or read.
    case unreadable(path: String, detail: String)
    /// A file that could not be created, written or moved into place.
    case unwritable(path: String, detail: String)
    /// A shard without a single sample.
    case emptyShard(path: String)
    /// A file that is no tar archive, or is damaged before its first whole entry.
    case notAShard(path: String, detail: String)
    /// A key or file name that a reader of shards would not give back unchanged.
    case invalidEntryName(name: String, reason: String)
    /// A specification of training data that cannot be understood.
    case invalidSpecification(specification: String, reason: String)
    /// A table whose contents cannot be used.
    case invalidTable(path: String, reason: String)
    /// A source from which not one usable pair came.
    case noPairs(source: String, skipped: Int)
    /// The loader was cancelled while a batch was asked for.
    case cancelled
    /// A shard on another machine that could not be fetched; the reason names the address.
    case remote(reason: String)
    /// A place to go on from that does not belong to the data at hand.
    case invalidCursor(reason: String)
    /// An option outside its range.
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): no such file or folder; check the path"
        case .unreadable(let path, let detail):
            "\(path): cannot be read: \(detail)"
        case .unwritable(let path, let detail):
            "\(path): cannot be written: \(detail)"
        case .emptyShard(let path):
            "\(path): this shard holds no samples; remove it from the data or write it again"
        case .notAShard(let path, let detail):
            "\(path): not a readable tar shard: \(detail); fetch or write it again"
        case .invalidEntryName(let name, let reason):
            "entry name '\(name)': \(reason)"
        case .invalidSpecification(let specification, let reason):
            "data '\(specification)': \(reason)"
        case .invalidTable(let path, let reason):
            "\(path): \(reason)"
        case .noPairs(let source, let skipped):
            "\(source): not one usable picture with a caption (\(skipped) skipped); see the log for the reasons"
        case .cancelled:
            "loading was cancelled; make a new loader to go on"
        case .remote(let reason):
            reason
        case .invalidCursor(let reason):
            "the place in the data to go on from cannot be used: \(reason)"
        case .invalidOption(let name, let reason):
            "option \(name): \(reason)"
        }
    }
}

extension CLIPDataError: Failure {
    public var kind: FailureKind {
        switch self {
        case .missing, .unreadable: .missingInput
        case .invalidSpecification, .invalidOption: .usage
        case .unwritable, .cancelled: .internalFault
        default: .badData
        }
    }
}
