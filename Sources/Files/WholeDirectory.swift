import CFiles
import Foundation

/// Directories that appear whole or not at all: what is cut off by a lost process, a lost machine or a full disk is never
/// taken for a whole one, and what was there before is there still.
package enum WholeDirectory {
    /// Fills a new directory beside `path` under a temporary name, brings every file in it to the disk, and then puts it
    /// in the place of `path`; folders above it are made. Where anything fails, nothing is left behind.
    ///
    /// A link is followed, as ``OutputPlace`` says.
    /// - Parameters:
    ///   - replacing: whether a directory that is there already is replaced, or an error.
    ///   - fill: makes the files.
    /// - Throws: `FileFault`, or what `fill` throws.
    package static func write(
        _ path: String, replacing: Bool = true, fill: (_ temporary: String) throws -> Void
    ) throws {
        let (place, permissions) = try OutputPlace.folder(path)
        let parent = Folder.parent(of: place)
        do throws(FileFault) { try Folder.make(parent) } catch { throw error.of(place) }
        let (temporary, _) = try Temporary.create(for: place) { mkdir($0, 0o777) }
        do {
            try fill(temporary)
            try synchronize(temporary)
            if let permissions, replacing {
                chmod(temporary, permissions)
                try replace(place, with: temporary)
            } else {
                guard rename(temporary, place) == 0 else { throw FileFault.system(place, .renaming) }
            }
            try Folder.synchronize(parent)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private static func replace(_ path: String, with temporary: String) throws(FileFault) {
        switch cfiles_exchange(temporary, path) {
        case 0:
            try? FileManager.default.removeItem(atPath: temporary)
        case ENOSYS, EINVAL, ENOTSUP:
            // Here rename(2) must do, which replaces no directory that holds anything: the old one steps aside first.
            let old = temporary + ".old"
            guard rename(path, old) == 0 else { throw .system(path, .renaming) }
            guard rename(temporary, path) == 0 else {
                let code = errno
                rename(old, path)
                throw .system(path, .renaming, code)
            }
            try? FileManager.default.removeItem(atPath: old)
        case let code:
            throw .system(path, .renaming, code)
        }
    }

    /// Brings all files of a directory to the disk, and their names.
    private static func synchronize(_ path: String) throws(FileFault) {
        for name in try Folder.names(in: path) {
            let file = Folder.join(path, name)
            var status = stat()
            guard lstat(file, &status) == 0 else { throw .system(file, .synchronizing) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try synchronize(file)
            case S_IFREG: try synchronizeFile(file)
            default: break
            }
        }
        try Folder.synchronize(path)
    }

    private static func synchronizeFile(_ path: String) throws(FileFault) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(path, .synchronizing) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .system(path, .synchronizing) }
    }
}

/// Symbolic links that are turned from one thing to another.
package enum SymbolicLink {
    /// Lets a link lead to `destination`, in one step: whoever follows it finds what was there before, or what is now.
    package static func turn(_ path: String, to destination: String) throws(FileFault) {
        let (temporary, _) = try Temporary.create(for: path) { symlink(destination, $0) }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw .system(path, .linking, code)
        }
        try Folder.synchronize(Folder.parent(of: path))
    }
}
