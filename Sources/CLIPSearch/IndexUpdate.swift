import CLIP
import CLIPData
import Checksums
import Files
import Foundation
import Imaging
import Torch

/// Brings an index up to what lies on the disk: new and changed pictures are embedded, renamed ones keep their vectors,
/// unchanged ones are not even opened.
public struct IndexUpdate {
    /// What became of the files.
    public struct Summary: Sendable, Equatable {
        /// New files, and files whose contents changed.
        public var added = 0
        /// Files with the same contents as one that is gone, whose vector they keep.
        public var renamed = 0
        /// Of ``added``, those whose contents were known, so that nothing was computed.
        public var reused = 0
        /// Files of the same size and time of change as before.
        public var unchanged = 0
        /// Pictures that were forgotten because their files are gone.
        public var removed = 0
        /// Files that could not be read.
        public var unreadable = 0
    }

    /// What is told along the way.
    public enum Event {
        /// A file that could not be read, and why; the others go on.
        case unreadable(String, any Error)
        /// How many files were looked at.
        case progress(Int)
    }

    /// A picture as the image tower takes it.
    public struct Input: Sendable {
        /// uint8 `[3, S, S]`.
        public let bytes: Tensor
        /// Pixels of the picture itself.
        public let width: Int
        /// Likewise.
        public let height: Int

        public init(bytes: Tensor, width: Int, height: Int) {
            (self.bytes, self.width, self.height) = (bytes, width, height)
        }
    }

    private let index: any PictureIndex
    private let clip: CLIPModel
    private let read: (String, Data) throws -> Input
    private let onEvent: (Event) -> Void
    private var waiting: [(picture: IndexedPicture, bytes: Tensor)] = []
    private var done: [PictureVector] = []
    private var lastCommit = ProcessInfo.processInfo.systemUptime
    /// What became of the files so far.
    public private(set) var summary = Summary()

    private static let batchSize = 32
    /// Pictures that a kill loses at most, and seconds.
    private static let commitSize = 1024
    private static let commitSeconds = 5.0

    /// - Parameters:
    ///   - index: of the model's space.
    ///   - clip: the model.
    ///   - read: makes of a file's path and bytes, which are read once, what the image tower takes.
    ///   - onEvent: told what happens.
    public init(
        _ index: any PictureIndex, with clip: CLIPModel, read: @escaping (String, Data) throws -> Input,
        onEvent: @escaping (Event) -> Void = { _ in }
    ) {
        self.index = index
        self.clip = clip
        self.read = read
        self.onEvent = onEvent
    }

    /// Adds files, or finds that they are there already.
    /// - Parameter shouldStop: asked before each file; what was done by then is kept.
    /// - Throws: ``SearchError`` where the index cannot be written, and what the model throws.
    public mutating func add(_ files: PictureList, shouldStop: () -> Bool = { false }) throws {
        var looked = 0
        var list: [String] = []
        var unreadable = 0
        func take(_ found: PictureList.Found) {
            if case .file(let path) = found.image { return list.append(path) }
            unreadable += 1
            onEvent(.unreadable(found.name, InShard()))
        }
        func failed(_ name: String, _ error: any Error) {
            unreadable += 1
            onEvent(.unreadable(name, error))
        }
        try files.forEach(onFailure: failed, take)
        summary.unreadable += unreadable
        for path in list {
            if shouldStop() { break }
            try self.take(PicturePath.absolute(path))
            looked += 1
            onEvent(.progress(looked))
            if done.count >= Self.commitSize || ProcessInfo.processInfo.systemUptime - lastCommit > Self.commitSeconds {
                try commit()
            }
        }
        try encode()
        try commit()
    }

    /// Forgets pictures that lay in a folder, or at a path, and are gone.
    public mutating func prune(_ places: [String]) throws {
        let gone = try index.pictures(under: places).filter { !FileManager.default.fileExists(atPath: $0.path) }
        if !gone.isEmpty { summary.removed += try index.remove(gone.map(\.id)) }
    }

    /// Forgets the pictures at some paths.
    mutating func forget(_ paths: [String]) throws {
        let ids = try paths.compactMap { try index.picture(at: $0)?.id }
        if !ids.isEmpty { summary.removed += try index.remove(ids) }
    }

    private struct InShard: Error, CustomStringConvertible {
        let description = "pictures in shards have no files of their own to come back to; unpack the shard"
    }

    private mutating func take(_ path: String) throws {
        let known = try index.picture(at: path)
        do {
            let state = try FileState(path)
            if let known, known.size == state.size, known.modified == state.modified {
                summary.unchanged += 1
                return
            }
            let bytes = try WholeFile.data(path, limit: PairSample.defaultMaximumImageBytes)
            let hash = Self.hash(bytes)
            if let known, known.hash == hash, known.size == state.size {
                try index.move(known.id, to: path, modified: state.modified)
                summary.unchanged += 1
                return
            }
            if try takeKnown(path, state, hash) { return }
            let picture = try Engine.inference { try read(path, bytes) }
            let entry = IndexedPicture(
                path: path, size: state.size, modified: state.modified, hash: hash, width: picture.width,
                height: picture.height, taken: bytes.withUnsafeBytes { TakenDate.read($0) })
            waiting.append((entry, picture.bytes))
            summary.added += 1
        } catch let error as SearchError {
            throw error
        } catch {
            summary.unreadable += 1
            onEvent(.unreadable(path, error))
        }
        if waiting.count == Self.batchSize { try encode() }
    }

    /// Contents that are known under another path: renamed where that is gone, and else a copy.
    private mutating func takeKnown(_ path: String, _ state: FileState, _ hash: String) throws -> Bool {
        let same = try index.pictures(hash: hash, size: state.size)
        guard let first = same.first else { return false }
        if let gone = same.first(where: { !FileManager.default.fileExists(atPath: $0.picture.path) }) {
            try index.move(gone.picture.id, to: path, modified: state.modified)
            summary.renamed += 1
            return true
        }
        var copy = first
        (copy.picture.path, copy.picture.modified) = (path, state.modified)
        done.append(copy)
        summary.added += 1
        summary.reused += 1
        return true
    }

    static func hash(_ bytes: Data) -> String {
        var hash = ContentHash()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    private mutating func encode() throws {
        guard !waiting.isEmpty else { return }
        let vectors = try clip.vectors(pictureBytes: waiting.map(\.bytes))
        let values = try vectors.elements(Float.self)
        let size = index.dimension
        for (row, entry) in waiting.enumerated() {
            done.append(
                PictureVector(picture: entry.picture, vector: Array(values[row * size..<(row + 1) * size])))
        }
        waiting = []
    }

    private mutating func commit() throws {
        try index.add(done)
        done = []
        lastCommit = ProcessInfo.processInfo.systemUptime
    }
}

/// What tells that a file is the one it was.
struct FileState {
    let size: Int
    let modified: Int64

    /// - Throws: `FileFault`.
    init(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileFault.system(path, .measuring) }
        size = Int(status.st_size)
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        modified = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
