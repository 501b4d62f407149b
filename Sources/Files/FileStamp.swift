import Foundation

/// What tells a file's contents from any others' without reading them, as Git's index does it: where the file lies, its size,
/// and when it was changed last.
package struct FileStamp: Sendable, Equatable {
    /// For a key of what was made of the contents.
    package let text: String

    /// Seconds within which a second change may have the time of the first: clocks of file systems tick slowly.
    private static let settling = 2.0

    /// Nil where times do not settle it: for a file that was changed just now, and on file systems without fractions of a
    /// second, since images that are built (squashfs) give all their versions one time.
    package init?(_ path: String, now: Date = Date()) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
        let (contents, anything) = (status.st_mtimespec, status.st_ctimespec)
        #else
        let (contents, anything) = (status.st_mtim, status.st_ctim)
        #endif
        let changed = Double(anything.tv_sec) + Double(anything.tv_nsec) / 1e9
        guard anything.tv_nsec != 0, now.timeIntervalSince1970 - changed > Self.settling else { return nil }
        // The time of any change cannot be set by hand, as that of the contents can.
        text = [
            Int(status.st_dev), Int(truncatingIfNeeded: status.st_ino), Int(status.st_size), contents.tv_sec,
            Int(contents.tv_nsec), anything.tv_sec, Int(anything.tv_nsec),
        ].map { "\($0)" }.joined(separator: " ")
    }
}
