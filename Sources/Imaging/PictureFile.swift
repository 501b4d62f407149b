#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads whole files, telling apart the ways that can fail.
enum PictureFile {
    /// - Throws: ``ImagingError/missing(path:)``, ``ImagingError/unreadable(path:reason:)`` or
    ///   ``ImagingError/tooManyBytes(name:bytes:limit:)``.
    static func read(path: String, limit: Int) throws -> [UInt8] {
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(errno, path: path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno, path: path) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw ImagingError.unreadable(path: path, reason: "it is a folder")
        default: throw ImagingError.unreadable(path: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= limit else { throw ImagingError.tooManyBytes(name: path, bytes: size, limit: limit) }
        var problem: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                let count = Self.read(descriptor, UnsafeMutableRawBufferPointer(buffer), from: filled)
                if count < 0 { problem = errno }
                if count <= 0 { break }
                filled += count
            }
        }
        guard problem == 0 else { throw failure(problem, path: path) }
        return bytes
    }

    /// One `read`, repeated when a signal interrupts it.
    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, from start: Int) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        while true {
            #if canImport(Darwin)
            let count = Darwin.read(descriptor, base + start, buffer.count - start)
            #elseif canImport(Glibc)
            let count = Glibc.read(descriptor, base + start, buffer.count - start)
            #else
            let count = Musl.read(descriptor, base + start, buffer.count - start)
            #endif
            if count >= 0 || errno != EINTR { return count }
        }
    }

    private static func failure(_ code: Int32, path: String) -> ImagingError {
        if code == ENOENT || code == ENOTDIR { return .missing(path: path) }
        return .unreadable(path: path, reason: String(cString: strerror(code)))
    }
}
