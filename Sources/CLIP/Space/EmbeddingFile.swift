import Checksums
import Files
import Foundation
import Torch

/// Vectors on disk: a NumPy file, and beside it a JSON file that says which space they are of and what each row is.
enum EmbeddingFile {
    /// A row takes some hundred bytes of it.
    private static let mostDescription = 1 << 32

    struct Document: Codable {
        static let format = "swift-clip embeddings 1"

        var format = Self.format
        var fingerprint: String
        /// Hash of the vectors, so that the description of others is not taken for theirs.
        var vectors: String
        var space: EmbeddingSpace
        var rows: [Embeddings.Row]
        /// Nil where nothing was left out, and in older files.
        var leftOut: [Embeddings.LeftOut]?
    }

    /// Writes descriptions, of a file and of a folder's files.
    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }

    /// Reads what ``encoder()`` writes.
    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    /// Where the description of a NumPy file's vectors stands: beside the file that holds them, where a link leads.
    static func descriptionPath(of path: String) -> String {
        ((try? OutputPlace.file(path))?.path ?? path) + ".json"
    }

    /// The description there is. Where a link leads to a file that has none beside it, the link may have one.
    static func existingDescription(of path: String) -> String {
        let description = descriptionPath(of: path)
        let manager = FileManager.default
        let isBesideLink = !manager.fileExists(atPath: description) && manager.fileExists(atPath: path + ".json")
        return isBesideLink ? path + ".json" : description
    }

    /// Writes both files, each whole or not at all; the description first, so that vectors never stand without one.
    ///
    /// Into a pipe or a device go the vectors alone: beside it there is no place for a description.
    /// - Throws: ``CLIPError/file(_:hint:)``; where there is no room for both files, those that were there stay.
    static func write(_ embeddings: Embeddings, to path: String) throws {
        let (vectors, space) = (embeddings.vectors, try embeddings.space)
        let document = Document(
            fingerprint: space.fingerprint, vectors: try hash(of: vectors), space: space, rows: embeddings.rows,
            leftOut: embeddings.leftOut.isEmpty ? nil : embeddings.leftOut)
        let data = try encoder().encode(document)
        try CLIPError.wrapping {
            let file = try FileWriter(path)
            guard !file.place.isStream else {
                try NumPyFile.write(vectors, to: file)
                return try file.commit()
            }
            let description = try FileWriter(file.path + ".json")
            try description.write(data)
            try NumPyFile.write(vectors, to: file)
            // On the disk before either has its name.
            try file.synchronize()
            try description.commit()
            try file.commit()
        }
    }

    private static func hash(of embeddings: Tensor) throws -> String {
        var hash = ContentHash()
        try embeddings.bytes().withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal()
    }

    /// Reads a description.
    static func document(_ path: String) throws -> Document {
        let data: Data
        do throws(FileFault) {
            data = try WholeFile.data(path, limit: mostDescription)
        } catch {
            throw CLIPError.undescribedVectors(error)
        }
        guard let document = try? decoder().decode(Document.self, from: data), document.format == Document.format else {
            throw CLIPError.embeddingFile(path: path, problem: "it is no description of vectors")
        }
        guard document.fingerprint == document.space.fingerprint else {
            throw CLIPError.embeddingFile(path: path, problem: "it was changed: its fingerprint is another")
        }
        return document
    }

    /// Reads vectors and what they are.
    /// - Throws: ``CLIPError/file(_:hint:)``, ``CLIPError/undescribedVectors(_:)`` where the description is missing, or
    ///   ``CLIPError/embeddingFile(path:problem:)``.
    static func read(_ path: String) throws -> Embeddings {
        let description = existingDescription(of: path)
        let vectors = try NumPyFile.read(path)
        let document = try document(description)
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
        guard try vectors.isAllFinite() else {
            throw CLIPError.embeddingFile(path: path, problem: "it holds values that are infinite or not numbers")
        }
        var embeddings = try Embeddings(vectors: vectors, rows: document.rows, space: document.space, name: path)
        embeddings.leftOut = document.leftOut ?? []
        return embeddings
    }
}

extension Embeddings {
    /// Reads what ``write(to:)`` wrote.
    /// - Throws: ``CLIPError/file(_:hint:)``, ``CLIPError/undescribedVectors(_:)``, or
    ///   ``CLIPError/embeddingFile(path:problem:)`` for vectors that are not those that the file beside them describes.
    public init(contentsOf path: String) throws { self = try EmbeddingFile.read(path) }

    /// Writes a NumPy file, float32 `[N, E]`, and beside it a JSON file (`….npy.json`) that says what each row is and
    /// which model, tokenizer and preprocessing made it; each whole or not at all.
    /// - Throws: ``CLIPError/file(_:hint:)``; where there is no room for both files, those that were there stay.
    public func write(to path: String) throws { try EmbeddingFile.write(self, to: path) }
}
