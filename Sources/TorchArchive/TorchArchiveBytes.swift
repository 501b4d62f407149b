/// One storage's bytes in a mapped file, little-endian. The memory stays valid while this object lives, whether or not
/// the `TorchArchiveFile` does: keep it (for C, `Unmanaged.passRetained`) as long as the pointer is in use.
public final class TorchArchiveBytes: @unchecked Sendable {
    // Unchecked: all properties are constant.
    /// The first byte. Writing changes this process's private copy of the page, never the file.
    public let baseAddress: UnsafeMutableRawPointer
    /// Number of bytes; may be 0, and then the pointer must not be read.
    public let count: Int

    private let owner: MappedFile

    init(owner: MappedFile, range: Range<Int>) {
        self.owner = owner
        baseAddress = owner.base + range.lowerBound
        count = range.count
    }
}
