import Foundation

/// A file that is being written. It takes its name only when it is whole and on the disk: a crash, a kill or a full disk
/// leaves what was there before, and nothing half-written under its name.
///
/// The bytes gather in a temporary file beside it, whose name ``Leftovers`` knows; without ``commit()`` nothing is left
/// behind. What the path leads to is ``OutputPlace``'s to say: a pipe or a device has no temporary file, its bytes are
/// written as they come.
package final class FileWriter {
    /// Where the bytes go, links followed.
    package let place: OutputPlace
    /// -1 when it is closed.
    private var descriptor: Int32
    /// Nil for a pipe or device, and once the file has its name.
    private var temporary: String?

    package var path: String { place.path }

    /// - Parameter permissions: who may do what with the file; nil for what the one there has, or what is usual.
    package init(_ path: String, permissions: mode_t? = nil) throws(FileFault) {
        let place = try OutputPlace.file(path)
        self.place = place
        switch place.kind {
        case .file:
            let (temporary, file) = try Temporary.create(for: place.path) {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions ?? 0o666)
            }
            self.temporary = temporary
            descriptor = file
            // A file that others may not read stays so.
            if let permissions = permissions ?? place.permissions { fchmod(descriptor, permissions) }
        case .stream:
            descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw .system(path, .creating) }
        case .descriptor(let number):
            descriptor = fcntl(number, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { throw .system(path, .creating) }
        }
    }

    deinit { discard() }

    package func write(_ bytes: some ContiguousBytes) throws(FileFault) {
        let code = bytes.withUnsafeBytes { writeAll(descriptor, $0) }
        guard code == 0 else { throw .system(path, .writing, code) }
    }

    /// Brings what was written so far to the disk. Pipes and devices have none.
    package func synchronize() throws(FileFault) {
        guard fsync(descriptor) == 0 || place.isStream else { throw .system(path, .synchronizing) }
    }

    /// Brings the bytes to the disk and gives the file its name, in place of what had it.
    /// - Parameters:
    ///   - staysOpen: whether more is to be written to the file under its name.
    ///   - isDurable: whether it has to outlast a crash of the machine. What is known by a checksum and can be made again is
    ///     not worth a disk's tenth of a second.
    package func commit(staysOpen: Bool = false, isDurable: Bool = true) throws(FileFault) {
        if isDurable { try synchronize() }
        if !staysOpen {
            let result = close(descriptor)
            descriptor = -1
            guard result == 0 else { throw .system(path, .writing) }
        }
        guard let temporary else { return }
        guard rename(temporary, path) == 0 else { throw .system(path, .renaming) }
        self.temporary = nil
        // The name lies in the folder.
        if isDurable { try Folder.synchronize(Folder.parent(of: path)) }
    }

    /// Removes what was written, unless it has its name by now.
    package func discard() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if let temporary { unlink(temporary) }
        temporary = nil
    }
}

/// A file that grows under its own name: a log, or a download that goes on where an earlier one ended.
package final class AppendedFile {
    package let path: String
    package private(set) var length: Int
    private let descriptor: Int32

    /// Opens a file, which is made if it is not there. A link is refused, since such a file is this program's own.
    /// - Parameter isNew: whether a file that is there already is an error (`EEXIST`).
    package init(_ path: String, isNew: Bool = false) throws(FileFault) {
        self.path = path
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_EXCL : 0)
        descriptor = open(path, flags, 0o666)
        guard descriptor >= 0 else { throw .system(path, .creating) }
        length = Int(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    package func append(_ bytes: some ContiguousBytes) throws(FileFault) {
        let code = bytes.withUnsafeBytes { writeAll(descriptor, $0) { length += $0 } }
        guard code == 0 else { throw .system(path, .writing, code) }
    }

    /// Takes back what was appended beyond a length.
    package func cut(to length: Int) throws(FileFault) {
        guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw .system(path, .emptying)
        }
        self.length = length
    }

    /// Brings what was appended to the disk.
    package func synchronize() throws(FileFault) {
        guard fsync(descriptor) == 0 else { throw .system(path, .synchronizing) }
    }

    /// Begins anew with an empty file.
    package func clear() throws(FileFault) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .system(path, .emptying)
        }
        length = 0
    }

    package func remove() { unlink(path) }

    /// Brings the bytes to the disk and gives the file another name, in place of what had it.
    package func commit(to target: String) throws(FileFault) {
        guard fsync(descriptor) == 0 else { throw .system(path, .synchronizing) }
        guard rename(path, target) == 0 else { throw .system(target, .renaming) }
        try Folder.synchronize(Folder.parent(of: target))
    }
}

/// This process's standard output.
package enum StandardOutput {
    package static func write(_ bytes: some ContiguousBytes) throws(FileFault) {
        let code = bytes.withUnsafeBytes { writeAll(STDOUT_FILENO, $0) }
        guard code == 0 else { throw .system("standard output", .writing, code) }
    }
}

/// Writes all bytes, in as many calls as it takes.
/// - Parameter written: told the number of bytes of each call.
/// - Returns: 0, or the system's error number.
private func writeAll(_ file: Int32, _ bytes: UnsafeRawBufferPointer, written: (Int) -> Void = { _ in }) -> Int32 {
    guard let start = bytes.baseAddress else { return 0 }
    var done = 0
    while done < bytes.count {
        // One call takes at most 2 GiB on a Mac.
        let count = write(file, start + done, min(bytes.count - done, 1 << 30))
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return errno }
        done += count
        written(count)
    }
    return 0
}
