import Files
import Foundation
import Transfer

/// Why pairs could not be read or written. Every message names the file and says what to do.
public enum CLIPDataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file, folder or shard that does not exist, or could not be read or written.
    case file(FileFault)
    /// A shard without a single sample.
    case emptyShard(path: String)
    /// A file that is no tar archive, or is damaged before its first whole entry.
    case notAShard(path: String, detail: String)
    /// A key or file name that a reader of shards would not give back unchanged.
    case invalidEntryName(name: String, reason: String)
    /// A specification of training data that cannot be understood.
    case invalidSpecification(specification: String, reason: String)
    /// Wildcards that nothing matches.
    case noMatch(pattern: String)
    /// A folder in which, and below which, there is no picture; so many tar shards may lie in it.
    case noPictures(in: String, shards: Int)
    /// A table whose contents cannot be used.
    case invalidTable(path: String, reason: String)
    /// A source from which not one usable pair came.
    case noPairs(source: String, skips: SkipSummary)
    /// The loader was cancelled while a batch was asked for.
    case cancelled
    /// A shard on another machine that could not be fetched.
    case remote(TransferError)
    /// A place to go on from that does not belong to the data at hand.
    case invalidCursor(reason: String)
    /// An option outside its range.
    case invalidOption(name: String, reason: String)

    public var description: String {
        switch self {
        case .file(let fault):
            "\(fault)"
        case .emptyShard(let path):
            "\(path): this shard holds no samples; remove it from the data or write it again"
        case .notAShard(let path, let detail):
            "\(path): not a readable tar shard: \(detail); fetch or write it again"
        case .invalidEntryName(let name, let reason):
            "entry name '\(name)': \(reason)"
        case .invalidSpecification(let specification, let reason):
            "data '\(specification)': \(reason)"
        case .noMatch(let pattern):
            "\(pattern): no such file, and no file matches it as a pattern"
        case .noPictures(let folder, let shards):
            "\(folder): the folder holds no pictures"
                + (shards > 0 ? "; for its \(shards) tar shards, give '\(Folder.join(folder, "*.tar"))'" : "")
        case .invalidTable(let path, let reason):
            "\(path): \(reason)"
        case .noPairs(let source, let skips):
            "\(source): not one usable picture with a caption"
                + (skips.total == 0 ? "" : " (\(skips.total) skipped: \(skips))")
        case .cancelled:
            "loading was cancelled; make a new loader to go on"
        case .remote(let error):
            Self.description(of: error)
        case .invalidCursor(let reason):
            "the place in the data to go on from cannot be used: \(reason)"
        case .invalidOption(let name, let reason):
            "option \(name): \(reason)"
        }
    }

    /// What went wrong, and what someone who trains can do about it.
    private static func description(of error: TransferError) -> String {
        switch error {
        case .notFound, .tooManyRedirects: "\(error.fact); check the address"
        case .unauthorized: "\(error.fact); check the address and its signature"
        case .httpStatus: "\(error.fact); try again later"
        case .unreachable, .stalled: "\(error.fact); check the network and resume the run"
        case .rangeMismatch: "\(error.fact); the shard has changed, or the server does not continue files"
        case .lengthMismatch: "\(error.fact); the shard has changed"
        default: error.description
        }
    }
}

extension CLIPDataError: FileFaultError {
    /// What failed, where this error is about a file.
    public var fileFault: FileFault? {
        if case .file(let fault) = self { fault } else { nil }
    }
}

extension CLIPDataError {
    /// Lets a failure to read or write a file be one of this library's errors.
    static func wrapping<R>(_ body: () throws(FileFault) -> R) throws(CLIPDataError) -> R {
        do throws(FileFault) {
            return try body()
        } catch {
            throw .file(error)
        }
    }

    /// That nothing lies at a path.
    static func missing(_ path: String) -> CLIPDataError { .file(FileFault(path, .opening, .system(ENOENT))) }
}

extension CLIPDataError: Failure {
    /// Whose turn it is.
    public var kind: FailureKind {
        switch self {
        case .file(let fault): fault.kind
        case .invalidSpecification, .invalidOption: .usage
        case .noMatch: .missingInput
        case .cancelled: .internalFault
        default: .badData
        }
    }
}
