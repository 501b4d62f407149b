import Foundation

/// A whole file in memory, mapped privately and unmapped with the object.
///
/// The pages are writable copies on write: an in-place operation on a tensor that lies here neither faults nor
/// reaches the file. A file that another process shortens while it is mapped still faults, as with any mapping;
/// replacing it by renaming, as ``FileWriter`` does, is safe.
public final class MappedFile: @unchecked Sendable {
    // Unchecked: both properties are constant.
    /// The first byte. Writing changes this process's private copy of the page, never the file.
    public let base: UnsafeMutableRawPointer
    /// The file's length in bytes.
    public let count: Int

    /// - Parameter leastLength: the bytes a file must have to be mapped at all; at least 1.
    /// - Throws: `FileFault`; anything but a regular file is refused without waiting for it, a ``PointerFile`` for what
    ///   it is.
    public init(path: String, leastLength: Int) throws(FileFault) {
        let file = try FileReader(path)
        count = file.size
        if count <= PointerFile.mostBytes { try PointerFile.check(file.bytes(at: 0, count: count), path, .mapping) }
        guard count >= leastLength else { throw FileFault(path, .mapping, .tooShort(bytes: count)) }
        let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.descriptor, 0)
        guard let address, address != MAP_FAILED else { throw .system(path, .mapping) }
        base = address
    }

    deinit { munmap(base, count) }
}
