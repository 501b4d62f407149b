#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file whose whole content is replaced again and again, for code that reads only what has a path. On Linux it has
/// no name in any folder; elsewhere it stays in the folder for temporary files.
public struct FuzzFile: Sendable {
    /// Where the content may be opened.
    public let path: String
    private let descriptor: Int32

    public init() {
        #if os(Linux)
        var name = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
        #else
        var name = Array("/tmp/fuzz-XXXXXX".utf8CString)
        #endif
        descriptor = mkstemp(&name)
        precondition(descriptor >= 0, "no temporary file could be made")
        #if os(Linux)
        unlink(name)
        path = "/proc/self/fd/\(descriptor)"
        #else
        path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #endif
    }

    /// Makes these bytes the file's whole content.
    public func replace(with bytes: UnsafeRawBufferPointer) {
        let count = bytes.baseAddress.map { pwrite(descriptor, $0, bytes.count, 0) } ?? 0
        precondition(count == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0, "the file was not written")
    }
}
