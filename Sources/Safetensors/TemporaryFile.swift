import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that is written beside its destination and takes its name only when it is whole.
final class TemporaryFile {
    private let path: String
    private let folder: String
    private let temporary: String
    private var descriptor: Int32

    init(for path: String) throws(SafetensorsError) {
        self.path = path
        let parent = (path as NSString).deletingLastPathComponent
        folder = parent.isEmpty ? "." : parent
        temporary = folder + "/.safetensors-\(UUID().uuidString).tmp"
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { throw .notAFile(path: path) }
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { throw .fileNotFound(path: folder) }
            throw .system(path, "creating a temporary file beside it", code: code)
        }
    }

    deinit { discard() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            // One call takes at most 2 GiB on a Mac.
            let written = systemWrite(descriptor, base + done, min(bytes.count - done, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw .system(path, "writing", code: errno)
            }
            done += written
        }
    }

    /// Brings the bytes to disk and gives the file its name.
    func commit() throws(SafetensorsError) {
        guard fsync(descriptor) == 0 else { throw .system(path, "bringing it to disk", code: errno) }
        let result = close(descriptor)
        descriptor = -1
        guard result == 0 else { throw .system(path, "closing", code: errno) }
        guard rename(temporary, path) == 0 else { throw .system(path, "renaming", code: errno) }
        // The name lies in the folder, which has to reach the disk too. Some file systems refuse to synchronize
        // folders; the file is whole either way, so that is no failure.
        let handle = open(folder, O_RDONLY | O_CLOEXEC)
        if handle >= 0 {
            _ = fsync(handle)
            close(handle)
        }
    }

    /// Removes what was written, unless it has its name by now.
    func discard() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        unlink(temporary)
    }
}

/// `write(2)`, under a name that the method of the same name does not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
