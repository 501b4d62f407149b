import Files
import Foundation

/// Pictures as people name them: files, folders with all below them, wildcards, tar shards.
public struct PictureList: Sendable {
    /// A picture that was found, still encoded.
    public struct Found: Sendable {
        /// What it is called: its path, or `shard.tar: entry.jpg`.
        public let name: String
        /// Where its bytes are.
        public let image: PairSample.Image

        /// A picture whose bytes are at hand, or elsewhere.
        public init(name: String, image: PairSample.Image) { (self.name, self.image) = (name, image) }

        /// A file.
        public init(file path: String) { self.init(name: path, image: .file(path: path)) }
    }

    /// Where a list of names comes from.
    public struct ListPlace: Sendable {
        /// The folder that the list lies in; nil for one from standard input.
        public var folder: String?

        public init(folder: String?) { self.folder = folder }
    }

    private enum Place: Sendable {
        case file(String)
        case shard(String)
        /// A subfolder that cannot be listed.
        case unreadable(FileFault)
    }

    private let places: [Place]
    /// Linked folders that lead to what was read already: left out the second time.
    public let repeatedFolders: [String]

    /// Whether no picture is named.
    public var isEmpty: Bool { places.isEmpty }

    /// How many pictures there are; nil with shards, which do not say before they are read.
    public let count: Int?

    /// Finds what is named.
    ///
    /// A name that exists is meant as it stands. Of a folder, files with a picture's extension are taken, in the order of
    /// their paths; hidden files are not. Names that do not exist may hold braces (`{0000..0007}`) and wildcards (`*?[]`);
    /// one without stays in the list, and is told of when it is read.
    /// - Parameters:
    ///   - names: files, folders, tar shards (also addresses of such), wildcards.
    ///   - list: where the list of names lies that they were read from, if they were: relative names may lie beside it, and a
    ///     pattern that nothing matches is told of when it is read, as any other line's.
    /// - Throws: ``CLIPDataError/noPictures(in:shards:)`` for a folder without any, ``CLIPDataError/noMatch(pattern:)`` for
    ///   wildcards that nothing matches, ``CLIPDataError/file(_:)`` for a folder that cannot be listed. Subfolders that
    ///   cannot be are told of when they are read.
    public init(_ names: [String], from list: ListPlace? = nil) throws(CLIPDataError) {
        var places: [Place] = []
        var repeated: [String] = []
        for name in names {
            for path in try Self.paths(name, from: list) {
                if Folder.exists(path) {
                    let found = try Self.pictures(in: path)
                    places += found.paths.map { .file($0) } + found.unreadable.map { .unreadable($0) }
                    repeated += found.repeated
                } else {
                    places.append(PairSource.kind(of: path) == .shards ? .shard(path) : .file(path))
                }
            }
        }
        self.init(places, repeated: repeated)
    }

    /// The pictures of several lists, one list after another.
    public init(joining lists: [PictureList]) {
        self.init(lists.flatMap(\.places), repeated: lists.flatMap(\.repeatedFolders))
    }

    /// What is named, one after another: files, shards, and folders that cannot be listed.
    package var names: [String] {
        places.map { place in
            switch place {
            case .file(let path), .shard(let path): path
            case .unreadable(let fault): fault.path
            }
        }
    }

    /// Some of what is named; a shard counts as one.
    package func part(_ places: Range<Int>) -> PictureList {
        PictureList(Array(self.places[places]), repeated: [])
    }

    private init(_ places: [Place], repeated: [String]) {
        self.places = places
        repeatedFolders = repeated
        var count: Int? = 0
        for place in places {
            switch place {
            case .file: count = count.map { $0 + 1 }
            case .shard: count = nil
            case .unreadable: break
            }
        }
        self.count = count
    }

    private static func paths(_ name: String, from list: ListPlace?) throws(CLIPDataError) -> [String] {
        let manager = FileManager.default
        if name.isEmpty || manager.fileExists(atPath: name) { return [name] }
        if let folder = list?.folder, !name.hasPrefix("/"), !RemoteShards.isRemote(name) {
            let beside = Folder.join(folder, name)
            if manager.fileExists(atPath: beside) { return [beside] }
        }
        guard name.contains(where: { "{*?[".contains($0) }), !name.contains("::") || RemoteShards.isRemote(name) else {
            return [name]
        }
        do throws(CLIPDataError) {
            return try FileList.expand(name).flatMap { $0 }
        } catch {
            guard list == nil else { return [name] }
            throw error
        }
    }

    private struct FolderContents {
        let paths: [String]
        let repeated: [String]
        let unreadable: [FileFault]
    }

    /// A folder's pictures, in the order of their paths.
    private static func pictures(in path: String) throws(CLIPDataError) -> FolderContents {
        let walk = try FolderWalk(path) { PairSample.isImage(FolderWalk.split($0).fileExtension) }
        var paths: [String] = []
        var shards = 0
        for folder in walk.folders {
            for name in folder.names {
                let fileExtension = FolderWalk.split(name).fileExtension
                if PairSample.isImage(fileExtension) {
                    paths.append(FolderWalk.join(path, FolderWalk.join(folder.path, name)))
                } else if fileExtension == "tar" {
                    shards += 1
                }
            }
        }
        guard !paths.isEmpty || !walk.unreadable.isEmpty else {
            throw CLIPDataError.noPictures(in: path, shards: shards)
        }
        return FolderContents(
            paths: FolderWalk.sorted(paths), repeated: walk.repeated.map { FolderWalk.join(path, $0) },
            unreadable: walk.unreadable)
    }

    /// Hands over every picture in order, a shard's as they are read.
    /// - Throws: what `body` throws. A shard that cannot be read, or is cut off, is told to `onFailure`, and the next place
    ///   is gone on with.
    public func forEach(
        onFailure: (_ name: String, _ error: any Error) throws -> Void, _ body: (Found) throws -> Void
    ) throws {
        for place in places {
            switch place {
            case .file(let path): try body(Found(file: path))
            case .shard(let path): try Self.read(shard: path, onFailure: onFailure, body)
            case .unreadable(let fault): try onFailure(fault.path, CLIPDataError.file(fault))
            }
        }
    }

    private static func read(
        shard path: String, onFailure: (_ name: String, _ error: any Error) throws -> Void,
        _ body: (Found) throws -> Void
    ) throws {
        let reader: ShardReader
        func next() throws -> ShardSample?? {
            do { return .some(try reader.next()) } catch {
                try onFailure(path, error)
                return .none
            }
        }
        do {
            reader = try ShardReader(path: path) { PairSample.isImage($0) }
        } catch {
            return try onFailure(path, error)
        }
        while let found = try next(), let sample = found {
            for file in sample.files {
                try body(Found(name: "\(path): \(sample.key).\(file.fileExtension)", image: .bytes(file.data)))
            }
            for file in sample.oversized {
                let name = "\(path): \(sample.key).\(file.fileExtension)"
                try onFailure(name, SkippedSample(location: name, reason: .tooLarge(bytes: file.bytes)))
            }
        }
        for warning in reader.warnings { try onFailure(path, warning.skippedRest) }
    }
}
