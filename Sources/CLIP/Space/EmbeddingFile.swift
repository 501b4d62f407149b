import Checksums
import Foundation
import Torch

/// Vectors on disk: a NumPy file, and beside it a JSON file that says which space they are of and what each row is.
enum EmbeddingFile {
    private struct Document: Codable {
        static let format = "swift-clip embeddings 1"

        var format = Self.format
        var fingerprint: String
        /// Hash of the vectors, so that the description of others is not taken for theirs.
        var vectors: String
        var space: EmbeddingSpace
        var rows: [Embeddings.Row]
    }

    /// Where the description of a NumPy file's vectors stands.
    static func descriptionPath(of path: String) -> String { path + ".json" }

    static func write(_ embeddings: Embeddings, to path: String) throws {
        let space = try embeddings.space
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let document = Document(
            fingerprint: space.fingerprint, vectors: try hash(of: embeddings.vectors), space: space,
            rows: embeddings.rows)
        let data = try encoder.encode(document)
        let description = descriptionPath(of: path)
        do {
            try data.write(to: URL(fileURLWithPath: description), options: .atomic)
        } catch {
            throw CLIPError.writing(path: description, reason: error.localizedDescription)
        }
        try NumPyFile.write(embeddings.vectors, to: path)
    }

    private static func hash(of embeddings: Tensor) throws -> String {
        var hash = ContentHash()
        try embeddings.bytes().withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    static func read(_ path: String) throws -> Embeddings {
        let description = descriptionPath(of: path)
        let vectors = try NumPyFile.read(path)
        guard let data = FileManager.default.contents(atPath: description) else {
            throw CLIPError.undescribedVectors(path: description)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let document = try? decoder.decode(Document.self, from: data), document.format == Document.format else {
            throw CLIPError.embeddingFile(path: description, problem: "it is no description of vectors")
        }
        guard document.fingerprint == document.space.fingerprint else {
            throw CLIPError.embeddingFile(path: description, problem: "it was changed: its fingerprint is another")
        }
        guard vectors.rank == 2, vectors.shape == [document.rows.count, document.space.embeddingSize] else {
            throw CLIPError.embeddingFile(
                path: path,
                problem: "vectors of shape \(vectors.shape), where \(description) speaks of "
                    + "\(document.rows.count) of length \(document.space.embeddingSize)")
        }
        guard try hash(of: vectors) == document.vectors else {
            throw CLIPError.embeddingFile(
                path: path, problem: "these are not the vectors that \(description) describes")
        }
        guard try vectors.isFinite().allTrue() else {
            throw CLIPError.embeddingFile(path: path, problem: "it holds values that are infinite or not numbers")
        }
        return try Embeddings(vectors: vectors, rows: document.rows, space: document.space, name: path)
    }
}

extension Embeddings {
    /// Reads what ``write(to:)`` wrote.
    /// - Throws: ``CLIPError/missingInput(path:hint:)``, ``CLIPError/undescribedVectors(path:)``, or
    ///   ``CLIPError/embeddingFile(path:problem:)`` for vectors that are not those that the file beside them describes.
    public init(contentsOf path: String) throws { self = try EmbeddingFile.read(path) }

    /// Writes a NumPy file, float32 `[N, E]`, and beside it a JSON file (`….npy.json`) that says what each row is and
    /// which model, tokenizer and preprocessing made it; each whole or not at all, the description first, so that
    /// vectors never stand without one.
    public func write(to path: String) throws { try EmbeddingFile.write(self, to: path) }
}
