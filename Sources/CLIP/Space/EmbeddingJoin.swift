import Checksums
import Files
import Foundation
import Torch

/// The parts of an ``EmbeddingFolder``, of one run or of all its shards, which are all there.
package struct EmbeddingJoin {
    /// The folder that the run was given.
    private let folder: String
    /// How many shards the list is divided into; 1 for none.
    package let shards: Int
    /// What all came to.
    package let summary: EmbeddingFolder.Summary
    /// Which the vectors are points of.
    package let space: EmbeddingSpace
    /// The files of vectors, in the order of the list.
    package let paths: [String]

    /// - Parameter path: the folder that the run was given.
    /// - Throws: ``EmbeddingFolderError`` where a shard is missing, is not through, or is of another run;
    ///   ``CLIPError/file(_:hint:)``.
    package init(_ path: String) throws {
        folder = path
        let whole = EmbeddingFolder(path: path)
        let found = try whole.shards()
        let count = found.last?.count
        if let count, let other = found.first, other.count != count {
            throw EmbeddingFolderError.damaged(
                path: path, problem: "it holds shards of \(other.count) and of \(count). Remove those of one run")
        }
        let wanted = count.map { count in (1...count).map { EmbeddingFolder.Shard($0, of: count) } } ?? [nil]
        var summary = EmbeddingFolder.Summary()
        var paths: [String] = []
        var first: (settings: EmbeddingFolder.Settings, path: String)?
        for shard in wanted {
            let folder = whole.folder(of: shard)
            guard let manifest = try folder.manifest() else {
                throw EmbeddingFolderError.missing(path: path, shard: shard)
            }
            if let first {
                let differences = first.settings.differences(from: manifest.settings)
                guard differences.isEmpty else {
                    throw EmbeddingFolderError.shardsDiffer(
                        left: first.path, right: folder.path, differences: differences)
                }
            }
            let parts = folder.partCount()
            guard let finished = manifest.finished, finished.parts <= parts else {
                throw EmbeddingFolderError.unfinished(path: path, shard: shard, parts: parts)
            }
            first = first ?? (manifest.settings, folder.path)
            paths += (0..<finished.parts).map { folder.partPath($0) }
            summary.parts += finished.parts
            summary.pictures += finished.pictures
            summary.leftOut += finished.leftOut
        }
        guard let first else { throw EmbeddingFolderError.missing(path: path, shard: nil) }
        (self.shards, self.summary, self.paths, space) = (count ?? 1, summary, paths, first.settings.space)
    }

    /// Writes all vectors into one file with its description, as ``Embeddings/write(to:)`` does, a part at a time, so that
    /// memory does not grow with them.
    /// - Parameter onProgress: told how many vectors are written.
    /// - Throws: ``CLIPError/embeddingFile(path:problem:)`` for a part that is not what its description says,
    ///   ``CLIPError/file(_:hint:)``. Nothing is written then.
    package func write(to path: String, onProgress: (Int) -> Void = { _ in }) throws {
        try CLIPError.wrapping {
            let file = try FileWriter(path)
            let description =
                file.place.isStream ? nil : try DescriptionWriter(file.path + ".json", space)
            try file.write(NumPyFile.header([summary.pictures, space.embeddingSize], .float32))
            var hash = ContentHash()
            var done = 0
            for path in paths {
                done += try copy(path, to: file, description, &hash)
                onProgress(done)
            }
            guard done == summary.pictures else {
                throw EmbeddingFolderError.damaged(
                    path: folder,
                    problem: "its parts hold \(done) vectors, and its records speak of \(summary.pictures)")
            }
            // On the disk before either has its name.
            try file.synchronize()
            try description?.finish(vectors: hash.hexadecimal())
            try file.commit()
        }
    }

    private func copy(
        _ path: String, to file: FileWriter, _ description: DescriptionWriter?, _ hash: inout ContentHash
    ) throws -> Int {
        let (array, document) = (
            try NumPyArray(path), try EmbeddingFile.document(EmbeddingFile.descriptionPath(of: path))
        )
        guard array.shape == [document.rows.count, document.space.embeddingSize], array.dtype == .float32,
            document.fingerprint == space.fingerprint, array.hash() == document.vectors
        else {
            throw CLIPError.embeddingFile(
                path: path, problem: "these are not the vectors that its description describes")
        }
        try array.withNumbers { numbers in
            hash.update(numbers)
            try file.write(numbers)
        }
        try description?.add(document)
        return document.rows.count
    }
}

/// Writes an ``EmbeddingFile/Document`` some rows at a time.
private final class DescriptionWriter {
    private let file: FileWriter
    private let encoder = EmbeddingFile.encoder()
    private let space: EmbeddingSpace
    private var isEmpty = true
    private var leftOut: [Embeddings.LeftOut] = []

    init(_ path: String, _ space: EmbeddingSpace) throws {
        self.space = space
        // A row a line.
        encoder.outputFormatting.remove(.prettyPrinted)
        file = try FileWriter(path)
        try file.write(Data("{\n  \"rows\" : [".utf8))
    }

    func add(_ document: EmbeddingFile.Document) throws {
        var data = Data()
        for row in document.rows {
            data += Data((isEmpty ? "\n    " : ",\n    ").utf8)
            data += try encoder.encode(row)
            isEmpty = false
        }
        try file.write(data)
        leftOut += document.leftOut ?? []
    }

    /// What follows the rows in the same object.
    private struct Rest: Encodable {
        var format = EmbeddingFile.Document.format
        var fingerprint: String
        var vectors: String
        var space: EmbeddingSpace
        var leftOut: [Embeddings.LeftOut]?
    }

    func finish(vectors: String) throws {
        encoder.outputFormatting.insert(.prettyPrinted)
        let rest = try encoder.encode(
            Rest(
                fingerprint: space.fingerprint, vectors: vectors, space: space,
                leftOut: leftOut.isEmpty ? nil : leftOut))
        try file.write(Data("\n  ],".utf8) + rest.dropFirst())
        try file.commit()
    }
}
