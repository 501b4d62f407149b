#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file read from its beginning to its end in pieces of a mebibyte.
enum FilePieces {
    /// - Parameters:
    ///   - open: told the size of the file before the first piece.
    ///   - piece: told each piece and the number of bytes read so far.
    static func read(
        _ path: String, open opened: (Int) -> Void = { _ in }, piece: (UnsafeRawBufferPointer, Int) -> Void
    ) throws(ChecksumError) {
        func failure() -> ChecksumError { .unreadable(path: path, reason: String(cString: strerror(errno))) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        opened(Int(status.st_size))
        var total = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = systemRead(file, buffer)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            if count == 0 { return }
            total += count
            piece(UnsafeRawBufferPointer(rebasing: buffer[..<count]), total)
        }
    }
}

/// `read(2)`, under a name that the method of the same name does not hide.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(file, buffer.baseAddress, buffer.count)
}
