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
/// reaches the file. A file that another process shortens while it is mapped still faults, as with any mapping;
/// replacing it by renaming, as the writer does, is safe.
public final class MappedFile: @unchecked Sendable {
    // Unchecked: both properties are constant.
    public let base: UnsafeMutableRawPointer
    public let count: Int

    /// - Parameter leastLength: the bytes a file must have to be mapped at all; at least 1.
    public init(path: String, leastLength: Int) throws(MappingFault) {
        // O_NONBLOCK keeps a named pipe from blocking here; it changes nothing for a regular file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(operation: "opening", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(operation: "reading its size", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        count = Int(status.st_size)
        guard count >= leastLength else { throw .tooShort(count: count) }
        let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw .system(operation: "mapping", code: errno) }
        base = address
    }

    deinit { munmap(base, count) }
}

/// Why a file could not be mapped. Each format says it in an error of its own.
public enum MappingFault: Error, Sendable, Equatable {
    /// A folder, pipe or device lies at the path.
    case notAFile
    /// Fewer bytes than the format begins with.
    case tooShort(count: Int)
    /// The operating system failed; `code` is its `errno`.
    case system(operation: String, code: Int32)
}
