import Foundation

/// An exclusive lock on a file of its own, among processes and threads; `flock(2)`, as huggingface_hub's.
package final class FileLock {
    private let path: String
    private let descriptor: Int32

    /// Waits until the lock is free; it is held as long as the object lives.
    /// - Parameter isCancelled: asked while another holds the lock; then there is none.
    package init?(_ path: String, isCancelled: () -> Bool = { false }) throws(FileFault) {
        self.path = path
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
            guard file >= 0 else { throw .system(path, .locking) }
            // File systems without locks say so at once; then nobody is kept out.
            while flock(file, LOCK_EX | LOCK_NB) != 0, errno == EINTR || errno == EWOULDBLOCK {
                if isCancelled() {
                    close(file)
                    return nil
                }
                usleep(50_000)
            }
            // Others remove their lock files: only a lock on the file that still has the name excludes anyone.
            var held = stat()
            var named = stat()
            if fstat(file, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                descriptor = file
                return
            }
            close(file)
        }
    }

    deinit { close(descriptor) }

    /// Removes the file of the lock, where it would lie among the user's own, while the lock is still held.
    package func removeFile() { unlink(path) }
}
