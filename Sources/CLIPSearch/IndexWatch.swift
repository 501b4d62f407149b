import CLIPData
import Dispatch
import Files
import Foundation

/// Keeps an index up to what lies in folders, while it changes: new and changed pictures, renamed and removed ones, whole
/// folders that come and go.
public final class IndexWatch {
    private let folders: [String]
    private let watch: FolderWatch
    private var pending = PendingChanges()

    /// Begins to take note of changes. Made before the first pass over the folders, it misses none.
    /// - Throws: ``SearchError/file(_:)`` for a folder that cannot be watched.
    public init(_ folders: [String]) throws {
        self.folders = folders.map { PicturePath.absolute($0) }
        watch = try SearchError.wrapping { [folders = self.folders] () throws(FileFault) in try FolderWatch(folders) }
    }

    /// Whether the system tells of every change; where it does not, the folders are looked through now and then.
    public var isComplete: Bool { watch.isComplete }

    /// Follows what happens until it is to end.
    /// - Parameters:
    ///   - update: of the index.
    ///   - shouldStop: asked a few times a second, and before each file.
    ///   - onChange: told when the index was brought up to changes.
    /// - Throws: as ``IndexUpdate/add(_:shouldStop:)``.
    public func follow(
        _ update: inout IndexUpdate, shouldStop: () -> Bool, onChange: (IndexUpdate.Summary) -> Void = { _ in }
    ) throws {
        while !shouldStop() {
            let changes = try SearchError.wrapping { () throws(FileFault) in try watch.changes(waiting: 200) }
            let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
            for change in changes {
                guard case .folder(let path, let hasFiles) = change else {
                    if Self.isWanted(change) { pending.take(change, at: now) }
                    continue
                }
                for file in pictures(in: path) { pending.take(hasFiles ? .written(file) : .named(file), at: now) }
            }
            let due = pending.due(at: now)
            if due.isEmpty { continue }
            let before = update.summary
            try bring(&update, up: due, shouldStop)
            var after = update.summary
            after.unchanged = before.unchanged
            if after != before { onChange(update.summary) }
        }
    }

    private static func isWanted(_ change: FolderChange) -> Bool {
        switch change {
        case .written(let path), .growing(let path), .named(let path), .gone(let path, isFolder: false):
            PairSample.isImage(path: path)
        case .folder, .gone, .unknown: true
        }
    }

    /// Pictures of a folder that may be gone again, or have none.
    private func pictures(in folder: String) -> [String] {
        var paths: [String] = []
        try? PictureList([folder]).forEach(
            onFailure: { _, _ in }, { if case .file(let path) = $0.image { paths.append(path) } })
        return paths
    }

    private func bring(_ update: inout IndexUpdate, up due: PendingChanges.Due, _ shouldStop: () -> Bool) throws {
        let manager = FileManager.default
        let files = due.needsLook ? folders.flatMap(pictures(in:)) : due.files
        let there = files.filter { manager.fileExists(atPath: $0) }
        if !there.isEmpty { try update.add(PictureList(there), shouldStop: shouldStop) }
        if shouldStop() { return }
        // After what is new, so that a renamed file's vector is still there to keep.
        try update.forget(due.goneFiles.filter { !manager.fileExists(atPath: $0) })
        let places = due.needsLook ? folders : due.goneFolders
        if !places.isEmpty { try update.prune(places) }
    }
}

extension SearchError {
    /// Lets faults of files be this library's errors.
    static func wrapping<R>(_ body: () throws(FileFault) -> R) throws -> R {
        do throws(FileFault) {
            return try body()
        } catch {
            throw SearchError.file(error)
        }
    }
}
