import Foundation

/// A file that is open for reading.
package final class FileReader {
    package let path: String
    package let descriptor: Int32
    /// In bytes, as it was when the file was opened; 0 for a pipe, which does not say.
    package let size: Int
    package let isRegular: Bool

    /// Opens a regular file, and anything else only where that is allowed: a list may name a pipe, which would have to be
    /// waited for, or a device without end. Folders are refused always.
    /// - Parameter allowingPipes: for files that people name themselves, as `<(command)` or `/dev/stdin`; opening a named
    ///   pipe waits for its writer then.
    package init(_ path: String, allowingPipes: Bool = false) throws(FileFault) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileFault(path, .opening, .badName) }
        // Without O_NONBLOCK, opening a named pipe would wait for a writer before it could be refused; it changes nothing
        // for a regular file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (allowingPipes ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw .system(path, .opening) }
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        let result = fstat(descriptor, &status)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        size = isRegular ? Int(status.st_size) : 0
        // From here on, deinit closes the file.
        guard result == 0 else { throw .system(path, .measuring) }
        if status.st_mode & S_IFMT == S_IFDIR { throw FileFault(path, .opening, .folder) }
        guard isRegular || allowingPipes else { throw FileFault(path, .opening, .notRegular) }
    }

    deinit { close(descriptor) }

    /// Reads the next bytes.
    /// - Returns: their number; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileFault) -> Int {
        while true {
            let count = systemRead(descriptor, buffer)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .system(path, .reading) }
        }
    }

    /// Reads until a buffer is full or the file ends.
    /// - Returns: the number of bytes read.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(FileFault) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// The next bytes, so many of them or what is left of the file.
    package func bytes(count: Int) throws(FileFault) -> [UInt8] {
        var fault: FileFault?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(FileFault) {
                filled = try fill(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            } catch { fault = error }
        }
        if let fault { throw fault }
        return bytes
    }

    /// Hands on what is left of the file, a piece of at most a mebibyte at a time.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileFault) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Goes on reading at a place of the file.
    package func seek(to offset: Int) throws(FileFault) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw .system(path, .reading) }
    }

    /// Bytes from a place of the file, without moving from where it is being read; fewer at its end.
    package func bytes(at offset: Int, count: Int) throws(FileFault) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                if read <= 0 { break }
                filled += read
            }
        }
        guard failure == 0 else { throw .system(path, .reading, failure) }
        return bytes
    }
}

/// `read(2)`, under a name that the method of the same name does not hide.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(file, buffer.baseAddress, buffer.count)
}
