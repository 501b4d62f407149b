import Foundation

/// The kinds of places that pairs come from.
public enum PairSourceKind: String, Sendable, CaseIterable {
    /// WebDataset tar shards.
    case shards
    /// A CSV or TSV file of picture paths and captions.
    case table
    /// A folder of pictures with their captions in files beside them.
    case folder
}

/// Where training pairs come from: tar shards, a table, or a folder.
public struct PairSource: Sendable {
    enum Contents: Sendable {
        case shards([String])
        case list(any PairList)
    }

    public let kind: PairSourceKind
    /// What the source was opened from.
    public let specification: String
    let contents: Contents
    let maximumEntryBytes: Int

    /// Opens a source.
    ///
    /// - Parameters:
    ///   - specification: For shards, file names separated by `::`, with braces (`{0000..0007}`, `{a,b}`) and
    ///     wildcards (`*?[]`); else the path of a table or a folder.
    ///   - kind: The kind, where the name does not tell: `.tar` (also compressed), `.csv`/`.tsv`/`.txt`, a folder.
    ///   - table: How a table is read.
    ///   - maximumEntryBytes: Shard entries above this size are skipped.
    /// - Throws: ``CLIPDataError`` when anything named is missing or the specification cannot be understood.
    public init(
        _ specification: String, kind: PairSourceKind? = nil, table: TableOptions = TableOptions(),
        maximumEntryBytes: Int = ShardReader.defaultMaximumEntryBytes
    ) throws(CLIPDataError) {
        self.specification = specification
        self.maximumEntryBytes = maximumEntryBytes
        // A name that exists as it stands is meant so, whatever characters it holds.
        let exists = FileManager.default.fileExists(atPath: specification)
        let paths = exists ? [specification] : try FileList.expand(specification)
        guard let first = paths.first else {
            throw .invalidSpecification(specification: specification, reason: "it names no files")
        }
        guard let kind = kind ?? Self.kind(of: first) else {
            throw .invalidSpecification(
                specification: specification,
                reason: "neither .tar shards, nor a .csv or .tsv table, nor a folder; name the kind of data")
        }
        self.kind = kind
        if kind != .shards, paths.count > 1 {
            throw .invalidSpecification(
                specification: specification, reason: "it names \(paths.count) files where one \(kind) is expected")
        }
        switch kind {
        case .shards: contents = .shards(paths)
        case .table: contents = .list(try TablePairs(path: first, options: table))
        case .folder: contents = .list(try FolderPairs(path: first))
        }
    }

    /// The shards' paths in the order of the specification; empty for the other kinds.
    public var shardPaths: [String] {
        if case .shards(let paths) = contents { paths } else { [] }
    }

    /// How many pairs an epoch has.
    ///
    /// A table's rows and a folder's pictures are counted with those that turn out unusable. Shards are read through
    /// once for this, captions only; a pair in which a shard is cut off may be counted.
    /// - Throws: ``CLIPDataError`` when a shard cannot be read.
    public func countPairs() throws -> Int {
        guard case .shards(let paths) = contents else {
            if case .list(let list) = contents { return list.count }
            return 0
        }
        var count = 0
        for path in paths {
            var shard = try ShardPairs(path: path, maximumEntryBytes: maximumEntryBytes, readsImages: false)
            while let step = try shard.next() {
                if case .success = step { count += 1 }
            }
        }
        return count
    }

    /// The kind that a path's name, or the folder it is, tells.
    static func kind(of path: String) -> PairSourceKind? {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return .folder }
        let name = path.lowercased()
        if [".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"].contains(where: name.hasSuffix) {
            return .shards
        }
        return [".csv", ".tsv", ".txt"].contains(where: name.hasSuffix) ? .table : nil
    }
}
