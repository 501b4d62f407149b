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
