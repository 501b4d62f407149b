import Files
import Foundation
import Torch

/// Writes an ``EmbeddingFolder``: each part whole or not at all. Broken off at any moment, even by a lost machine, a run
/// with the same settings goes on after the last whole part.
package final class EmbeddingRun {
    /// Where the parts lie: the folder that was named, or its shard's.
    package let folder: EmbeddingFolder
    private let settings: EmbeddingFolder.Settings
    private let lock: FileLock
    /// What is written so far; what was there before counts too.
    package private(set) var summary = EmbeddingFolder.Summary()
    /// Whether there was nothing left to be done when it was opened.
    package private(set) var isFinished = false
    /// Of the part in hand.
    private var rows: [Embeddings.Row] = []
    private var vectors: [Tensor] = []
    private var leftOut: [Embeddings.LeftOut] = []
    /// What the last part that was found is of, and how many pictures were passed over.
    private var lastNames: Set<String> = []
    private var passed = 0

    /// How many of the list's pictures are done, those that could not be read counted.
    package var done: Int { summary.pictures + summary.leftOut }

    /// Begins a run, or goes on with it. What a process left that was killed while it wrote is removed.
    /// - Parameters:
    ///   - path: a folder that is made if it is not there.
    ///   - settings: what decides the run.
    /// - Throws: ``EmbeddingFolderError``, and ``CLIPError/file(_:hint:)``.
    package init(_ path: String, settings: EmbeddingFolder.Settings) throws {
        let whole = EmbeddingFolder(path: path)
        folder = whole.folder(of: settings.shard)
        self.settings = settings
        if Folder.exists(path) { try Self.check(whole, for: settings.shard) }
        let (own, lockPath) = (folder.path, Folder.join(folder.path, EmbeddingFolder.lockName))
        try CLIPError.wrapping { try Folder.make(own) }
        guard let lock = try CLIPError.wrapping({ try FileLock(lockPath) { true } }) else {
            throw EmbeddingFolderError.busy(path: own)
        }
        self.lock = lock
        Leftovers.removeAll(in: own)
        guard let manifest = try folder.manifest() else {
            try folder.write(EmbeddingFolder.Manifest(settings: settings))
            return
        }
        let differences = manifest.settings.differences(from: settings)
        guard differences.isEmpty else {
            lock.removeFile()
            throw EmbeddingFolderError.otherSettings(path: own, differences: differences)
        }
        // Where parts were taken away since, they are made again.
        if let finished = manifest.finished, finished.parts <= folder.partCount() {
            (summary, isFinished) = (finished, true)
            lock.removeFile()
        } else {
            summary = try found()
        }
    }

    /// Refuses a folder of other things, or one that is divided otherwise.
    private static func check(_ folder: EmbeddingFolder, for shard: EmbeddingFolder.Shard?) throws {
        let shards = try folder.shards()
        if let other = shards.first(where: { $0.count != shard?.count }) {
            throw EmbeddingFolderError.otherDivision(path: folder.path, shards: other.count)
        }
        let hasRun = FileManager.default.fileExists(atPath: folder.manifestPath)
        if hasRun, shard != nil { throw EmbeddingFolderError.otherDivision(path: folder.path, shards: nil) }
        guard !hasRun, shards.isEmpty else { return }
        let names = try CLIPError.wrapping { try Folder.names(in: folder.path) }
        if let example = names.filter({ !$0.hasPrefix(".") && $0 != EmbeddingFolder.lockName }).min() {
            throw EmbeddingFolderError.foreign(path: folder.path, example: example)
        }
    }

    /// What the parts hold that are there. All but the last have the same number of pictures.
    private func found() throws -> EmbeddingFolder.Summary {
        var summary = EmbeddingFolder.Summary(parts: folder.partCount())
        for number in 0..<summary.parts {
            let path = folder.partPath(number)
            let rows = try NumPyArray(path).shape.first ?? 0
            var leftOut = settings.partSize - rows
            if number == summary.parts - 1 {
                let document = try EmbeddingFile.document(EmbeddingFile.descriptionPath(of: path))
                leftOut = document.leftOut?.count ?? 0
                lastNames = Set(document.rows.map(\.name) + (document.leftOut ?? []).map(\.name))
            }
            guard (0...settings.partSize).contains(rows + leftOut), leftOut >= 0 else {
                throw EmbeddingFolderError.damaged(
                    path: path, problem: "it holds \(rows) vectors, more than a part of \(settings.partSize) pictures")
            }
            summary.pictures += rows
            summary.leftOut += leftOut
        }
        return summary
    }

    /// Passes over a picture that an earlier process did. Lists of shards are the same by name whatever is in them: that the
    /// pictures are those of the last part tells that places mean what they did.
    /// - Throws: ``EmbeddingFolderError/damaged(path:problem:)``.
    package func pass(_ name: String) throws {
        passed += 1
        guard passed > (summary.parts - 1) * settings.partSize, !lastNames.contains(name) else { return }
        throw EmbeddingFolderError.damaged(
            path: folder.partPath(summary.parts - 1),
            problem:
                "it is of other pictures than now have their places (\(name)): a shard has changed, or could not be "
                + "read then. Begin anew in another folder")
    }

    /// Takes pictures that follow the last ones. Parts begin at multiples of their size: pictures that go beyond one's end
    /// are not to be given together.
    /// - Parameters:
    ///   - vectors: float32 `[N, E]`; nil for none.
    ///   - names: of the rows.
    ///   - leftOut: pictures among them that could not be read.
    /// - Throws: ``CLIPError/file(_:hint:)`` where a part is full and cannot be written.
    package func add(_ vectors: Tensor?, names: [String], leftOut: [Embeddings.LeftOut]) throws {
        if let vectors { self.vectors.append(vectors) }
        rows += names.map { Embeddings.Row(.image, $0) }
        self.leftOut += leftOut
        if rows.count + self.leftOut.count >= settings.partSize { try writePart() }
    }

    /// Writes what is left, and that the run is through.
    /// - Throws: ``CLIPError/file(_:hint:)``.
    package func finish() throws {
        if rows.count + leftOut.count > 0 { try writePart() }
        try folder.write(EmbeddingFolder.Manifest(settings: settings, finished: summary))
        isFinished = true
        lock.removeFile()
    }

    private func writePart() throws {
        let parts = vectors
        let joined = try Engine.inference {
            try parts.isEmpty ? Tensor.zeros([0, settings.space.embeddingSize]) : Tensor.concatenated(parts)
        }
        var part = try Embeddings(vectors: joined, rows: rows, space: settings.space)
        part.leftOut = leftOut
        try part.write(to: folder.partPath(summary.parts))
        summary.parts += 1
        summary.pictures += rows.count
        summary.leftOut += leftOut.count
        (rows, vectors, leftOut) = ([], [], [])
    }
}
