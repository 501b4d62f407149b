import Files
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

    /// Nil once the shard is finished or given up.
    private var file: FileWriter?
    private var buffer = Data()
    private var writtenBytes = 0
    private static let bufferBytes = 1 << 20

    /// Begins a shard.
    ///
    /// - Parameter path: Where the finished shard is to lie; an existing file is replaced by ``finish()``. The folder
    ///   must exist.
    /// - Throws: ``CLIPDataError/file(_:)``.
    public init(path: String) throws {
        self.path = path
        guard path.lowercased().hasSuffix(".tar") else {
            throw CLIPDataError.invalidSpecification(specification: path, reason: "a shard's name must end in .tar")
        }
        file = try CLIPDataError.wrapping { () throws(FileFault) in try FileWriter(path) }
    }

    deinit { cancel() }

    /// Appends the files of one sample, in the order given.
    ///
    /// - Parameters:
    ///   - key: The sample's key. It may contain `/`, but its last component must not contain a dot.
    ///   - files: Extension (`jpg`, `txt`, `json`) and contents of each file. Extensions are lower-case and differ.
    /// - Throws: ``CLIPDataError/invalidEntryName(name:reason:)`` before anything is written;
    ///   ``CLIPDataError/file(_:)`` when writing fails, after which the shard is gone.
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
    /// - Throws: ``CLIPDataError/file(_:)``; nothing is left behind then.
    public func finish() throws {
        try requireOpen()
        // Two blocks of zeros mark the end; the rest fills the record of 20 blocks, as tar programs expect.
        let record = 20 * TarHeader.blockBytes
        let written = writtenBytes + 2 * TarHeader.blockBytes
        try write(Data(count: 2 * TarHeader.blockBytes + (record - written % record) % record))
        try flush()
        try put { (file) throws(FileFault) in try file.commit() }
        file = nil
    }

    /// Gives the shard up and removes what has been written. Does nothing after ``finish()``.
    public func cancel() {
        file?.discard()
        file = nil
        buffer = Data()
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
        try put { (file) throws(FileFault) in try file.write(buffer) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func requireOpen() throws {
        guard file != nil else { throw CLIPDataError.file(FileFault(path, .writing, .system(EBADF))) }
    }

    /// Does something to the file; where that fails, the shard is given up.
    private func put(_ body: (FileWriter) throws(FileFault) -> Void) throws {
        try requireOpen()
        do throws(FileFault) {
            if let file { try body(file) }
        } catch {
            cancel()
            throw CLIPDataError.file(error)
        }
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
