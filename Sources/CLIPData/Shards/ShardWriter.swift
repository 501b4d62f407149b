import Foundation

/// Writes one WebDataset shard: an uncompressed tar archive (ustar, with pax headers only for names that need them).
///
/// The same samples give the same bytes: times, owners and modes are fixed. The shard is written beside its final
/// place under a temporary name and moved there by ``finish()``; without that call nothing is left behind.
public final class ShardWriter {
    /// The path the finished shard has.
    public let path: String
    /// How many samples have been appended.
    public private(set) var sampleCount = 0
    /// How many bytes of contents (without tar headers) have been appended.
    public private(set) var byteCount = 0

    private let temporaryPath: String
    /// -1 once the shard is finished or given up.
    private var descriptor: Int32
    private var buffer = Data()
    private var writtenBytes = 0
    private static let bufferBytes = 1 << 20

    /// Begins a shard.
    ///
    /// - Parameter path: Where the finished shard is to lie; an existing file is replaced by ``finish()``. The folder
    ///   must exist.
    /// - Throws: ``CLIPDataError/unwritable(path:detail:)``.
    public init(path: String) throws {
        self.path = path
        let url = URL(fileURLWithPath: path)
        let unique = UUID().uuidString.prefix(8)
        temporaryPath =
            url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).\(unique).partial").path
        guard path.lowercased().hasSuffix(".tar"), !path.utf8.contains(0) else {
            throw CLIPDataError.unwritable(path: path, detail: "a shard's name must end in .tar")
        }
        guard !url.hasDirectoryPath else {
            throw CLIPDataError.unwritable(path: path, detail: "a folder of this name is in the way")
        }
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CLIPDataError.unwritable(path: path, detail: FileAccess.message(errno))
        }
    }

    deinit { cancel() }

    /// Appends the files of one sample, in the order given.
    ///
    /// - Parameters:
    ///   - key: The sample's key. It may contain `/`, but its last component must not contain a dot.
    ///   - files: Extension (`jpg`, `txt`, `json`) and contents of each file. Extensions are lower-case and differ.
    /// - Throws: ``CLIPDataError/invalidEntryName(name:reason:)`` before anything is written;
    ///   ``CLIPDataError/unwritable(path:detail:)`` when writing fails, after which the shard is gone.
    public func append(key: String, files: [(fileExtension: String, data: Data)]) throws {
        try requireOpen()
        guard !files.isEmpty else { throw CLIPDataError.invalidEntryName(name: key, reason: "the sample has no files") }
        var seen: Set<String> = []
        for file in files {
            let name = "\(key).\(file.fileExtension)"
            if let reason = Self.complaint(key: key, fileExtension: file.fileExtension) {
                throw CLIPDataError.invalidEntryName(name: name, reason: reason)
            }
            guard seen.insert(file.fileExtension).inserted else {
                throw CLIPDataError.invalidEntryName(name: name, reason: "the extension occurs twice in the sample")
            }
            guard file.data.count <= TarHeader.maximumFileBytes else {
                throw CLIPDataError.invalidEntryName(name: name, reason: "its contents exceed 8 GiB")
            }
        }
        for file in files { try append(name: "\(key).\(file.fileExtension)", data: file.data) }
        sampleCount += 1
    }

    /// Appends one sample.
    public func append(_ sample: ShardSample) throws {
        try append(key: sample.key, files: sample.files.map { ($0.fileExtension, $0.data) })
    }

    /// Completes the shard and moves it to ``path``.
    ///
    /// - Throws: ``CLIPDataError/unwritable(path:detail:)``; nothing is left behind then.
    public func finish() throws {
        try requireOpen()
        // Two blocks of zeros mark the end; the rest fills the record of 20 blocks, as tar programs expect.
        let record = 20 * TarHeader.blockBytes
        let written = writtenBytes + 2 * TarHeader.blockBytes
        try write(Data(count: 2 * TarHeader.blockBytes + (record - written % record) % record))
        try flush()
        guard fsync(descriptor) == 0 else { throw failure() }
        let closing = descriptor
        descriptor = -1
        guard close(closing) == 0, rename(temporaryPath, path) == 0 else {
            let detail = FileAccess.message(errno)
            unlink(temporaryPath)
            throw CLIPDataError.unwritable(path: path, detail: detail)
        }
    }

    /// Gives the shard up and removes what has been written. Does nothing after ``finish()``.
    public func cancel() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        buffer = Data()
        unlink(temporaryPath)
    }
}

extension ShardWriter {
    private func append(name: String, data: Data) throws {
        try write(TarHeader.blocks(name: name, size: data.count))
        try write(data)
        try write(TarHeader.padding(after: data.count))
        byteCount += data.count
    }

    private func write(_ data: Data) throws {
        buffer.append(data)
        writtenBytes += data.count
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    private func flush() throws {
        let count = buffer.count
        var done = 0
        while done < count {
            let start = done
            let step = buffer.withUnsafeBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress.map { $0 + start }, count - start)
            }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw failure() }
            done += step
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func requireOpen() throws {
        guard descriptor >= 0 else {
            throw CLIPDataError.unwritable(path: path, detail: "the shard is already finished or given up")
        }
    }

    /// Gives the shard up and returns the error that says why.
    private func failure() -> CLIPDataError {
        let detail = FileAccess.message(errno)
        cancel()
        return .unwritable(path: path, detail: detail)
    }

    /// What is wrong with a name: everything that a reader would not group and name in the same way.
    private static func complaint(key: String, fileExtension: String) -> String? {
        let name = "\(key).\(fileExtension)"
        if name.utf8.contains(0) { return "it contains a NUL character" }
        if name.utf8.count > 4096 { return "it is longer than 4096 bytes" }
        if key.hasPrefix("/") || key.split(separator: "/").contains("..") { return "a key must not leave its folder" }
        guard let parts = ShardSample.split(name), parts.key == key, parts.fileExtension == fileExtension else {
            return "a key needs a last component without a dot, and an extension must be lower-case without '/'"
        }
        if fileExtension.contains("/") { return "an extension must not contain '/'" }
        return nil
    }
}
