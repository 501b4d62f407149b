import CArchive
import Files
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
    private let file: FileReader

    init(path: String, from offset: Int) throws(CLIPDataError) {
        let file = try CLIPDataError.wrapping { () throws(FileFault) in try FileReader(path) }
        guard file.size > 0 else { throw .emptyShard(path: path) }
        guard offset < file.size else {
            throw .invalidCursor(reason: "\(path) ends before byte \(offset); the shard has changed")
        }
        try CLIPDataError.wrapping { () throws(FileFault) in try file.seek(to: offset) }
        self.file = file
    }

    var totalBytes: Int? { file.size }
    var failure: CLIPDataError? { nil }

    func open(_ archive: OpaquePointer) -> Int32 { archive_read_open_fd(archive, file.descriptor, 256 << 10) }

    func tail() -> [UInt8]? {
        guard file.size >= 1024, let tail = try? file.bytes(at: file.size - 1024, count: 1024), tail.count == 1024
        else { return nil }
        return tail
    }
}
