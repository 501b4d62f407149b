import CArchive
import Foundation

/// The bytes of a shard, from a place in it to its end.
protocol ShardInput: AnyObject {
    /// Lets an archive read from here.
    func open(_ archive: OpaquePointer) -> Int32
    /// The size of the shard, if known.
    var totalBytes: Int? { get }
    /// The last 1024 bytes, once all has been read; `nil` where they cannot be had.
    func tail() -> [UInt8]?
    /// Why the bytes ended, where their source was to blame.
    var failure: CLIPDataError? { get }
}

/// A shard on disk.
final class FileInput: ShardInput {
    private let descriptor: Int32
    private let size: Int

    init(path: String, from offset: Int) throws(CLIPDataError) {
        (descriptor, size) = try FileAccess.open(path)
        guard size > 0 else { throw .emptyShard(path: path) }
        guard offset < size, lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else {
            throw .invalidCursor(reason: "\(path) ends before byte \(offset); the shard has changed")
        }
    }

    deinit { close(descriptor) }

    var totalBytes: Int? { size }
    var failure: CLIPDataError? { nil }

    func open(_ archive: OpaquePointer) -> Int32 { archive_read_open_fd(archive, descriptor, 256 << 10) }

    func tail() -> [UInt8]? {
        var tail = [UInt8](repeating: 1, count: 1024)
        guard size >= 1024, pread(descriptor, &tail, 1024, off_t(size - 1024)) == 1024 else { return nil }
        return tail
    }
}
