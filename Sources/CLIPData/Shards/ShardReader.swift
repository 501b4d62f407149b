import CArchive
import Files
import Foundation

/// A sample in a shard, or the place where the next one begins.
struct EntryPlace: Codable, Sendable, Equatable {
    /// The shard's number in an epoch; see ``ShardSchedule``.
    var ordinal = 0
    /// How many of the shard's samples, usable or not, come before it.
    var entry = 0
    /// Its first byte in an archive that is not compressed. `nil`: the samples before it are read through.
    var offset: Int?
}

/// Reads the samples of one WebDataset shard, a tar archive (plain, or compressed with gzip, bzip2, xz or zstd),
/// from front to back, without ever writing to the disk.
///
/// Consecutive entries with the same key make a sample; the key is the path up to the first dot of its last
/// component, the rest, lower-cased, is the extension. An extension that comes again begins a new sample. Folders,
/// links, hidden files and `__meta__` entries are passed over. Names are only labels here, so a hostile one
/// (`../../etc/passwd`) is harmless.
///
/// A shard that is cut off or damaged is read up to its last whole entry; ``warnings`` then says so.
public final class ShardReader {
    /// The largest entry that is read by default: 128 MiB.
    public static let defaultMaximumEntryBytes = PairSample.defaultMaximumImageBytes

    /// The shard's path.
    public let path: String
    /// What was wrong with the shard, as far as it has been read.
    public private(set) var warnings: [ShardWarning] = []

    /// How many samples have been given, with those passed over by ``init(path:from:maximumEntryBytes:selects:isWanted:)``.
    private(set) var sampleCount: Int
    /// Where in the archive the last sample given began, and where the next begins, in bytes; `nil` where the archive
    /// is compressed, since a place in it cannot be gone to.
    private(set) var sampleOffset: Int?
    private(set) var nextOffset: Int?

    private let archive: OpaquePointer
    private let input: any ShardInput
    private let start: EntryPlace
    private let maximumEntryBytes: Int
    private let selects: (Int) -> Bool
    private let isWanted: (String) -> Bool
    private var pending: ShardSample?
    private var lastEntry: String?
    private var entries = 0
    private var isFinished = false

    /// Opens a shard.
    ///
    /// - Parameters:
    ///   - path: The shard's path, or its `http://` or `https://` address.
    ///   - maximumEntryBytes: Larger entries are not read but listed in ``ShardSample/oversized``.
    ///   - isWanted: Whether the contents of files with a (lower-case) extension are to be read. The other files
    ///     count for the grouping only.
    /// - Throws: ``CLIPDataError`` when the file is missing, unreadable, empty or no tar archive.
    public convenience init(
        path: String, maximumEntryBytes: Int = ShardReader.defaultMaximumEntryBytes,
        isWanted: @escaping (_ fileExtension: String) -> Bool = { _ in true }
    ) throws {
        try self.init(path: path, from: EntryPlace(), maximumEntryBytes: maximumEntryBytes, isWanted: isWanted)
    }

    /// Opens a shard at a sample.
    ///
    /// - Parameter selects: Which samples' files are read at all, by their number; the others come without files.
    init(
        path: String, from start: EntryPlace, maximumEntryBytes: Int,
        selects: @escaping (_ sample: Int) -> Bool = { _ in true },
        interruption: ReadInterruption? = nil, isWanted: @escaping (_ fileExtension: String) -> Bool
    ) throws {
        self.path = path
        self.start = start
        self.maximumEntryBytes = maximumEntryBytes
        self.selects = selects
        self.isWanted = isWanted
        sampleCount = start.offset == nil ? 0 : start.entry
        input =
            RemoteShards.isRemote(path)
            ? try RemoteInput(address: path, from: start.offset ?? 0, interruption: interruption)
            : try FileInput(path: path, from: start.offset ?? 0)
        guard let archive = archive_read_new() else {
            throw CLIPDataError.file(FileFault(path, .reading, .system(ENOMEM)))
        }
        self.archive = archive
        archive_read_support_format_tar(archive)
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        // On failure deinit releases the archive, since every property has its value by now.
        guard input.open(archive) == ARCHIVE_OK else {
            throw input.failure ?? CLIPDataError.notAShard(path: path, detail: Self.message(of: archive))
        }
        while sampleCount < start.entry, try next() != nil {}
    }

    deinit { archive_read_free(archive) }

    /// The next sample, or `nil` after the last.
    ///
    /// - Throws: ``CLIPDataError/emptyShard(path:)`` or ``CLIPDataError/notAShard(path:detail:)`` when there is not
    ///   one whole entry, ``CLIPDataError/file(_:)`` when the disk fails, ``CLIPDataError/remote(_:)`` when the network
    ///   does.
    public func next() throws -> ShardSample? {
        while !isFinished, let entry = try nextEntry() {
            guard let (key, fileExtension) = Self.sampleName(of: entry.name) else {
                entries += 1
                lastEntry = entry.name
                continue
            }
            var sample = ShardSample(key: key, files: [])
            var complete: ShardSample?
            if let pending, pending.key == key, !pending.extensions.contains(fileExtension) {
                sample = pending
            } else {
                complete = pending
            }
            // Given up here, so that adding to the sample changes it in place rather than a copy.
            pending = nil
            sample.extensions.insert(fileExtension)
            let ordinal = sampleCount + (complete == nil ? 0 : 1)
            let isSelected = ordinal >= start.entry && selects(ordinal) && isWanted(fileExtension)
            let content = try content(of: entry.entry, isWanted: isSelected)
            // What cannot be read to its end belongs to no sample; one that it would have begun is none.
            guard let content else {
                try stop()
                if let complete { return give(complete, next: nil) }
                pending = sample.extensions.count > 1 ? without(fileExtension, sample) : nil
                break
            }
            entries += 1
            lastEntry = entry.name
            switch content {
            case .data(let data): sample.files.append(.init(fileExtension: fileExtension, data: data))
            case .oversized(let bytes): sample.oversized.append(.init(fileExtension: fileExtension, bytes: bytes))
            case .unwanted: break
            }
            pending = sample
            if let complete { return give(complete, next: entry.offset) }
            if sample.extensions.count == 1 { nextOffset = entry.offset }
        }
        defer { pending = nil }
        return pending.map { give($0, next: nil) }
    }

    /// Whether it is known that no sample follows.
    var isAtEnd: Bool { isFinished && pending == nil }

    private func give(_ sample: ShardSample, next: Int?) -> ShardSample {
        sampleCount += 1
        sampleOffset = nextOffset
        nextOffset = next
        return sample
    }

    private func without(_ fileExtension: String, _ sample: ShardSample) -> ShardSample {
        var sample = sample
        sample.extensions.remove(fileExtension)
        return sample
    }

    private static func sampleName(of name: String) -> (key: String, fileExtension: String)? {
        if name.hasPrefix("__"), name.hasSuffix("__"), !name.contains("/") { return nil }
        return ShardSample.split(name)
    }
}

// MARK: - Entries

extension ShardReader {
    private enum Content {
        case data(Data)
        case oversized(bytes: Int)
        case unwanted
    }

    private struct Entry {
        let name: String
        let entry: OpaquePointer
        let offset: Int?
    }

    /// The next regular file, or `nil` at the end of what can be read.
    private func nextEntry() throws -> Entry? {
        var entry: OpaquePointer?
        while true {
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF {
                try finish()
                return nil
            }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
                try stop()
                return nil
            }
            let isFile = archive_entry_filetype(entry) & 0o170000 == 0o100000 && archive_entry_hardlink(entry) == nil
            guard isFile, let name = Self.name(of: entry) else {
                entries += 1
                continue
            }
            return Entry(name: name, entry: entry, offset: isCompressed ? nil : headerOffset)
        }
    }

    private var isCompressed: Bool { archive_filter_code(archive, 0) != ARCHIVE_FILTER_NONE }

    /// Where the current entry's headers begin.
    private var headerOffset: Int? {
        let position = archive_read_header_position(archive)
        return position >= 0 ? (start.offset ?? 0) + Int(position) : nil
    }

    /// The entry's name. Names in pax headers are UTF-8; older ones are whatever bytes their writer used.
    private static func name(of entry: OpaquePointer) -> String? {
        if let name = archive_entry_pathname_utf8(entry) { return String(cString: name) }
        return archive_entry_pathname(entry).map { String(cString: $0) }
    }

    /// The entry's contents, or `nil` where they cannot be read to their end.
    private func content(of entry: OpaquePointer, isWanted: Bool) throws -> Content? {
        let size = Int(archive_entry_size(entry))
        guard size >= 0, size <= maximumEntryBytes else { return .oversized(bytes: size) }
        guard isWanted else { return .unwanted }
        var data = Data()
        // The size is only a claim: memory is taken as the bytes come in, 4 MiB at a time at most.
        while data.count < size {
            let start = data.count
            let step = min(size - start, 4 << 20)
            data.count += step
            let count = data.withUnsafeMutableBytes { buffer in
                archive_read_data(archive, buffer.baseAddress.map { $0 + start }, step)
            }
            guard count > 0 else { return nil }
            if count < step { data.removeSubrange((start + count)..<(start + step)) }
        }
        return .data(data)
    }

    /// Ends the reading at the archive's regular end.
    private func finish() throws {
        isFinished = true
        if let failure = input.failure { throw failure }
        guard entries > 0 || start.offset != nil else { throw CLIPDataError.emptyShard(path: path) }
        // libarchive takes the end of the file for the end of the archive; a shard cut between two entries shows
        // only in the missing two blocks of zeros. (They cannot be looked up in a compressed file.)
        guard !isCompressed, let tail = input.tail() else { return }
        if tail.contains(where: { $0 != 0 }) {
            warn(.truncated, "the end-of-archive mark is missing")
        }
    }

    /// Ends the reading where the archive cannot be read any further.
    private func stop() throws {
        isFinished = true
        if let failure = input.failure { throw failure }
        let code = archive_errno(archive)
        let detail = Self.message(of: archive)
        // These are the codes libarchive gives for bad contents; the others are the operating system's.
        guard code <= 0 || code == EINVAL || code == EILSEQ || code == Self.formatError else {
            throw CLIPDataError.file(FileFault(path, .reading, .system(code)))
        }
        guard entries > 0 || start.offset != nil else { throw CLIPDataError.notAShard(path: path, detail: detail) }
        warn(detail.localizedCaseInsensitiveContains("truncated") ? .truncated : .damaged, detail)
    }

    /// `ARCHIVE_ERRNO_FILE_FORMAT`: `EFTYPE` where the system has it, else `EILSEQ`.
    private static var formatError: Int32 {
        #if canImport(Darwin)
        EFTYPE
        #else
        EILSEQ
        #endif
    }

    private func warn(_ problem: ShardWarning.Problem, _ detail: String) {
        warnings.append(ShardWarning(problem: problem, path: path, lastEntry: lastEntry, detail: detail))
    }

    static func message(of archive: OpaquePointer) -> String {
        archive_error_string(archive).map { String(cString: $0) } ?? "unknown archive error"
    }
}
