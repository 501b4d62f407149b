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

/// Reads exactly the JSON that a safetensors header may be: an object of objects of known keys. A general JSON reader
/// would keep the last of two equal keys, round large integers and follow any nesting; all three are refused here.
struct HeaderParser {
    /// Dimensions of one tensor. libtorch stops at 64 as well.
    static let largestRank = 64

    private let bytes: [UInt8]
    private var position = 0
    private var key: String?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(HeaderFault) -> RawHeader {
        var parser = HeaderParser(bytes)
        return try parser.header()
    }

    // MARK: Grammar

    private mutating func header() throws(HeaderFault) -> RawHeader {
        // The format asks for the brace as the very first byte, which tells a header from an arbitrary number.
        guard bytes.first == UInt8(ascii: "{") else { throw fault("the header does not begin with '{'") }
        var header = RawHeader()
        var names = Set<String>()
        try object { (parser: inout HeaderParser, name: String) throws(HeaderFault) in
            guard names.insert(name).inserted else {
                throw HeaderFault(key: name, reason: "the name occurs twice in the header")
            }
            parser.key = name
            if name == "__metadata__" {
                header.metadata = try parser.metadata()
            } else {
                header.items.append(try parser.item(name))
            }
            parser.key = nil
        }
        skipSpace()
        guard position == bytes.count else { throw fault("text follows the header's closing brace") }
        return header
    }

    private mutating func metadata() throws(HeaderFault) -> [String: String] {
        var result: [String: String] = [:]
        try object { (parser: inout HeaderParser, name: String) throws(HeaderFault) in
            guard result[name] == nil else { throw parser.fault("one of its keys occurs twice") }
            result[name] = try parser.string()
        }
        return result
    }

    private mutating func item(_ name: String) throws(HeaderFault) -> RawHeader.Item {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try object { (parser: inout HeaderParser, field: String) throws(HeaderFault) in
            switch field {
            case "dtype" where type == nil: type = try parser.string()
            case "shape" where shape == nil: shape = try parser.integers(limit: Self.largestRank)
            case "data_offsets" where offsets == nil: offsets = try parser.integers(limit: 2)
            case "dtype", "shape", "data_offsets": throw parser.fault("\"\(field)\" occurs twice")
            default: throw parser.fault("it has an unknown field; only dtype, shape and data_offsets are allowed")
            }
        }
        guard let type else { throw fault("\"dtype\" is missing") }
        guard let shape else { throw fault("\"shape\" is missing") }
        guard let offsets else { throw fault("\"data_offsets\" is missing") }
        guard offsets.count == 2 else { throw fault("\"data_offsets\" holds \(offsets.count) numbers, not 2") }
        return RawHeader.Item(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    // MARK: Values

    private mutating func object(
        _ member: (inout HeaderParser, String) throws(HeaderFault) -> Void
    ) throws(HeaderFault) {
        try expect("{")
        if take("}") { return }
        repeat {
            let name = try string()
            try expect(":")
            try member(&self, name)
        } while take(",")
        try expect("}")
    }

    private mutating func integers(limit: Int) throws(HeaderFault) -> [Int] {
        try expect("[")
        var values: [Int] = []
        if take("]") { return values }
        repeat {
            guard values.count < limit else { throw fault("a list has more than \(limit) numbers") }
            values.append(try integer())
        } while take(",")
        try expect("]")
        return values
    }

    private mutating func integer() throws(HeaderFault) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let digit = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (scaled, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = scaled.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !tooLarge, !overflow else { throw fault("a number is too large") }
            value = sum
            position += 1
        }
        guard position > start else { throw fault("expected a whole number that is not negative") }
        if position - start > 1, bytes[start] == UInt8(ascii: "0") { throw fault("a number begins with a zero") }
        if let next = peek(), next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            throw fault("a number has a fraction or an exponent; only whole numbers are allowed")
        }
        return value
    }

    private mutating func string() throws(HeaderFault) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw fault("a string is not valid UTF-8")
                }
                return result
            case UInt8(ascii: "\\"): try escape(into: &text)
            case ..<0x20: throw fault("a string holds a bare control character")
            default: text.append(byte)
            }
        }
        throw fault("the header ends within a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(HeaderFault) {
        guard let byte = peek() else { throw fault("the header ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try codeUnit()
            if (0xD800..<0xDC00).contains(value) {
                guard peek() == UInt8(ascii: "\\") else { throw fault("a string holds half a surrogate pair") }
                position += 1
                guard peek() == UInt8(ascii: "u") else { throw fault("a string holds half a surrogate pair") }
                position += 1
                let low = try codeUnit()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("a string holds half a surrogate pair") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw fault("a string holds half a surrogate pair") }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw fault("a string holds an unknown escape")
        }
    }

    private mutating func codeUnit() throws(HeaderFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("a \\u escape needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Bytes

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(HeaderFault) {
        guard take(mark) else {
            let found = position < bytes.count ? "at byte \(position)" : "where the header ends"
            throw fault("expected '\(mark)' \(found)")
        }
    }

    private func fault(_ reason: String) -> HeaderFault { HeaderFault(key: key, reason: reason) }
}
