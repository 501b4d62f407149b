import CLIP
import Foundation

/// Puts vectors that were made elsewhere into an index: some thousand in each transaction, so that a million take little
/// memory, and what was done before an end stays.
public struct VectorImport {
    private let index: any PictureIndex
    private let onProgress: (Int) -> Void
    private var waiting: [PictureVector] = []
    /// How many pictures were put in.
    public private(set) var count = 0

    /// Pictures in a transaction; vectors that are read at a time.
    private static let batch = 8192

    /// - Parameter onProgress: told how many are in.
    public init(_ index: any PictureIndex, onProgress: @escaping (Int) -> Void = { _ in }) {
        (self.index, self.onProgress) = (index, onProgress)
    }

    /// Puts a file's vectors in.
    /// - Parameters:
    ///   - vectors: of the index's space, of any length above 0.
    ///   - picture: what the next row is the vector of; nil for one that is none of a picture's. A picture's size and time
    ///     are read from its file, if it is there, where the size is 0.
    /// - Throws: ``SearchError/dimension(given:needed:)``, `CLIPError.embeddingFile` for a vector of zeros, and what
    ///   `picture` throws.
    public mutating func add(_ vectors: StoredVectors, _ picture: (Int) throws -> IndexedPicture?) throws {
        let size = vectors.dimension
        guard size == index.dimension else { throw SearchError.dimension(given: size, needed: index.dimension) }
        for start in stride(from: 0, to: vectors.count, by: Self.batch) {
            let rows = start..<min(vectors.count, start + Self.batch)
            let values = try vectors.values(rows)
            for row in rows {
                guard let picture = try picture(row) else { continue }
                let place = (row - start) * size
                let vector = Array(values[place..<place + size])
                guard vector.contains(where: { $0 != 0 }) else {
                    throw CLIPError.embeddingFile(path: vectors.path, problem: "its vector \(row) is all zeros")
                }
                waiting.append(PictureVector(picture: Self.completed(picture), vector: vector))
                if waiting.count == Self.batch { try commit() }
            }
        }
        try commit()
    }

    private mutating func commit() throws {
        try index.add(waiting)
        count += waiting.count
        waiting.removeAll(keepingCapacity: true)
        onProgress(count)
    }

    private static func completed(_ picture: IndexedPicture) -> IndexedPicture {
        var picture = picture
        picture.path = PicturePath.absolute(picture.path)
        if picture.size == 0, let state = try? FileState(picture.path) {
            (picture.size, picture.modified) = (state.size, state.modified)
        }
        return picture
    }
}
