import Checksums
import Files
import Foundation

/// A folder of vectors in parts, and what they were made with: what a run leaves that embeds more pictures than memory
/// should hold, alone or as one of several machines.
///
/// | name | what it is |
/// |---|---|
/// | `embed.json` | what decides the run, and once it is through, what it came to |
/// | `part-00000.npy`, `part-00000.npy.json`, … | ``Embeddings`` of so many pictures of the list, in its order |
/// | `shard-003-of-016/` | the same of one of several shards, each with an `embed.json` of its own |
package struct EmbeddingFolder: Sendable {
    /// One of the parts that a list is divided into, for several machines.
    package struct Shard: Codable, Sendable, Equatable {
        /// From 1.
        package let index: Int
        package let count: Int

        /// - Returns: nil unless the index is from 1 to the count.
        package init?(_ index: Int, of count: Int) {
            guard count >= 1, (1...count).contains(index) else { return nil }
            (self.index, self.count) = (index, count)
        }

        /// Which of so many things, one after another, are this shard's: all shards have about as many.
        package func range(of total: Int) -> Range<Int> {
            total * (index - 1) / count..<total * index / count
        }

        package var folderName: String { "shard-\(padded(index, to: 3))-of-\(padded(count, to: 3))" }

        /// What a folder's name says; nil for another name.
        init?(folderName: String) {
            let numbers = folderName.split(separator: "-").compactMap { Int($0) }
            guard numbers.count == 2 else { return nil }
            self.init(numbers[0], of: numbers[1])
            guard self.folderName == folderName else { return nil }
        }
    }

    /// What decides a run's vectors, and which part holds which.
    package struct Settings: Codable, Sendable, Equatable {
        /// Which the vectors are points of.
        package var space: EmbeddingSpace
        /// Of the space.
        package var fingerprint: String
        /// What is computed in, and how: values by what people call them.
        package var computation: [String: String]
        /// Hash of the names of the whole list.
        package var list: String
        /// How many names that were.
        package var listed: Int
        /// Nil where the list is not divided.
        package var shard: Shard?
        /// Pictures of a part.
        package var partSize: Int

        package init(
            space: EmbeddingSpace, computation: [String: String], names: [String], shard: Shard?, partSize: Int
        ) {
            (self.space, fingerprint, self.computation) = (space, space.fingerprint, computation)
            (self.shard, self.partSize) = (shard, partSize)
            listed = names.count
            var hash = ContentHash()
            for name in names { hash.update(name) }
            list = hash.hexadecimal()
        }

        /// What sets two runs apart, a line each: first what `self` says.
        func differences(from other: Settings) -> [String] {
            var lines = space.differences(from: other.space)
            if !lines.isEmpty, space.model != other.space.model {
                lines.insert("model: \(space.model) and \(other.space.model)", at: 0)
            }
            for name in Set(computation.keys).union(other.computation.keys).sorted() {
                let (left, right) = (computation[name] ?? "not stated", other.computation[name] ?? "not stated")
                if left != right { lines.append("\(name): \(left) and \(right)") }
            }
            if list != other.list {
                let counts = listed == other.listed ? "\(listed) other names" : "\(listed) names and \(other.listed)"
                lines.append("list of pictures: \(counts)")
            }
            if partSize != other.partSize { lines.append("part size: \(partSize) and \(other.partSize)") }
            return lines
        }
    }

    /// What a run that is through came to.
    package struct Summary: Codable, Sendable, Equatable {
        package var parts = 0
        /// Those that have a vector.
        package var pictures = 0
        /// Those that could not be read.
        package var leftOut = 0
    }

    struct Manifest: Codable {
        static let format = "swift-clip embedding run 1"

        var format = Self.format
        var settings: Settings
        /// Nil for a run that is not through.
        var finished: Summary?
    }

    /// Where it lies.
    package let path: String

    package init(path: String) { self.path = path }

    static let manifestName = "embed.json"
    static let lockName = "embed.lock"
    private static let mostManifest = 1 << 20

    var manifestPath: String { Folder.join(path, Self.manifestName) }

    func partPath(_ number: Int) -> String { Folder.join(path, "part-\(padded(number, to: 5)).npy") }

    /// Nil where no run began.
    func manifest() throws -> Manifest? {
        guard FileManager.default.fileExists(atPath: manifestPath) else { return nil }
        let data = try CLIPError.wrapping { try WholeFile.data(manifestPath, limit: Self.mostManifest) }
        guard let manifest = try? EmbeddingFile.decoder().decode(Manifest.self, from: data),
            manifest.format == Manifest.format,
            manifest.settings.fingerprint == manifest.settings.space.fingerprint, manifest.settings.partSize > 0
        else {
            throw EmbeddingFolderError.damaged(path: manifestPath, problem: "it is no record of a run of this version")
        }
        return manifest
    }

    func write(_ manifest: Manifest) throws {
        let data = try EmbeddingFile.encoder().encode(manifest)
        try CLIPError.wrapping { try WholeFile.write(data, to: manifestPath) }
    }

    /// How many parts there are, one after another from the first.
    func partCount() -> Int {
        var count = 0
        while FileManager.default.fileExists(atPath: partPath(count)) { count += 1 }
        return count
    }

    /// The shards there are, by their place.
    func shards() throws -> [Shard] {
        let names = try CLIPError.wrapping { try Folder.names(in: path) }
        return names.compactMap { Shard(folderName: $0) }.sorted { ($0.count, $0.index) < ($1.count, $1.index) }
    }

    func folder(of shard: Shard?) -> EmbeddingFolder {
        shard.map { EmbeddingFolder(path: Folder.join(path, $0.folderName)) } ?? self
    }
}

/// A number with zeros before it, so that names sort as numbers do.
private func padded(_ number: Int, to width: Int) -> String {
    String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
}

/// Why a folder of vectors cannot be written or read.
package enum EmbeddingFolderError: Error, Equatable {
    /// A folder that holds something else.
    case foreign(path: String, example: String)
    /// A folder that is divided otherwise: into so many shards, or, where that is nil, not at all.
    case otherDivision(path: String, shards: Int?)
    /// A run that began with other settings; each as it was and as it is now.
    case otherSettings(path: String, differences: [String])
    /// Another process is at it.
    case busy(path: String)
    /// What lies there is not what a run leaves.
    case damaged(path: String, problem: String)
    /// No run began here; for a shard, the others did.
    case missing(path: String, shard: EmbeddingFolder.Shard?)
    /// A run that is not through: so many parts are there.
    case unfinished(path: String, shard: EmbeddingFolder.Shard?, parts: Int)
    /// Shards of different runs.
    case shardsDiffer(left: String, right: String, differences: [String])
}

extension EmbeddingFolderError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .foreign(let path, let example):
            "\(path): the folder holds other things, such as \(example). Choose a new folder, or an empty one."
        case .otherDivision(let path, nil):
            "\(path): the folder holds a run over the whole list, not a shard's. Choose another folder."
        case .otherDivision(let path, let shards?):
            "\(path): the folder holds a run in \(shards) shards. Divide the list as it was, or choose another folder."
        case .otherSettings(let path, let differences):
            "\(path): the run that began here had other settings (then and now): \(differences.joined(separator: "; ")). "
                + "Give those it began with, or choose another folder."
        case .busy(let path):
            "\(path): another process is writing there. Wait for its end."
        case .damaged(let path, let problem): "\(path): \(problem)."
        case .missing(let path, nil): "\(path): no run of vectors in parts lies here."
        case .missing(let path, let shard?): "\(path): shard \(shard.index) of \(shard.count) is not there."
        case .unfinished(let path, let shard, let parts):
            "\(path): \(shard.map { "shard \($0.index) of \($0.count)" } ?? "the run") is not through: it has \(parts) "
                + "part\(parts == 1 ? "" : "s") so far."
        case .shardsDiffer(let left, let right, let differences):
            "\(left) and \(right) are of different runs: \(differences.joined(separator: "; ")). Make both with the same "
                + "model, list and settings."
        }
    }
}

extension EmbeddingFolderError: Failure {
    /// Whose turn it is.
    package var kind: FailureKind {
        switch self {
        case .foreign, .otherDivision, .otherSettings: .usage
        case .damaged, .shardsDiffer: .badData
        case .missing, .unfinished: .missingInput
        case .busy: .internalFault
        }
    }
}
