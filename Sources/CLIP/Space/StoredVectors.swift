import Checksums
import Files
import Foundation
import Torch

/// A NumPy file's vectors, read some at a time: it may be larger than memory.
public final class StoredVectors: @unchecked Sendable {
    // Unchecked: nothing changes after it was opened.
    /// Where they lie.
    public let path: String
    /// How many there are.
    public let count: Int
    /// Length of each.
    public let dimension: Int
    private let array: NumPyArray

    /// Opens a float32 or float16 array `[N, E]`, row-major.
    /// - Throws: ``CLIPError/file(_:hint:)`` or ``CLIPError/embeddingFile(path:problem:)``.
    public init(path: String) throws {
        array = try NumPyArray(path)
        guard array.shape.count == 2 else {
            throw CLIPError.embeddingFile(path: path, problem: "its shape is \(array.shape), not rows of vectors")
        }
        (self.path, count, dimension) = (path, array.shape[0], array.shape[1])
    }

    /// Some of the vectors, one after another.
    /// - Throws: ``CLIPError/embeddingFile(path:problem:)`` for values that are infinite or not numbers.
    public func values(_ rows: Range<Int>) throws -> [Float] {
        let values = try array.tensor(rows).elements(Float.self)
        guard values.allSatisfy(\.isFinite) else {
            throw CLIPError.embeddingFile(path: path, problem: "it holds values that are infinite or not numbers")
        }
        return values
    }

    /// What the description beside the file says: which space the vectors are of, and what each is the vector of. Nil
    /// where there is none.
    /// - Throws: ``CLIPError/embeddingFile(path:problem:)`` for the description of other vectors.
    public func description() throws -> (space: EmbeddingSpace, rows: [Embeddings.Row])? {
        let description = EmbeddingFile.existingDescription(of: path)
        guard FileManager.default.fileExists(atPath: description) else { return nil }
        let document = try EmbeddingFile.document(description)
        guard document.rows.count == count, document.space.embeddingSize == dimension,
            document.vectors == array.hash()
        else {
            throw CLIPError.embeddingFile(
                path: path, problem: "these are not the vectors that \(description) describes")
        }
        return (document.space, document.rows)
    }
}
