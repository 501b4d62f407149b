import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The file beside the target that bytes are gathered in, over several runs if need be.
final class PartialFile: ByteSink {
    let path: String
    private(set) var length: Int
    private let descriptor: Int32

    init(_ path: String) throws(TransferError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw .system(path, "opening it") }
        length = Int(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    func append(_ data: Data) throws(TransferError) {
        let code: Int32 = data.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            var done = 0
            while done < bytes.count {
                let count = write(descriptor, start + done, min(bytes.count - done, 1 << 30))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return errno }
                done += count
                length += count
            }
            return 0
        }
        guard code != 0 else { return }
        throw .unwritable(path: path, reason: "writing: \(String(cString: strerror(code)))")
    }

    var canRestart: Bool { true }
    var isWanted: Bool { true }
    func restart() throws(TransferError) { try clear() }
    func expect(_ total: Int) {}

    func clear() throws(TransferError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw .system(path, "emptying it")
        }
        length = 0
    }

    func remove() { unlink(path) }

    /// Brings the bytes to disk and gives them their name.
    func commit(to target: String) throws(TransferError) {
        guard fsync(descriptor) == 0 else { throw .system(path, "bringing it to disk") }
        guard rename(path, target) == 0 else { throw .system(target, "renaming the finished file") }
        // The name lies in the folder. Some file systems refuse to synchronize folders; the file is whole either way.
        let folder = open((target as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            _ = fsync(folder)
            close(folder)
        }
    }

    /// How many more bytes the file system of a folder takes, if it says so.
    static func freeBytes(at folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }
}
