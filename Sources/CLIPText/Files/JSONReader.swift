#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads JSON (RFC 8259) from front to back, so that a vocabulary of hundreds of thousands of entries goes straight to
/// its table. The depth of nesting and the number of values built are bounded.
struct JSONReader {
    let path: String
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0
    private var budget = 1_000_000
    private var text: [UInt8] = []

    private static let deepest = 64

    /// - Throws: ``CLIPTextError/fileMalformed(path:place:reason:)`` when the bytes are not UTF-8.
    init(path: String, bytes: [UInt8]) throws(CLIPTextError) {
        self.path = path
        self.bytes = bytes
        // Decoding replaces what is not UTF-8, so only good bytes come out as they went in.
        guard String(decoding: bytes, as: UTF8.self).utf8.elementsEqual(bytes) else {
            throw .fileMalformed(path: path, place: "the file", reason: "it is not UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// The error to throw for what stands here.
    func malformed(_ reason: String) -> CLIPTextError {
        .fileMalformed(path: path, place: "byte \(place)", reason: reason)
    }

    /// The first byte of the next value, white space skipped; 0 at the end.
    mutating func peek() -> UInt8 {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            default: return bytes[place]
            }
        }
        return 0
    }

    private mutating func expect(_ byte: UInt8) throws(CLIPTextError) {
        guard peek() == byte else { throw malformed("expected \"\(Character(UnicodeScalar(byte)))\"") }
        place += 1
    }

    /// Whether another member follows; moves past the comma or the closing bracket.
    private mutating func another(_ first: inout Bool, closing: UInt8) throws(CLIPTextError) -> Bool {
        let next = peek()
        if next == closing {
            place += 1
            return false
        }
        if first {
            first = false
            return true
        }
        guard next == UInt8(ascii: ",") else { throw malformed("expected a comma") }
        place += 1
        guard peek() != closing else { throw malformed("a comma with nothing after it") }
        return true
    }

    /// Calls `member` for each member with its key; it has to read the value.
    mutating func readObject(
        _ member: (inout JSONReader, [UInt8]) throws(CLIPTextError) -> Void
    ) throws(CLIPTextError) {
        try expect(UInt8(ascii: "{"))
        try descend()
        var first = true
        while try another(&first, closing: UInt8(ascii: "}")) {
            let key = try readString()
            try expect(UInt8(ascii: ":"))
            try member(&self, key)
        }
        depth -= 1
    }

    /// Calls `element` for each element; it has to read the value.
    mutating func readArray(_ element: (inout JSONReader) throws(CLIPTextError) -> Void) throws(CLIPTextError) {
        try expect(UInt8(ascii: "["))
        try descend()
        var first = true
        while try another(&first, closing: UInt8(ascii: "]")) { try element(&self) }
        depth -= 1
    }

    private mutating func descend() throws(CLIPTextError) {
        depth += 1
        guard depth <= Self.deepest else { throw malformed("nested deeper than \(Self.deepest) levels") }
    }

    /// The UTF-8 of the string that stands here.
    mutating func readString() throws(CLIPTextError) -> [UInt8] {
        try expect(UInt8(ascii: "\""))
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\") {
            guard bytes[place] >= 0x20 else { throw malformed("a control character in a string") }
            place += 1
        }
        if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
            place += 1
            return Array(bytes[start..<(place - 1)])
        }
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: bytes[start..<place])
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): try readEscape()
            case 0..<0x20: throw malformed("a control character in a string")
            default: text.append(byte)
            }
        }
        throw malformed("a string without its end")
    }

    private mutating func readEscape() throws(CLIPTextError) {
        guard place < bytes.count else { throw malformed("a string without its end") }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var point = try readUnit()
            if point & 0xFC00 == 0xD800, place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
                bytes[place + 1] == UInt8(ascii: "u")
            {
                place += 2
                let low = try readUnit()
                guard low & 0xFC00 == 0xDC00 else { throw malformed("half of a surrogate pair") }
                point = 0x10000 + (point & 0x3FF) << 10 + (low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(point) else { throw malformed("half of a surrogate pair") }
            text.append(contentsOf: String(scalar).utf8)
        default: throw malformed("an unknown escape in a string")
        }
    }

    private mutating func readUnit() throws(CLIPTextError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard place < bytes.count, let digit = hexDigit(bytes[place]) else {
                throw malformed("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            place += 1
        }
        return unit
    }

    /// The number that stands here.
    mutating func readNumber() throws(CLIPTextError) -> Double {
        _ = peek()
        let start = place
        while place < bytes.count, Self.numeric.contains(bytes[place]) { place += 1 }
        guard place > start, place - start < 64, bytes[start] != UInt8(ascii: "+"),
            let value = Double(String(decoding: bytes[start..<place], as: UTF8.self)), value.isFinite
        else {
            place = start
            throw malformed("expected a number")
        }
        return value
    }

    private static let numeric = Set("0123456789+-.eE".utf8)

    /// The token id that stands here: whole, and within the bounds of any vocabulary.
    mutating func readToken() throws(CLIPTextError) -> Int32 {
        _ = peek()
        var value: Int32 = 0
        let start = place
        while place < bytes.count, place - start < 8, (0x30...0x39).contains(bytes[place]) {
            value = value * 10 + Int32(bytes[place] & 15)
            place += 1
        }
        let ends = place >= bytes.count || !Self.numeric.contains(bytes[place])
        guard place > start, ends, value < TokenStrings.mostTokens else {
            place = start
            throw malformed("expected a token id from 0 to \(TokenStrings.mostTokens - 1)")
        }
        return value
    }

    /// The value that stands here.
    mutating func readValue() throws(CLIPTextError) -> JSONValue {
        budget -= 1
        guard budget > 0 else { throw malformed("more values than any tokenizer has") }
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try readObject { (reader, key) throws(CLIPTextError) in
                members[String(decoding: key, as: UTF8.self)] = try reader.readValue()
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try readArray { reader throws(CLIPTextError) in elements.append(try reader.readValue()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(String(decoding: try readString(), as: UTF8.self))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try readNumber())
        }
    }

    private mutating func literal(_ name: String, _ value: JSONValue) throws(CLIPTextError) -> JSONValue {
        guard bytes[place...].starts(with: name.utf8) else { throw malformed("expected a value") }
        place += name.utf8.count
        return value
    }

    /// Makes sure that nothing follows.
    mutating func finish() throws(CLIPTextError) {
        guard peek() == 0, place >= bytes.count else { throw malformed("something follows the end") }
    }
}
