import StrictJSON

/// What the header's text says, before it is held against the file's length.
struct RawHeader {
    struct Item {
        var name: String
        var type: String
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    var items: [Item] = []
    var metadata: [String: String] = [:]
}

/// Why the header's text was refused; the file's path is added by the caller.
struct HeaderFault: Error {
    var key: String?
    var reason: String
}

/// Reads exactly the JSON that a safetensors header may be: an object of objects of known keys. To read it as a value
/// would keep the last of two equal keys, round large integers and follow any nesting; all three are refused here.
struct HeaderParser {
    /// Dimensions of one tensor. libtorch stops at 64 as well.
    static let largestRank = 64

    private var header = RawHeader()
    private var names = Set<String>()
    /// The member that is being read.
    private var key: String?

    static func parse(_ bytes: [UInt8]) throws(HeaderFault) -> RawHeader {
        // The format asks for the brace as the very first byte, which tells a header from an arbitrary number.
        guard bytes.first == UInt8(ascii: "{") else { throw HeaderFault(reason: "the header does not begin with '{'") }
        var parser = HeaderParser()
        do throws(JSONFault) {
            var reader = try JSONReader(bytes)
            try reader.readObject { (reader, name) throws(JSONFault) in try parser.member(name, &reader) }
            guard reader.isAtEnd else { throw reader.fault("text follows the header's closing brace") }
        } catch {
            throw HeaderFault(key: parser.key, reason: "\(error.reason) (byte \(error.place) of the header)")
        }
        return parser.header
    }

    private mutating func member(_ bytes: [UInt8], _ reader: inout JSONReader) throws(JSONFault) {
        let name = String(decoding: bytes, as: UTF8.self)
        key = name
        guard names.insert(name).inserted else { throw reader.fault("the name occurs twice in the header") }
        if name == "__metadata__" {
            header.metadata = try Self.metadata(&reader)
        } else {
            header.items.append(try Self.item(name, &reader))
        }
        key = nil
    }

    private static func metadata(_ reader: inout JSONReader) throws(JSONFault) -> [String: String] {
        var result: [String: String] = [:]
        try reader.readObject { (reader, bytes) throws(JSONFault) in
            let name = String(decoding: bytes, as: UTF8.self)
            guard result[name] == nil else { throw reader.fault("one of its keys occurs twice") }
            result[name] = String(decoding: try reader.readString(), as: UTF8.self)
        }
        return result
    }

    private static func item(_ name: String, _ reader: inout JSONReader) throws(JSONFault) -> RawHeader.Item {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try reader.readObject { (reader, bytes) throws(JSONFault) in
            let field = String(decoding: bytes, as: UTF8.self)
            switch field {
            case "dtype" where type == nil: type = String(decoding: try reader.readString(), as: UTF8.self)
            case "shape" where shape == nil: shape = try integers(&reader, limit: largestRank)
            case "data_offsets" where offsets == nil: offsets = try integers(&reader, limit: 2)
            case "dtype", "shape", "data_offsets": throw reader.fault("\"\(field)\" occurs twice")
            default: throw reader.fault("it has an unknown field; only dtype, shape and data_offsets are allowed")
            }
        }
        guard let type else { throw reader.fault("\"dtype\" is missing") }
        guard let shape else { throw reader.fault("\"shape\" is missing") }
        guard let offsets else { throw reader.fault("\"data_offsets\" is missing") }
        guard offsets.count == 2 else {
            throw reader.fault("\"data_offsets\" holds \(offsets.count) numbers, not 2")
        }
        return RawHeader.Item(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    private static func integers(_ reader: inout JSONReader, limit: Int) throws(JSONFault) -> [Int] {
        var values: [Int] = []
        try reader.readArray { reader throws(JSONFault) in
            guard values.count < limit else { throw reader.fault("a list has more than \(limit) numbers") }
            values.append(try reader.readNatural())
        }
        return values
    }
}
