import Foundation

/// Opening and reading files whose names came from untrusted lists.
enum FileAccess {
    /// Opens a regular file for reading and returns its descriptor and its size in bytes.
    ///
    /// Anything but a regular file is refused: a list may name a pipe, a device without end, or a folder.
    /// - Throws: ``CLIPDataError/missing(path:)`` or ``CLIPDataError/unreadable(path:detail:)``.
    static func open(_ path: String) throws(CLIPDataError) -> (descriptor: Int32, size: Int) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .unreadable(path: path, detail: "the name is empty or contains a NUL character")
        }
        // Without O_NONBLOCK, opening a named pipe would wait for a writer before it could be refused.
        let descriptor = Foundation.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { throw .missing(path: path) }
            throw .unreadable(path: path, detail: message(code))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .unreadable(path: path, detail: message(code))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw .unreadable(path: path, detail: isFolder ? "it is a folder" : "it is not a regular file")
        }
        return (descriptor, Int(status.st_size))
    }

    /// Reads a whole regular file of at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws(CLIPDataError) -> Data {
        let (descriptor, size) = try open(path)
        defer { close(descriptor) }
        guard size <= limit else {
            throw .unreadable(path: path, detail: "\(size) bytes are more than the limit of \(limit)")
        }
        var data = Data(count: size)
        var filled = 0
        while filled < size {
            let start = filled
            let count = data.withUnsafeMutableBytes { buffer in
                Foundation.read(descriptor, buffer.baseAddress.map { $0 + start }, size - start)
            }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw .unreadable(path: path, detail: message(code))
            }
            // Someone shortened the file after it was measured: what is there is all there is.
            if count == 0 { break }
            filled += count
        }
        if filled < size { data.removeSubrange(filled..<size) }
        return data
    }

    static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
