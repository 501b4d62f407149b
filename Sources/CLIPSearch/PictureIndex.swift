import CLIP
import CLIPData
import Files
import Foundation

/// A picture as an index has it, without its vector.
public struct IndexedPicture: Sendable, Equatable {
    /// Its number in the index, which it keeps; a picture whose contents change gets a new one.
    public var id: Int64
    /// Where it lies.
    public var path: String
    /// Bytes of the file.
    public var size: Int
    /// When the file was changed, in nanoseconds since 1970.
    public var modified: Int64
    /// Of the file's bytes.
    public var hash: String
    /// Pixels; as it is shown.
    public var width: Int
    /// Likewise.
    public var height: Int
    /// When it was taken, in seconds since 1970, where it says so.
    public var taken: Int64?

    public init(
        id: Int64 = 0, path: String, size: Int, modified: Int64, hash: String, width: Int, height: Int,
        taken: Int64? = nil
    ) {
        self.id = id
        self.path = path
        self.size = size
        self.modified = modified
        self.hash = hash
        self.width = width
        self.height = height
        self.taken = taken
    }
}

/// A picture and its vector of length 1.
public struct PictureVector: Sendable, Equatable {
    /// What is known of it.
    public var picture: IndexedPicture
    /// `[E]`.
    public var vector: [Float]

    public init(picture: IndexedPicture, vector: [Float]) {
        self.picture = picture
        self.vector = vector
    }
}

/// What a search found.
public struct SearchHit: Sendable, Equatable {
    /// The picture.
    public let picture: IndexedPicture
    /// The cosine of the angle between its vector and the query, -1 to 1.
    public let similarity: Float

    public init(picture: IndexedPicture, similarity: Float) {
        self.picture = picture
        self.similarity = similarity
    }
}

/// What an index holds.
public struct IndexStatus: Sendable, Equatable {
    /// Pictures that can be found.
    public let pictures: Int
    /// Those whose room ``PictureIndex/compact()`` gives back.
    public let deleted: Int
    /// Of what the index takes on the disk.
    public let bytes: Int

    public init(pictures: Int, deleted: Int, bytes: Int) {
        self.pictures = pictures
        self.deleted = deleted
        self.bytes = bytes
    }
}

/// Pictures and their vectors, wherever they are kept: what is asked by words or by picture.
///
/// Every method throws ``SearchError``; each may be called from any thread.
public protocol PictureIndex: AnyObject, Sendable {
    /// The folder or the address, without a password.
    var location: String { get }
    /// Whose vectors it holds.
    var space: EmbeddingSpace { get }
    /// Pictures that can be found.
    var count: Int { get throws }

    /// The pictures that are nearest to a vector, best first; of equally near ones, the one with the lower number.
    /// - Parameters:
    ///   - query: `[E]`, of any length above 0.
    ///   - count: how many to give; fewer where there are not so many.
    ///   - filter: which pictures may be found.
    ///   - leaving: numbers of pictures that are left out.
    func search(_ query: [Float], count: Int, filter: SearchFilter, leaving: Set<Int64>) throws -> [SearchHit]

    /// Pictures with their vectors, by their numbers; those that there are not are left out.
    func pictures(_ ids: [Int64]) throws -> [Int64: PictureVector]
    /// The picture at a path.
    func picture(at path: String) throws -> IndexedPicture?
    /// Pictures with the same contents.
    func pictures(hash: String, size: Int) throws -> [PictureVector]
    /// Where every picture lies, in ascending order of numbers.
    func paths() throws -> [(id: Int64, path: String)]
    /// Hands over every picture with its vector, in ascending order of numbers.
    func read(_ body: (PictureVector) throws -> Void) throws
    func status() throws -> IndexStatus

    /// Adds pictures, each in place of what had its path.
    func add(_ pictures: [PictureVector]) throws
    /// Says that a picture's file has another path, or another time of change.
    func move(_ id: Int64, to path: String, modified: Int64) throws
    /// Forgets pictures.
    /// - Returns: how many of the numbers there were.
    @discardableResult
    func remove(_ ids: [Int64]) throws -> Int
    /// Gives back the room of what was forgotten.
    func compact() throws
}

extension PictureIndex {
    /// Length of its vectors.
    public var dimension: Int { space.embeddingSize }

    /// The pictures that are nearest to a vector, of those that a filter lets through.
    public func search(
        _ query: [Float], count: Int, filter: SearchFilter = SearchFilter()
    ) throws -> [SearchHit] {
        try search(query, count: count, filter: filter, leaving: [])
    }

    /// Refuses vectors of another space.
    /// - Throws: ``SearchError/spacesDiffer(path:differences:)``.
    public func require(_ other: EmbeddingSpace) throws {
        let differences = space.differences(from: other)
        guard differences.isEmpty else { throw SearchError.spacesDiffer(path: location, differences: differences) }
    }

    /// Forgets pictures at paths, and below folders.
    /// - Returns: how many there were.
    public func remove(under paths: [String]) throws -> Int {
        let ids = try pictures(under: paths).map(\.id)
        return ids.isEmpty ? 0 : try remove(ids)
    }

    /// Pictures at paths, and below folders.
    func pictures(under places: [String]) throws -> [(id: Int64, path: String)] {
        let places = places.map { PicturePath.absolute($0) }
        return try paths().filter { picture in
            places.contains { picture.path == $0 || picture.path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
        }
    }

    /// The numbers of pictures that are a file, or have its contents.
    public func ids(ofFile file: String) throws -> [Int64] {
        let own = try picture(at: PicturePath.absolute(file))?.id
        guard let bytes = try? WholeFile.data(file, limit: PairSample.defaultMaximumImageBytes) else {
            return [own].compactMap { $0 }
        }
        return [own].compactMap { $0 } + (try ids(ofContents: bytes))
    }

    /// The numbers of pictures that have a file's contents.
    public func ids(ofContents bytes: Data) throws -> [Int64] {
        try pictures(hash: IndexUpdate.hash(bytes), size: bytes.count).map(\.picture.id)
    }
}

/// Paths as an index has them.
public enum PicturePath {
    /// A path that means the same from everywhere. Links are left as they are.
    public static func absolute(_ path: String) -> String {
        // Foundation looks at the disk to make its URL.
        let isPlain = path.hasPrefix("/") && !path.hasSuffix("/") && !path.contains("//") && !path.contains("/.")
        return isPlain ? path : URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
