import Foundation

/// What an output path leads to. It is decided here, once, for everything that is written:
///
/// - A symbolic link is followed: the link stays, and the file or folder it leads to is written, or made if it is not
///   there yet. Links that lead in a circle are an error.
/// - A pipe or a device is written into, and never renamed over or replaced. `/dev/stdout`, `/dev/fd/3` and what a shell
///   gives for `>(command)` are this process's open files, whatever those are.
/// - A folder where a file is wanted is refused, and so is anything but a folder where a folder is wanted.
package struct OutputPlace: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A regular file, which is there or not yet.
        case file
        /// A pipe or device, which is opened by its path.
        case stream
        /// An open file of this process.
        case descriptor(Int32)
    }

    package let kind: Kind
    /// Where the file lies, links followed; for streams the path that was given.
    package let path: String
    /// The permissions of the file that is there.
    let permissions: mode_t?

    /// Whether bytes go to a pipe, a device or an open file, beside which nothing else can be put.
    package var isStream: Bool { kind != .file }

    /// Where a file's bytes go.
    package static func file(_ path: String) throws(FileFault) -> OutputPlace {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileFault(path, .creating, .badName) }
        // Such a path can only be a folder's.
        if path.hasSuffix("/") { throw FileFault(path, .creating, .folder) }
        var place = path
        var status = stat()
        for _ in 0..<mostLinks {
            if let number = descriptorNumber(place) {
                return OutputPlace(kind: .descriptor(number), path: path, permissions: nil)
            }
            guard lstat(place, &status) == 0 else {
                guard errno == ENOENT else { throw .system(place, .creating) }
                // Links under /proc say where they lead in words that are no path: what they lead to may be there still.
                if place != path, stat(path, &status) == 0, let place = try existing(status, path, given: path) {
                    return place
                }
                return OutputPlace(kind: .file, path: place, permissions: nil)
            }
            if let place = try existing(status, place, given: path) { return place }
            place = try destination(of: place)
        }
        throw .system(path, .creating, ELOOP)
    }

    /// Where a folder goes: the path of the folder that is there, or is to be made.
    package static func folder(_ path: String) throws(FileFault) -> (path: String, permissions: mode_t?) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileFault(path, .makingFolder, .badName) }
        var place = path
        var status = stat()
        for _ in 0..<mostLinks {
            while place.utf8.count > 1, place.hasSuffix("/") { place.removeLast() }
            guard lstat(place, &status) == 0 else {
                guard errno == ENOENT else { throw .system(place, .makingFolder) }
                return (place, nil)
            }
            switch status.st_mode & S_IFMT {
            case S_IFLNK: place = try destination(of: place)
            case S_IFDIR: return (try named(place), status.st_mode & 0o7777)
            default: throw FileFault(place, .makingFolder, .notAFolder)
            }
        }
        throw .system(path, .makingFolder, ELOOP)
    }

    /// As many as Linux follows.
    private static let mostLinks = 40

    /// What is there; nil for a link.
    private static func existing(_ status: stat, _ place: String, given: String) throws(FileFault) -> OutputPlace? {
        switch status.st_mode & S_IFMT {
        case S_IFLNK: nil
        case S_IFREG: OutputPlace(kind: .file, path: place, permissions: status.st_mode & 0o777)
        case S_IFDIR: throw FileFault(given, .creating, .folder)
        default: OutputPlace(kind: .stream, path: given, permissions: nil)
        }
    }

    private static func destination(of link: String) throws(FileFault) -> String {
        let most = Int(PATH_MAX)
        var buffer = [CChar](repeating: 0, count: most)
        let count = readlink(link, &buffer, most)
        guard count >= 0 else { throw .system(link, .creating) }
        let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return target.hasPrefix("/") ? target : Folder.join(Folder.parent(of: link), target)
    }

    /// A folder under a name of its own, beside which another can be put: "." and ".." are none.
    private static func named(_ path: String) throws(FileFault) -> String {
        guard [".", ".."].contains(Folder.name(of: path)) else { return path }
        guard let whole = realpath(path, nil) else { throw .system(path, .makingFolder) }
        defer { free(whole) }
        return String(cString: whole)
    }

    private static func descriptorNumber(_ path: String) -> Int32? {
        for prefix in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(prefix) {
            return Int32(path.dropFirst(prefix.count))
        }
        return nil
    }
}
