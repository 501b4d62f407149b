import Foundation

/// Directories that appear whole or not at all.
public enum AtomicDirectory {
    private static func temporaryPrefix(_ target: URL) -> String { ".\(target.lastPathComponent)." }

    /// Removes what processes that were killed while they wrote `path` left beside it.
    public static func removeLeftovers(of path: String) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent()
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in found where name.hasPrefix(temporaryPrefix(target)) {
            guard name.hasSuffix(".tmp") || name.hasSuffix(".tmp.old") else { continue }
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// Fills a new directory beside `path` under a temporary name, then puts it in the place of `path`.
    /// If `fill` throws, the temporary directory is removed and whatever was at `path` stays.
    public static func write(_ path: String, fill: (_ temporary: String) throws -> Void) throws {
        let manager = FileManager.default
        let target = URL(fileURLWithPath: path)
        let name = temporaryPrefix(target) + "\(ProcessInfo.processInfo.processIdentifier).tmp"
        let temporary = target.deletingLastPathComponent().appendingPathComponent(name).path
        do {
            try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        } catch {
            throw CLIPError.writing(path: path, reason: "\(error.localizedDescription)")
        }
        do {
            try fill(temporary)
            // rename(2) cannot replace a directory that is not empty, so the old one steps aside first.
            let old = temporary + ".old"
            if manager.fileExists(atPath: path) { try manager.moveItem(atPath: path, toPath: old) }
            try manager.moveItem(atPath: temporary, toPath: path)
            if manager.fileExists(atPath: old) { try manager.removeItem(atPath: old) }
        } catch {
            try? manager.removeItem(atPath: temporary)
            throw error
        }
    }
}
