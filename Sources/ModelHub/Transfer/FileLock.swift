#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Exclusive locks on files of their own, among processes and threads; `flock(2)`, as huggingface_hub's.
enum FileLock {
    /// Waits until the lock is free, and holds it while `body` runs.
    /// - Parameters:
    ///   - removing: whether the file of the lock goes too, where it would lie among the user's own.
    ///   - isCancelled: asked while another holds the lock.
    /// - Throws: ``ModelHubError/unwritable(path:reason:)`` if the file cannot be made, ``ModelHubError/cancelled``, or
    ///   what `body` throws.
    static func hold(
        _ path: String, removing: Bool = false, isCancelled: () -> Bool = { false },
        body: () throws(ModelHubError) -> Void
    ) throws(ModelHubError) {
        let descriptor = try acquire(path, isCancelled: isCancelled)
        defer {
            if removing { unlink(path) }
            close(descriptor)
        }
        try body()
    }

    private static func acquire(_ path: String, isCancelled: () -> Bool) throws(ModelHubError) -> Int32 {
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
            guard file >= 0 else { throw .system(path, "making a lock") }
            // File systems without locks say so at once; then two processes may load the same bytes into one file, and
            // the checksum tells.
            while flock(file, LOCK_EX | LOCK_NB) != 0, errno == EINTR || errno == EWOULDBLOCK {
                if isCancelled() {
                    close(file)
                    throw .cancelled
                }
                usleep(50_000)
            }
            // Others remove their lock files: only a lock on the file that still has the name excludes anyone.
            var held = stat()
            var named = stat()
            if fstat(file, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                return file
            }
            close(file)
        }
    }
}

extension ModelHubError {
    /// What `errno` says.
    static func system(_ path: String, _ action: String) -> ModelHubError {
        .unwritable(path: path, reason: "\(action): \(String(cString: strerror(errno)))")
    }
}
