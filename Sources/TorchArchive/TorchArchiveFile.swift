import Files

/// A PyTorch checkpoint, mapped into memory and checked in full before anything is handed out.
///
/// Read are the zip archives of `torch.save` (since 1.6), those of `torch.jit.save`, and the older streams of
/// `torch.save`. Such files hold a pickle, a program that Python would run; here none of it is run. Functions and
/// classes are looked up in a short list of known ones, whose results are worked out without them; any other makes
/// the whole file be refused. Layouts: torch/serialization.py and torch/csrc/jit/serialization of PyTorch.
///
/// Opening costs the pickle and the zip directory; a tensor's bytes are read from disk when they are touched. The
/// mapping lives as long as this object or any `MappedBytes` made by it. Check sums are not looked at.
public final class TorchArchiveFile: Sendable {
    /// What wrote a checkpoint.
    public enum Kind: Sendable {
        /// A zip archive of `torch.save`.
        case dictionary
        /// A zip archive of `torch.jit.save`: attribute paths are the module's names in its state dictionary.
        case torchScript
        /// A stream of `torch.save` before 1.6.
        case legacy
    }

    /// The path it was opened with.
    public let path: String
    /// What wrote it.
    public let kind: Kind
    /// The tensors' names in ascending order of their UTF-8 bytes: keys, attributes and places in lists joined by dots,
    /// as in `state_dict.module.visual.conv1.weight`; keys that have dots stay as they are. A file that is one tensor
    /// has the name "".
    public let names: [String]
    /// Numbers and texts beside the tensors, by their dotted paths.
    public let scalars: [String: TorchArchiveScalar]

    private let mapping: MappedFile
    /// The shortest thing that may be a checkpoint: an empty zip archive.
    private static let leastLength = 22
    private let entries: [String: TorchArchiveEntry]

    /// Maps and checks a file.
    ///
    /// - Throws: `TorchArchiveError`, which tells a missing file, a corrupt one and a dangerous one apart.
    public init(path: String) throws(TorchArchiveError) {
        let mapping: MappedFile
        do {
            mapping = try MappedFile(path: path, leastLength: Self.leastLength)
        } catch {
            throw TorchArchiveError(error)
        }
        let file = UnsafeRawBufferPointer(start: mapping.base, count: mapping.count)
        let contents: ArchiveContents
        do {
            (kind, contents) = try Self.read(file)
        } catch {
            throw error.error(path: path)
        }
        self.path = path
        self.mapping = mapping
        entries = contents.entries
        scalars = contents.scalars
        names = contents.entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func read(_ file: UnsafeRawBufferPointer) throws(ArchiveFault) -> (Kind, ArchiveContents) {
        if file.starts(with: [0x50, 0x4B]) { return try ZipCheckpoint.read(file) }
        if file[0] == 0x80 { return (.legacy, try LegacyCheckpoint.read(file)) }
        if file.count > 262, file[257..<262].elementsEqual("ustar".utf8) {
            throw .unsupported("the tar archive of PyTorch 0.1")
        }
        throw .format("it begins neither like a zip archive nor like a pickle")
    }

    /// The tensor's type, shape and place, or nil where the file has none of this name.
    public func entry(_ name: String) -> TorchArchiveEntry? { entries[name] }

    /// The bytes of the tensor's whole storage with the mapping that holds them; `entry(_:)` says where in it the
    /// tensor's elements lie. Several tensors may share one storage: then the addresses are the same.
    ///
    /// - Throws: `TorchArchiveError.noSuchTensor`.
    public func storage(of name: String) throws(TorchArchiveError) -> MappedBytes {
        guard let entry = entries[name] else { throw .noSuchTensor(path: path, name: name) }
        return MappedBytes(owner: mapping, range: entry.storageByteRange)
    }
}

/// A zip archive with `<root>/data.pkl`, the pickle, and `<root>/data/<key>`, a storage each.
enum ZipCheckpoint {
    static func read(
        _ file: UnsafeRawBufferPointer
    ) throws(ArchiveFault) -> (TorchArchiveFile.Kind, ArchiveContents) {
        let directory = try ZipDirectory(file)
        let root = try root(of: directory)
        if let order = try directory.stored("\(root)byteorder"), !file[order].elementsEqual("little".utf8) {
            throw .unsupported("numbers in big-endian byte order")
        }
        guard let place = try directory.stored("\(root)data.pkl") else {
            throw .format("the zip archive has no data.pkl")
        }
        guard place.count <= PickleMachine.largestPickle else {
            throw .tooLarge("data.pkl is longer than \(PickleMachine.largestPickle) bytes")
        }
        let pickle = try PickleMachine.run(ByteReader(file, place, part: "data.pkl"))
        guard pickle.length == place.count else {
            throw .corrupt(part: "data.pkl", reason: "\(place.count - pickle.length) bytes follow its end")
        }
        var ranges: [String: Range<Int>] = [:]
        for storage in pickle.storages where ranges[storage.key] == nil {
            ranges[storage.key] = try directory.stored("\(root)data/\(storage.key)")
        }
        let isScript = directory.entries.keys.contains {
            $0 == "\(root)constants.pkl" || $0.hasPrefix("\(root)code/")
        }
        return (isScript ? .torchScript : .dictionary, try ArchiveContents(pickle, storageRanges: ranges))
    }

    /// The folder all records lie in, its slash included; writers name it after the file.
    private static func root(of directory: ZipDirectory) throws(ArchiveFault) -> String {
        var found: [String] = []
        for name in directory.entries.keys where name.hasSuffix("/data.pkl") {
            let root = name.dropLast("data.pkl".count)
            if root.dropLast().utf8.contains(UInt8(ascii: "/")) { continue }
            found.append(String(root))
        }
        guard let root = found.first else { throw .format("the zip archive has no data.pkl in a folder") }
        guard found.count == 1 else { throw .corrupt(part: "zip directory", reason: "there are two data.pkl") }
        return root
    }
}
