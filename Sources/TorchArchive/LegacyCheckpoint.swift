/// The stream `torch.save` wrote before 1.6: five pickles (a magic number, a version, the writer's system, the object,
/// the storages' keys), then the storages in the keys' order, each after its count of elements in 8 bytes.
enum LegacyCheckpoint {
    /// 0x1950A86A20F9469CFC6C, little-endian.
    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let version = 1001

    static func read(_ file: UnsafeRawBufferPointer) throws(ArchiveFault) -> ArchiveContents {
        var reader = ByteReader(file, 0..<file.count, part: "first pickle")
        guard case .largeInteger(magic) = try PickleMachine.next(&reader).root else {
            throw .format("it is a pickle, but not one of torch.save")
        }
        guard case .integer(version) = try PickleMachine.next(&reader).root else {
            throw .unsupported("a stream of another version than \(version)")
        }
        try checkSystem(try PickleMachine.next(&reader))
        reader.part = "pickle"
        let pickle = try PickleMachine.next(&reader)
        reader.part = "list of storages"
        let keys = try keys(try PickleMachine.next(&reader))
        return try ArchiveContents(pickle, storageRanges: try ranges(keys, pickle.storages, &reader))
    }

    private static func checkSystem(_ system: PickleResult) throws(ArchiveFault) {
        let contents = try ArchiveContents(system, storageRanges: [:])
        if contents.scalars["little_endian"] == .bool(false) {
            throw .unsupported("numbers in big-endian byte order")
        }
    }

    private static func keys(_ list: PickleResult) throws(ArchiveFault) -> [String] {
        guard case .node(let index) = list.root, list.nodes[index].kind == .list else {
            throw .corrupt(part: "list of storages", reason: "it is no list")
        }
        var keys: [String] = []
        for item in list.nodes[index].items {
            switch item {
            case .text(let key): keys.append(key)
            case .integer(let key): keys.append(String(key))
            default: throw .corrupt(part: "list of storages", reason: "a key is no text")
            }
        }
        return keys
    }

    private static func ranges(
        _ keys: [String], _ storages: [StorageReference], _ reader: inout ByteReader
    ) throws(ArchiveFault) -> [String: Range<Int>] {
        var sizes: [String: (count: Int, width: Int)] = [:]
        for storage in storages {
            let size = (count: storage.count, width: storage.dtype?.byteCount ?? 1)
            if let known = sizes.updateValue(size, forKey: storage.key), known != size {
                throw .corrupt(part: "pickle", reason: "a storage has two different lengths or types")
            }
        }
        var ranges: [String: Range<Int>] = [:]
        for key in keys {
            reader.part = "storage \(TorchArchiveError.quoted(key))"
            guard let size = sizes[key] else {
                throw .corrupt(part: reader.part, reason: "no tensor refers to it")
            }
            let count = try reader.integer(Int64.self)
            let (length, overflow) = size.count.multipliedReportingOverflow(by: size.width)
            guard count == size.count, !overflow else {
                throw .corrupt(part: reader.part, reason: "it has \(count) elements instead of \(size.count)")
            }
            guard ranges.updateValue(try reader.skip(length), forKey: key) == nil else {
                throw .corrupt(part: reader.part, reason: "it occurs twice")
            }
        }
        return ranges
    }
}
