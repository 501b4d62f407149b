import Files
import Foundation

/// A folder with all below it. Links to folders are followed, each folder once, so that a circle ends.
struct FolderWalk {
    /// Paths of files, relative to the folder, by the subfolder they lie in; hidden ones are passed over.
    private(set) var folders: [(path: String, names: [String])] = []
    /// Linked folders that were read already under another name, relative to the folder: not read again.
    private(set) var repeated: [String] = []
    /// Subfolders that could not be listed.
    private(set) var unreadable: [FileFault] = []

    private struct Identity: Hashable {
        let device: UInt64
        let node: UInt64
    }

    /// - Parameter isFile: names that need not be looked at to know that they are no folders.
    /// - Throws: ``CLIPDataError/file(_:)`` when the folder itself cannot be listed.
    init(_ root: String, isFile: (_ name: String) -> Bool) throws(CLIPDataError) {
        var seen: Set<Identity> = []
        var waiting: [(path: String, identity: Identity?)] = [("", Self.folder(root))]
        while let (folder, identity) = waiting.popLast() {
            if let identity, !seen.insert(identity).inserted {
                repeated.append(folder)
                continue
            }
            let names: [String]
            do throws(FileFault) {
                names = try Folder.names(in: Self.join(root, folder))
            } catch {
                guard !folder.isEmpty else { throw .file(error) }
                unreadable.append(error)
                continue
            }
            var files: [String] = []
            var inner: [(path: String, identity: Identity?)] = []
            for name in Self.sorted(names) where !name.hasPrefix(".") {
                let relative = Self.join(folder, name)
                guard !isFile(name), let identity = Self.folder(Self.join(root, relative)) else {
                    files.append(name)
                    continue
                }
                inner.append((relative, identity))
            }
            folders.append((folder, files))
            // Reversed, since the last folder pushed is listed first.
            waiting += inner.reversed()
        }
    }

    /// The same order on every machine: names that are written alike in other bytes are equal to Swift.
    static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0 == $1 ? $0.utf8.lexicographicallyPrecedes($1.utf8) : $0 < $1 }
    }

    /// Which folder lies at a path; nil where none does, or where a link leads nowhere.
    private static func folder(_ path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return Identity(
            device: UInt64(truncatingIfNeeded: status.st_dev), node: UInt64(truncatingIfNeeded: status.st_ino))
    }

    static func join(_ folder: String, _ name: String) -> String {
        if folder.isEmpty || name.isEmpty { return folder + name }
        return Folder.join(folder, name)
    }

    /// The path up to its last dot, and the lower-cased rest.
    static func split(_ path: String) -> (stem: String, fileExtension: String) {
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return (path, "") }
        return (String(path[..<dot]), path[path.index(after: dot)...].lowercased())
    }
}
