import Foundation

/// Folders: made, listed, and brought to the disk.
package enum Folder {
    /// Makes a folder and those above it; one that is there already is no error.
    package static func make(_ path: String) throws(FileFault) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileFault(path, .makingFolder, .badName) }
        if mkdir(path, 0o777) == 0 { return }
        let code = errno
        var status = stat()
        if lstat(path, &status) == 0 {
            // A link is followed, also where what it leads to is not there yet.
            let (place, permissions) = try OutputPlace.folder(path)
            return permissions == nil ? try make(place) : ()
        }
        let parent = parent(of: path)
        guard code == ENOENT, parent != path, parent != "." else { throw .system(path, .makingFolder, code) }
        try make(parent)
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .system(path, .makingFolder) }
    }

    /// Gives a file or folder another name in the same file system; what had that name is removed.
    package static func move(_ path: String, to target: String) throws(FileFault) {
        try? FileManager.default.removeItem(atPath: target)
        guard rename(path, target) == 0 else { throw .system(target, .renaming) }
    }

    /// The names of what a folder holds, in no order.
    package static func names(in path: String) throws(FileFault) -> [String] {
        guard let folder = opendir(path) else {
            guard errno == ENOTDIR else { throw .system(path, .listing) }
            throw FileFault(path, .listing, .notAFolder)
        }
        defer { closedir(folder) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw .system(path, .listing) }
        return names
    }

    /// Brings the names in a folder to the disk. Some file systems refuse to synchronize folders; there is nothing more to
    /// be done on them.
    package static func synchronize(_ path: String) throws(FileFault) {
        let folder = open(path, O_RDONLY | O_CLOEXEC)
        // A folder that may be written and not read.
        if folder < 0, errno == EACCES { return }
        guard folder >= 0 else { throw .system(path, .synchronizing) }
        defer { close(folder) }
        if fsync(folder) != 0, ![EINVAL, ENOTSUP, EBADF].contains(errno) { throw .system(path, .synchronizing) }
    }

    /// Whether a folder lies at a path; links are followed.
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The folder that a path's last name lies in. ".." and links are left as they are, for the system to resolve.
    package static func parent(of path: String) -> String {
        let trimmed = trimmed(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == trimmed.startIndex ? "/" : String(Self.trimmed(String(trimmed[..<slash])))
    }

    /// The last name of a path.
    package static func name(of path: String) -> String {
        let trimmed = trimmed(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return String(trimmed) }
        return String(trimmed[trimmed.utf8.index(after: slash)...])
    }

    package static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private static func trimmed(_ path: String) -> Substring {
        var path = path[...]
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        return path
    }

    /// Bytes that are free for this user where a path lies, or will lie; nil where that cannot be told.
    package static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        var place = path.isEmpty ? "." : path
        while statvfs(place, &status) != 0 {
            let parent = parent(of: place)
            guard parent != place else { return nil }
            place = parent
        }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }
}
