import Files

/// One tensor to be written: what it is called, what it is, and how to get its bytes when their turn comes, so that
/// a model larger than memory can be written from wherever it lies.
public struct SafetensorsItem {
    /// Takes the next part of a tensor's bytes.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// The tensor's name; any string but `__metadata__`.
    public let name: String
    /// Element type.
    public let dtype: SafetensorsDType
    /// Lengths of the dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Hands all bytes to the sink, in order and in as many parts as it likes: row-major, little-endian.
    public let provide: (Sink) throws -> Void

    /// A tensor whose bytes are produced when they are needed.
    public init(name: String, dtype: SafetensorsDType, shape: [Int], provide: @escaping (Sink) throws -> Void) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.provide = provide
    }

    /// A tensor whose bytes are at hand.
    public init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: [UInt8]) {
        self.init(name: name, dtype: dtype, shape: shape) { sink in try bytes.withUnsafeBytes(sink) }
    }
}

/// Writes safetensors files, byte for byte as the reference implementation does: the widest types first, then by name,
/// which keeps every tensor aligned without holes; the header padded with spaces to a multiple of 8.
public enum SafetensorsWriter {
    /// Writes a file. It appears under its name only when it is whole and on disk: it is written under a temporary
    /// name in the same folder, synchronized, then renamed over what lay there. On failure nothing is left behind. Links
    /// are followed, and a pipe or device is written into.
    ///
    /// - Parameters:
    ///   - items: the tensors in any order; their names must differ.
    ///   - metadata: strings for the header's `__metadata__`; PyTorch's readers expect `format` to be `pt`.
    ///   - path: where the file is to be.
    ///   - isDurable: whether it is synchronized; a crash of the machine may otherwise leave a damaged file.
    /// - Throws: `SafetensorsError`, or what an item's `provide` throws.
    public static func write(
        _ items: [SafetensorsItem], metadata: [String: String] = [:], to path: String, isDurable: Bool = true
    ) throws {
        let ordered = items.sorted {
            $0.dtype == $1.dtype
                ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : $0.dtype.rank > $1.dtype.rank
        }
        let (header, lengths) = try header(ordered, metadata: metadata, path: path)
        do {
            let file = try FileWriter(path)
            try file.write(header)
            for (item, length) in zip(ordered, lengths) { try write(item, length: length, to: file, path: path) }
            try file.commit(isDurable: isDurable)
        } catch let fault as FileFault {
            throw SafetensorsError.file(fault)
        }
    }

    private static func write(_ item: SafetensorsItem, length: Int, to file: FileWriter, path: String) throws {
        var written = 0
        try item.provide { part in
            written += part.count
            guard written <= length else {
                throw SafetensorsError.invalidItem(
                    path: path, key: item.name, reason: "its shape needs \(length) bytes and more were provided")
            }
            try file.write(part)
        }
        guard written == length else {
            throw SafetensorsError.invalidItem(
                path: path, key: item.name, reason: "its shape needs \(length) bytes and \(written) were provided")
        }
    }

    /// The length prefix and the padded header, with each item's length in bytes.
    private static func header(
        _ items: [SafetensorsItem], metadata: [String: String], path: String
    ) throws(SafetensorsError) -> (bytes: [UInt8], lengths: [Int]) {
        var members: [String] = []
        var lengths: [Int] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            members.append("\"__metadata__\":{\(pairs.map { "\(json($0)):\(json($1))" }.joined(separator: ","))}")
        }
        var names = Set<String>()
        var offset = 0
        for item in items {
            func invalid(_ reason: String) -> SafetensorsError {
                .invalidItem(path: path, key: item.name, reason: reason)
            }
            guard item.name != "__metadata__" else { throw invalid("the format reserves this name") }
            guard names.insert(item.name).inserted else { throw invalid("two tensors have this name") }
            guard item.shape.count <= HeaderParser.largestRank else {
                throw invalid("it has more than \(HeaderParser.largestRank) dimensions")
            }
            guard let length = HeaderLayout.byteCount(item.dtype, item.shape) else {
                throw invalid("its shape \(item.shape) has a negative length or is too large")
            }
            let (end, overflow) = offset.addingReportingOverflow(length)
            guard !overflow else { throw invalid("the file would be too large") }
            let shape = item.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(json(item.name)):{\"dtype\":\"\(item.dtype.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            lengths.append(length)
            offset = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        guard text.count <= HeaderLayout.largestHeader else {
            throw .headerTooLarge(path: path)
        }
        return (withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text, lengths)
    }

    /// A JSON string, escaped no more than JSON demands.
    private static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{00}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
