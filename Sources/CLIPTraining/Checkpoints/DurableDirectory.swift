import Checksums
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Directories that are on the disk, whole and checked, before they have their name: what is cut off by a lost process,
/// a lost machine or a full disk is never taken for a whole one.
enum DurableDirectory {
    static let checksumsName = "checksums.json"

    /// What is known of a file of the directory.
    private struct Entry: Codable, Equatable {
        var bytes: Int
        /// See ``Checksums/ContentHash``.
        var xxh3: String
    }

    /// Fills a directory under a temporary name, brings every file to the disk, and only then gives it its name, which
    /// nothing may have yet. Where anything fails, nothing is left behind.
    static func write(_ path: String, fill: (_ temporary: String) throws -> Void) throws {
        let target = URL(fileURLWithPath: path)
        let parent = target.deletingLastPathComponent().path
        let temporary = parent + "/.\(target.lastPathComponent).\(getpid()).tmp"
        try createDirectory(parent)
        try? FileManager.default.removeItem(atPath: temporary)
        do {
            try createDirectory(temporary)
            try fill(temporary)
            var entries: [String: Entry] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: temporary).sorted() {
                entries[name] = try finish(temporary + "/" + name)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try DurableFile.write(encoder.encode(entries), to: temporary + "/" + checksumsName)
            try DurableFile.synchronizeDirectory(temporary)
            guard rename(temporary, path) == 0 else { throw WriteFault(path: path, code: errno) }
            try DurableFile.synchronizeDirectory(parent)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }

    private static func createDirectory(_ path: String) throws {
        if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw WriteFault(path: path, code: errno) }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw WriteFault(path: path, code: WriteFault(error, path: path).code)
        }
    }

    /// Brings a file to the disk and takes its checksum, which reads it back.
    private static func finish(_ path: String) throws -> Entry {
        try DurableFile.synchronize(path)
        return try entry(path)
    }

    private static func entry(_ path: String) throws -> Entry {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw WriteFault(path: path, code: errno) }
        defer { close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var hash = ContentHash()
        var total = 0
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw WriteFault(path: path, code: errno) }
            if count == 0 { break }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            total += count
        }
        return Entry(bytes: total, xxh3: hash.hexadecimal())
    }

    /// What is wrong with a directory that ``write(_:fill:)`` wrote; nil where every file is as it was written.
    static func damage(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path + "/" + checksumsName), data.count <= 1 << 20,
            let wanted = try? JSONDecoder().decode([String: Entry].self, from: data)
        else { return "\(checksumsName) is missing or cannot be read" }
        for (name, expected) in wanted.sorted(by: { $0.key < $1.key }) {
            guard let found = try? entry(path + "/" + name) else { return "\(name) is missing or cannot be read" }
            if found.bytes != expected.bytes { return "\(name) has \(found.bytes) bytes of \(expected.bytes)" }
            if found.xxh3 != expected.xxh3 { return "\(name) is not what was written: its checksum differs" }
        }
        return nil
    }
}

/// Files brought to the disk.
enum DurableFile {
    /// Writes a new file and brings it to the disk.
    static func write(_ data: Data, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw WriteFault(path: path, code: errno) }
        defer { close(file) }
        try data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = systemWrite(file, UnsafeRawBufferPointer(rebasing: bytes[done...]))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw WriteFault(path: path, code: errno) }
                done += count
            }
        }
        guard fsync(file) == 0 else { throw WriteFault(path: path, code: errno) }
    }

    /// Writes a file under a temporary name, and then gives it its name in place of what had it.
    static func replace(_ path: String, with data: Data) throws {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent().path
        let temporary = folder + "/.\(target.lastPathComponent).\(getpid()).tmp"
        do {
            try write(data, to: temporary)
            guard rename(temporary, path) == 0 else { throw WriteFault(path: path, code: errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronizeDirectory(folder)
    }

    static func synchronize(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw WriteFault(path: path, code: errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw WriteFault(path: path, code: errno) }
    }

    /// Some file systems refuse to synchronize directories; there is nothing more to be done on them.
    static func synchronizeDirectory(_ path: String) throws {
        let directory = open(path, O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { throw WriteFault(path: path, code: errno) }
        defer { close(directory) }
        if fsync(directory) != 0, ![EINVAL, ENOTSUP, EBADF].contains(errno) {
            throw WriteFault(path: path, code: errno)
        }
    }
}

/// `write(2)`, under a name that the method of the same name does not hide.
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(file, bytes.baseAddress, bytes.count)
}
