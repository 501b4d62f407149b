import Foundation

/// The files of a shard that share one key: by WebDataset's convention, one sample.
public struct ShardSample: Sendable, Equatable {
    /// One file of a sample.
    public struct File: Sendable, Equatable {
        /// What follows the first dot of the name's last component, lower-cased: `jpg`, `txt`, `seg.png`.
        public let fileExtension: String
        /// The file's contents.
        public let data: Data

        /// Extensions are lower-case; ``ShardWriter`` refuses others.
        public init(fileExtension: String, data: Data) {
            self.fileExtension = fileExtension
            self.data = data
        }
    }

    /// The entries' path up to the first dot of its last component.
    public let key: String
    /// The files in the order in which they stand in the shard; no extension occurs twice.
    public internal(set) var files: [File]
    /// The extensions of all files, also of those that were not read.
    public internal(set) var extensions: Set<String>
    /// Files left out because they were larger than the reader's limit.
    public internal(set) var oversized: [Oversized] = []

    /// A file that was too large to be read.
    public struct Oversized: Sendable, Equatable {
        /// As ``File/fileExtension``.
        public let fileExtension: String
        /// How many bytes its header claims.
        public let bytes: Int
    }

    /// A sample to write. Its key's last component holds no dot, and no extension occurs twice.
    public init(key: String, files: [File]) {
        self.key = key
        self.files = files
        extensions = Set(files.map(\.fileExtension))
    }

    /// The contents of the file with this (lower-case) extension.
    public subscript(fileExtension: String) -> Data? {
        files.first { $0.fileExtension == fileExtension }?.data
    }

    /// Splits an entry's path into key and lower-cased extension, as WebDataset does.
    ///
    /// `a.b/cat.seg.PNG` gives `a.b/cat` and `seg.png`. Names without a dot, and hidden files (`._cat.jpg`, which
    /// macOS puts into archives), belong to no sample: the result is `nil`.
    static func split(_ path: String) -> (key: String, fileExtension: String)? {
        let bytes = path.utf8
        let nameStart = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
        guard let dot = bytes[nameStart...].firstIndex(of: UInt8(ascii: ".")), dot != nameStart else { return nil }
        let fileExtension = path[path.index(after: dot)...].lowercased()
        return fileExtension.isEmpty ? nil : (String(path[..<dot]), fileExtension)
    }
}

/// Something wrong with a shard that did not prevent reading what came before it.
public struct ShardWarning: Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Sendable, Equatable {
        /// The file ends within an entry, or without the end-of-archive mark.
        case truncated
        /// Bytes that are no valid entry; nothing after them is read.
        case damaged
    }

    /// What is wrong, for programs; ``detail`` is for people.
    public let problem: Problem
    /// The shard's path.
    public let path: String
    /// The last entry that was read whole.
    public let lastEntry: String?
    /// The archive library's own words.
    public let detail: String

    public var description: String {
        let end = lastEntry.map { "read up to and including '\($0)'" } ?? "nothing could be read"
        return "\(path): \(state): \(detail); \(end)"
    }

    private var state: String { problem == .truncated ? "cut off" : "damaged" }

    /// What follows the last whole entry, as something that is left out.
    var skippedRest: SkippedSample {
        let end = lastEntry.map { "after \($0)" } ?? "from its beginning"
        return SkippedSample(location: "\(path): the rest", reason: .damagedShard("\(state) \(end): \(detail)"))
    }
}
