#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A whole file in memory, mapped privately and unmapped with the object.
///
/// The pages are writable copies on write: an in-place operation on a tensor that lies here neither faults nor
/// reaches the file. A file that another process shortens while it is mapped still faults, as with any mapping.
final class MappedFile: @unchecked Sendable {
    // Unchecked: both properties are constant, and this module only reads through the pointer.
    let base: UnsafeMutableRawPointer
    let count: Int

    /// The shortest thing that may be a checkpoint: an empty zip archive.
    private static let leastLength = 22

    init(path: String) throws(TorchArchiveError) {
        // O_NONBLOCK keeps a named pipe from blocking here; it changes nothing for a regular file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(path, "opening", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path, "reading its size", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        count = Int(status.st_size)
        guard count >= Self.leastLength else {
            throw .unknownFormat(path: path, reason: "it has only \(count) bytes")
        }
        let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw .system(path, "mapping", code: errno) }
        base = address
    }

    deinit { munmap(base, count) }
}
