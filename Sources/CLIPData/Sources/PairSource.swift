import Foundation

/// The kinds of places that pairs come from.
public enum PairSourceKind: String, Sendable, CaseIterable {
    /// WebDataset tar shards.
    case shards
    /// A CSV or TSV file of picture paths and captions.
    case table
    /// A folder of pictures with their captions in files beside them, or without captions in subfolders that are
    /// classes.
    case folder
}

/// A tar shard, and how likely it is drawn where shards are drawn with replacement.
struct Shard: Sendable, Equatable {
    let location: String
    let weight: Double
    /// Its place among all shards given; the first, where it is given several times.
    let number: Int
}

/// Where training pairs come from: tar shards, a table, or a folder.
public struct PairSource: Sendable {
    enum Contents: Sendable {
        case shards([Shard])
        case list(any PairList)
    }

    /// Given, or told by the name.
    public let kind: PairSourceKind
    /// What the source was opened from.
    public let specification: String
    let contents: Contents
    let maximumEntryBytes: Int

    /// Whether weights were given, which only drawing with replacement heeds.
    public let isWeighted: Bool

    /// Opens a source.
    ///
    /// - Parameters:
    ///   - specification: For shards, file names or `http://`, `https://` and `file://` addresses separated by `::`,
    ///     with braces (`{0000..0007}`, `{a,b}`) and, on disk, wildcards (`*?[]`); else the path of a table or a folder.
    ///   - kind: The kind, where the name does not tell: `.tar` (also compressed), `.csv`/`.tsv`/`.txt`, a folder.
    ///   - table: How a table is read.
    ///   - weights: For each part between `::` the weight of each of its shards (open_clip's upsampling factors): one
    ///     with weight 3 is drawn three times as often as one with weight 1. See
    ///     ``SampleOrder/drawsShardsWithReplacement``.
    ///   - maximumEntryBytes: Shard entries above this size are skipped.
    /// - Throws: ``CLIPDataError`` when anything named is missing or the specification cannot be understood.
    public init(
        _ specification: String, kind: PairSourceKind? = nil, table: TableOptions = TableOptions(),
        weights: [Double]? = nil, maximumEntryBytes: Int = ShardReader.defaultMaximumEntryBytes
    ) throws(CLIPDataError) {
        self.specification = specification
        self.maximumEntryBytes = maximumEntryBytes
        isWeighted = weights != nil
        // A name that exists as it stands is meant so, whatever characters it holds.
        let exists = FileManager.default.fileExists(atPath: specification)
        let parts = exists ? [[specification]] : try FileList.expand(specification)
        guard let first = parts.first?.first else {
            throw .invalidSpecification(specification: specification, reason: "it names no files")
        }
        guard let kind = kind ?? Self.kind(of: first) else {
            throw .invalidSpecification(
                specification: specification,
                reason: "neither .tar shards, nor a .csv or .tsv table, nor a folder; name the kind of data")
        }
        self.kind = kind
        let count = parts.reduce(0) { $0 + $1.count }
        if kind != .shards, count > 1 {
            throw .invalidSpecification(
                specification: specification, reason: "it names \(count) files where one \(kind) is expected")
        }
        guard kind == .shards || !RemoteShards.isRemote(first) else {
            throw .invalidSpecification(specification: specification, reason: "only shards are read from servers")
        }
        switch kind {
        case .shards: contents = .shards(try Self.shards(parts, weights: weights))
        case .table: contents = .list(try TablePairs(path: first, options: table))
        case .folder: contents = .list(try FolderPairs(path: first))
        }
        guard kind == .shards || weights == nil else {
            throw .invalidOption(name: "weights", reason: "only shards are drawn by weight, not the pairs of a \(kind)")
        }
    }

    private static func shards(_ parts: [[String]], weights: [Double]?) throws(CLIPDataError) -> [Shard] {
        var numbers: [String: Int] = [:]
        for (number, location) in parts.joined().enumerated() where numbers[location] == nil {
            numbers[location] = number
        }
        func shard(_ location: String, weight: Double) -> Shard {
            Shard(location: location, weight: weight, number: numbers[location] ?? 0)
        }
        guard let weights else { return parts.joined().map { shard($0, weight: 1) } }
        guard weights.count == parts.count else {
            throw .invalidOption(
                name: "weights", reason: "\(weights.count) weights for \(parts.count) sources; give one for each")
        }
        guard weights.allSatisfy({ $0.isFinite && $0 >= 0 && $0 <= 1e9 }), weights.contains(where: { $0 > 0 }) else {
            throw .invalidOption(name: "weights", reason: "weights are numbers from 0 to 1e9, and not all 0")
        }
        return zip(parts, weights).flatMap { part, weight in part.map { shard($0, weight: weight) } }
    }

    /// The names of a folder's subfolders where they are classes, sorted: its pictures have no captions of their own. Nil
    /// for all other sources.
    public var classNames: [String]? {
        if case .list(let list) = contents { (list as? FolderPairs)?.classNames } else { nil }
    }

    /// Linked folders that lead to what was read already: left out the second time.
    public var repeatedFolders: [String] {
        if case .list(let list) = contents { (list as? FolderPairs)?.repeatedFolders ?? [] } else { [] }
    }

    /// The shards' paths and addresses in the order of the specification; empty for the other kinds.
    public var shardPaths: [String] {
        if case .shards(let shards) = contents { shards.map(\.location) } else { [] }
    }

    /// The files that it is made of: shards, a table, or a folder's pictures. Addresses of servers are among them.
    package var filePaths: [String] {
        switch contents {
        case .shards(let shards): shards.map(\.location)
        case .list(let list): (list as? FolderPairs)?.picturePaths ?? [specification]
        }
    }

    /// How many pairs an epoch has.
    ///
    /// A table's rows and a folder's pictures are counted with those that turn out unusable. Shards are read through
    /// once for this, captions only; a pair in which a shard is cut off may be counted.
    /// - Throws: ``CLIPDataError`` when a shard cannot be read.
    public func countPairs() throws -> Int {
        guard case .shards(let shards) = contents else {
            if case .list(let list) = contents { return list.count }
            return 0
        }
        var count = 0
        for shard in shards {
            var shard = try ShardPairs(
                path: shard.location, maximumEntryBytes: maximumEntryBytes, readsImages: false)
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
        var name = path.lowercased()
        // An address may end with a signature.
        if RemoteShards.isRemote(path), let end = name.firstIndex(where: { "?#".contains($0) }) {
            name = String(name[..<end])
        }
        if [".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"].contains(where: name.hasSuffix) {
            return .shards
        }
        return [".csv", ".tsv", ".txt"].contains(where: name.hasSuffix) ? .table : nil
    }
}
