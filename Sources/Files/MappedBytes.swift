/// Some of a mapped file's bytes. The memory stays valid while this object lives, whether or not whoever mapped the
/// file does: keep it (for C, `Unmanaged.passRetained`) as long as the pointer is in use.
public final class MappedBytes: @unchecked Sendable {
    // Unchecked: all properties are constant.
    /// The first byte. Writing changes this process's private copy of the page, never the file.
    public let baseAddress: UnsafeMutableRawPointer
    /// Number of bytes; may be 0, and then the pointer must not be read.
    public let count: Int

    private let owner: MappedFile

    public init(owner: MappedFile, range: Range<Int>) {
        self.owner = owner
        baseAddress = owner.base + range.lowerBound
        count = range.count
    }
}
