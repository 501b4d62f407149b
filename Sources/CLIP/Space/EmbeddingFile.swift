import Checksums
import Files
import Foundation
import Torch

/// Vectors on disk: a NumPy file, and beside it a JSON file that says which space they are of and what each row is.
public struct EmbeddingFile {
    /// What a row is the vector of.
    public struct Row: Codable, Sendable, Equatable {
        public enum Kind: String, Codable, Sendable {
            case image
            case text
        }
        public var kind: Kind
        /// The picture's path, or the text.
        public var name: String

        public init(_ kind: Kind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }

    /// A row takes some hundred bytes of it.
    private static let mostDescription = 1 << 32

    /// float32 `[N, E]`
    public let embeddings: Tensor
    public let space: EmbeddingSpace
    public let rows: [Row]
    public let path: String

    private struct Document: Codable {
        static let format = "swift-clip embeddings 1"

        var format = Self.format
        var fingerprint: String
        /// Hash of the vectors, so that the description of others is not taken for theirs.
        var vectors: String
        var space: EmbeddingSpace
        var rows: [Row]
    }

    /// Where the description of a NumPy file's vectors stands: beside the file that holds them, where a link leads.
    public static func descriptionPath(of path: String) -> String {
        ((try? OutputPlace.file(path))?.path ?? path) + ".json"
    }

    /// The description there is. Where a link leads to a file that has none beside it, the link may have one.
    private static func existingDescription(of path: String) -> String {
        let description = descriptionPath(of: path)
        let manager = FileManager.default
        let isBesideLink = !manager.fileExists(atPath: description) && manager.fileExists(atPath: path + ".json")
        return isBesideLink ? path + ".json" : description
    }

    /// Writes both files, each whole or not at all; the description first, so that vectors never stand without one.
    ///
    /// Into a pipe or a device go the vectors alone: beside it there is no place for a description.
    /// - Throws: ``CLIPError/file(_:hint:)``; where there is no room for both files, those that were there stay.
    public static func write(_ embeddings: Tensor, rows: [Row], space: EmbeddingSpace, to path: String) throws {
        guard embeddings.rank == 2, embeddings.shape[0] == rows.count, embeddings.shape[1] == space.embeddingSize else {
            throw CLIPError.embeddingFile(
                path: path, problem: "vectors of shape \(embeddings.shape) do not go with \(rows.count) rows")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let vectors = try embeddings.converted(to: .float32)
        let document = Document(
            fingerprint: space.fingerprint, vectors: try hash(of: vectors), space: space, rows: rows)
        let data = try encoder.encode(document)
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

    /// Reads vectors and what they are.
    /// - Throws: ``CLIPError/file(_:hint:)``, also where the description is missing, or
    ///   ``CLIPError/embeddingFile(path:problem:)``.
    public init(path: String) throws {
        let description = Self.existingDescription(of: path)
        embeddings = try NumPyFile.read(path)
        let hint =
            "It says which model made the vectors; without it they cannot be compared safely. Make them anew with "
            + "\"clip embed\"."
        let data = try CLIPError.wrapping(hint: hint) { try WholeFile.data(description, limit: Self.mostDescription) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let document = try? decoder.decode(Document.self, from: data), document.format == Document.format else {
            throw CLIPError.embeddingFile(path: description, problem: "it is no description of vectors")
        }
        guard document.fingerprint == document.space.fingerprint else {
            throw CLIPError.embeddingFile(path: description, problem: "it was changed: its fingerprint is another")
        }
        guard embeddings.rank == 2, embeddings.shape == [document.rows.count, document.space.embeddingSize] else {
            throw CLIPError.embeddingFile(
                path: path,
                problem: "vectors of shape \(embeddings.shape), where \(description) speaks of "
                    + "\(document.rows.count) of length \(document.space.embeddingSize)")
        }
        guard try Self.hash(of: embeddings) == document.vectors else {
            throw CLIPError.embeddingFile(
                path: path, problem: "these are not the vectors that \(description) describes")
        }
        guard try embeddings.isFinite().allTrue() else {
            throw CLIPError.embeddingFile(path: path, problem: "it holds values that are infinite or not numbers")
        }
        self.path = path
        space = document.space
        rows = document.rows
    }

    /// Refuses to let vectors of two spaces meet.
    /// - Throws: ``CLIPError/spacesDiffer(left:right:differences:)`` naming what differs.
    public static func requireSame(
        _ left: EmbeddingSpace, _ leftName: String, _ right: EmbeddingSpace, _ rightName: String
    ) throws {
        let differences = left.differences(from: right)
        guard differences.isEmpty else {
            throw CLIPError.spacesDiffer(left: leftName, right: rightName, differences: differences)
        }
    }
}
