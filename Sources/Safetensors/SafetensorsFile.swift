import Files

/// A safetensors file, mapped into memory and checked in full before anything is handed out: the header's length and
/// grammar, each tensor's type, shape and place, and that the tensors cover the data without overlap or hole.
///
/// Format: https://huggingface.co/docs/safetensors, "Format". Opening costs the header; a tensor's bytes are read from
/// disk when they are touched. The mapping lives as long as this object or any `MappedBytes` made by it.
public final class SafetensorsFile: Sendable {
    /// The path it was opened with.
    public let path: String
    /// The header's `__metadata__`; empty where there is none.
    public let metadata: [String: String]
    /// The tensors' names in ascending order of their UTF-8 bytes.
    public let names: [String]

    private let mapping: MappedFile
    private let entries: [String: SafetensorsEntry]

    /// Maps and checks a file.
    ///
    /// - Throws: `SafetensorsError`, which tells a missing file, a refused one and a corrupt one apart.
    public init(path: String) throws(SafetensorsError) {
        let mapping: MappedFile
        do {
            mapping = try MappedFile(path: path, leastLength: HeaderLayout.prefixLength)
        } catch {
            throw SafetensorsError(error)
        }
        let file = UnsafeRawBufferPointer(start: mapping.base, count: mapping.count)
        let prefix = HeaderLayout.prefixLength
        let declared = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard declared <= UInt64(HeaderLayout.largestHeader) else {
            throw .corruptHeader(
                path: path, reason: "its header claims \(declared) bytes, the most allowed is 100,000,000")
        }
        let length = Int(declared)
        guard length <= mapping.count - prefix else {
            throw .corruptHeader(
                path: path, reason: "its header claims \(length) bytes and the file has \(mapping.count)")
        }
        let header: RawHeader
        do {
            header = try HeaderParser.parse(Array(file[prefix..<prefix + length]))
        } catch {
            if let key = error.key { throw .corruptEntry(path: path, key: key, reason: error.reason) }
            throw .corruptHeader(path: path, reason: error.reason)
        }
        let layout = try HeaderLayout(header, dataStart: prefix + length, fileLength: mapping.count, path: path)
        self.path = path
        self.mapping = mapping
        metadata = layout.metadata
        entries = layout.entries
        names = layout.entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The tensor's type, shape and place, or nil where the file has none of this name.
    public func entry(_ name: String) -> SafetensorsEntry? { entries[name] }

    /// Lends a tensor's bytes for the length of a call; do not let the pointer out of it.
    ///
    /// - Throws: `SafetensorsError.noSuchTensor`, or what `body` throws.
    public func withBytes<R>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        let bytes = try bytes(of: name)
        return try withExtendedLifetime(bytes) {
            try body(UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count))
        }
    }

    /// A tensor's bytes with the mapping that holds them, for a tensor that is to lie in the file without a copy.
    ///
    /// - Throws: `SafetensorsError.noSuchTensor`.
    public func bytes(of name: String) throws(SafetensorsError) -> MappedBytes {
        guard let entry = entries[name] else { throw .noSuchTensor(path: path, key: name) }
        return MappedBytes(owner: mapping, range: entry.byteRange)
    }
}
