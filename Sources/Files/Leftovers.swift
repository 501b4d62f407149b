import Foundation

/// Names for what is not whole yet: `.NAME.PROCESS.NUMBER.tmp`, beside the file that will be called `NAME`.
enum Temporary {
    /// Makes a file or folder under the first such name that is free.
    /// - Parameter make: makes it; a negative number says that it failed.
    static func create(
        for path: String, make: (_ temporary: String) -> Int32
    ) throws(FileFault) -> (path: String, result: Int32) {
        let folder = Folder.parent(of: path)
        let start = Folder.join(folder, prefix(of: path)) + "\(getpid())."
        for number in 0..<10_000 {
            let temporary = "\(start)\(number).tmp"
            let result = make(temporary)
            if result >= 0 { return (temporary, result) }
            guard errno != ENOENT else { throw .system(folder, .creating, ENOENT) }
            guard errno == EEXIST else { throw .system(path, .creating) }
        }
        throw .system(path, .creating, EEXIST)
    }

    static func prefix(of path: String) -> String {
        // A name takes 255 bytes in most file systems, and what is added here is part of it.
        var name = Folder.name(of: path)
        while name.utf8.count > 200 { name.removeLast() }
        return ".\(name)."
    }

    /// Whether a name is one that ``create(for:make:)`` gives, or an earlier version gave (`.NAME.PROCESS.tmp`); a folder
    /// that stepped aside for another has `.old` behind it.
    static func isTemporary(_ name: String, prefix: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        var rest = name.dropFirst(prefix.count)
        if rest.hasSuffix(".old") { rest = rest.dropLast(4) }
        guard rest.hasSuffix(".tmp") else { return false }
        let numbers = rest.dropLast(4)
        return numbers.first?.isWholeNumber == true && numbers.allSatisfy { $0.isWholeNumber || $0 == "." }
    }
}

/// What processes leave behind that are killed while they write.
package enum Leftovers {
    /// Removes what was to become a file or folder. Nobody may be writing it at the time.
    package static func remove(of path: String) {
        let prefix = Temporary.prefix(of: path)
        removeAll(in: Folder.parent(of: path)) { name in
            guard Temporary.isTemporary(name, prefix: prefix) else { return nil }
            return Folder.name(of: path)
        }
    }

    /// Removes what was to become any file or folder in a folder. Nobody may be writing there at the time.
    package static func removeAll(in folder: String) {
        removeAll(in: folder) { name in
            // The name ends before the last ".PROCESS.NUMBER.tmp".
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard name.hasPrefix("."), let end = parts.lastIndex(of: "tmp"), end > 2 else { return nil }
            let stem = parts[1..<end].reversed().drop { $0.allSatisfy(\.isWholeNumber) && !$0.isEmpty }.reversed()
            let own = stem.joined(separator: ".")
            return Temporary.isTemporary(name, prefix: ".\(own).") ? own : nil
        }
    }

    private static func removeAll(in folder: String, target: (String) -> String?) {
        let manager = FileManager.default
        for name in (try? Folder.names(in: folder)) ?? [] {
            guard let target = target(name) else { continue }
            let path = Folder.join(folder, name)
            let own = Folder.join(folder, target)
            // Killed between the two steps of a file system that cannot exchange two folders in one.
            if name.hasSuffix(".old"), !manager.fileExists(atPath: own), rename(path, own) == 0 { continue }
            try? manager.removeItem(atPath: path)
        }
    }
}
