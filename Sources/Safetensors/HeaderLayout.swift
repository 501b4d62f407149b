/// The header held against the file's length: types known, shapes that fit their bytes, no overlap and no hole.
struct HeaderLayout {
    var entries: [String: SafetensorsEntry] = [:]
    var metadata: [String: String]

    /// Bytes of the length that stands before the header.
    static let prefixLength = 8
    /// The format's own bound on the header.
    static let largestHeader = 100_000_000

    /// - Parameters:
    ///   - header: what the header's text said.
    ///   - dataStart: where the tensors' bytes begin in the file.
    ///   - fileLength: bytes of the whole file.
    ///   - path: for messages.
    init(_ header: RawHeader, dataStart: Int, fileLength: Int, path: String) throws(SafetensorsError) {
        metadata = header.metadata
        entries.reserveCapacity(header.items.count)
        // Sorted by place, each tensor has to begin where the one before it ended.
        var expected = 0
        for item in header.items.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            let entry = try Self.entry(item, dataStart: dataStart, dataLength: fileLength - dataStart, path: path)
            guard item.begin == expected else {
                let fault = item.begin < expected ? "its bytes overlap another tensor's" : "unused bytes lie before it"
                throw .corruptEntry(path: path, key: item.name, reason: fault)
            }
            expected = item.end
            entries[item.name] = entry
        }
        guard expected == fileLength - dataStart else {
            throw .corruptHeader(
                path: path, reason: "\(fileLength - dataStart - expected) bytes at its end belong to no tensor")
        }
    }

    private static func entry(
        _ item: RawHeader.Item, dataStart: Int, dataLength: Int, path: String
    ) throws(SafetensorsError) -> SafetensorsEntry {
        guard let dtype = SafetensorsDType(rawValue: item.type) else {
            throw .unknownType(path: path, key: item.name, type: item.type)
        }
        guard item.begin <= item.end, item.end <= dataLength else {
            throw .corruptEntry(
                path: path, key: item.name,
                reason: "its bytes \(item.begin) to \(item.end) do not lie in the \(dataLength) bytes of data")
        }
        guard let length = byteCount(dtype, item.shape) else {
            throw .corruptEntry(path: path, key: item.name, reason: "its shape \(item.shape) is too large")
        }
        guard length == item.end - item.begin else {
            throw .corruptEntry(
                path: path, key: item.name,
                reason: "shape \(item.shape) of \(dtype.rawValue) needs \(length) bytes, "
                    + "its offsets span \(item.end - item.begin)")
        }
        return SafetensorsEntry(
            dtype: dtype, shape: item.shape, byteRange: dataStart + item.begin..<dataStart + item.end)
    }

    /// Bytes of a tensor, or nil where the product overflows or a length is negative. A zero anywhere does not excuse
    /// an overflow elsewhere: whoever computes strides would meet it.
    static func byteCount(_ dtype: SafetensorsDType, _ shape: [Int]) -> Int? {
        var nonzero = dtype.byteCount
        for length in shape {
            guard length >= 0 else { return nil }
            let (product, overflow) = nonzero.multipliedReportingOverflow(by: max(length, 1))
            guard !overflow else { return nil }
            nonzero = product
        }
        return shape.contains(0) ? 0 : nonzero
    }
}
