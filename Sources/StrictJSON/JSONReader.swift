/// Why a text was refused.
package struct JSONFault: Error, Equatable {
    /// Where in the text, in bytes.
    package let place: Int
    package let reason: String
}

/// Reads JSON (RFC 8259) from front to back, so that a vocabulary of hundreds of thousands of entries or a file's header
/// goes straight to where it belongs. Nothing is accepted that the grammar does not have, the depth of nesting and the
/// number of values built are bounded, and what occurs twice in an object is the caller's to see.
package struct JSONReader {
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0
    private var budget = 1_000_000
    private var text: [UInt8] = []

    private static let deepest = 64

    /// - Throws: ``JSONFault`` when the bytes are not UTF-8.
    package init(_ bytes: [UInt8]) throws(JSONFault) {
        self.bytes = bytes
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw JSONFault(place: 0, reason: "it is not valid UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// What to throw for what stands here.
    package func fault(_ reason: String) -> JSONFault { JSONFault(place: place, reason: reason) }

    /// Whether nothing but white space follows.
    package var isAtEnd: Bool { mutating get { peek() == 0 && place >= bytes.count } }

    /// Makes sure that nothing follows.
    package mutating func finish() throws(JSONFault) {
        guard isAtEnd else { throw fault("something follows the end") }
    }

    // MARK: - Objects and arrays

    /// The first byte of the next value, white space skipped; 0 at the end.
    package mutating func peek() -> UInt8 {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            default: return bytes[place]
            }
        }
        return 0
    }

    /// Calls `member` for each member with its key; it has to read the value.
    package mutating func readObject(
        _ member: (inout JSONReader, [UInt8]) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try readList("{", "}") { reader throws(JSONFault) in
            let key = try reader.readString()
            try reader.expect(":")
            try member(&reader, key)
        }
    }

    /// Calls `element` for each element; it has to read the value.
    package mutating func readArray(_ element: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) {
        try readList("[", "]", element)
    }

    private mutating func readList(
        _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ item: (inout JSONReader) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try expect(opening)
        depth += 1
        guard depth <= Self.deepest else { throw fault("nested deeper than \(Self.deepest) levels") }
        if !take(closing) {
            try item(&self)
            while take(",") {
                if peek() == UInt8(ascii: closing) {
                    throw fault("expected \(closing == "}" ? "'\"'" : "a value") after a comma")
                }
                try item(&self)
            }
            guard take(closing) else { throw fault("expected ',' or '\(closing)'") }
        }
        depth -= 1
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: mark) else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(JSONFault) {
        guard take(mark) else { throw fault("expected '\(mark)'") }
    }

    // MARK: - Strings

    /// The UTF-8 of the string that stands here.
    package mutating func readString() throws(JSONFault) -> [UInt8] {
        try expect("\"")
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\\") {
            guard bytes[place] >= 0x20 else { throw fault("a control character in a string") }
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
            case 0..<0x20: throw fault("a control character in a string")
            default: text.append(byte)
            }
        }
        throw fault("it ends within a string, without its end")
    }

    private mutating func readEscape() throws(JSONFault) {
        guard place < bytes.count else { throw fault("it ends within a string, without its end") }
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
                guard low & 0xFC00 == 0xDC00 else { throw fault("half of a surrogate pair") }
                point = 0x10000 + (point & 0x3FF) << 10 + (low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(point) else { throw fault("half of a surrogate pair") }
            text.append(contentsOf: String(scalar).utf8)
        default: throw fault("an unknown escape in a string")
        }
    }

    private mutating func readUnit() throws(JSONFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard place < bytes.count, let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue else {
                throw fault("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            place += 1
        }
        return unit
    }

    // MARK: - Numbers

    private func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }

    private func isAny(of marks: StaticString, at index: Int) -> Bool {
        index < bytes.count && marks.withUTF8Buffer { $0.contains(bytes[index]) }
    }

    /// The number that stands here.
    package mutating func readNumber() throws(JSONFault) -> Double {
        _ = peek()
        let start = place
        var end = start
        var isWellFormed = true
        func skipDigits() {
            isWellFormed = isWellFormed && isDigit(end)
            while isDigit(end) { end += 1 }
        }
        if isAny(of: "-", at: end) { end += 1 }
        if isAny(of: "0", at: end) { end += 1 } else { skipDigits() }
        if isAny(of: ".", at: end) {
            end += 1
            skipDigits()
        }
        if isAny(of: "eE", at: end) {
            end += 1
            if isAny(of: "+-", at: end) { end += 1 }
            skipDigits()
        }
        guard isWellFormed, !isDigit(end), end - start < 64,
            let value = Double(String(decoding: bytes[start..<end], as: UTF8.self)), value.isFinite
        else { throw fault("expected a number") }
        place = end
        return value
    }

    /// The whole number that stands here, not negative and without fraction or exponent.
    package mutating func readNatural() throws(JSONFault) -> Int {
        _ = peek()
        var end = place
        var value = 0
        while isDigit(end) {
            let (scaled, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = scaled.addingReportingOverflow(Int(bytes[end] & 15))
            guard !tooLarge, !overflow else { throw fault("a number is too large") }
            value = sum
            end += 1
        }
        let hasLeadingZero = end - place > 1 && bytes[place] == UInt8(ascii: "0")
        guard end > place, !hasLeadingZero, !isAny(of: ".eE", at: end) else {
            throw fault("expected a whole number that is not negative")
        }
        place = end
        return value
    }

    // MARK: - Values

    /// The value that stands here. Of two members of one name the later counts, as in Python.
    package mutating func readValue() throws(JSONFault) -> JSONValue {
        budget -= 1
        guard budget > 0 else { throw fault("more values than any such file has") }
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try readObject { (reader, key) throws(JSONFault) in
                members[String(decoding: key, as: UTF8.self)] = try reader.readValue()
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try readArray { reader throws(JSONFault) in elements.append(try reader.readValue()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(String(decoding: try readString(), as: UTF8.self))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try readNumber())
        }
    }

    private mutating func literal(_ name: String, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        guard bytes[place...].starts(with: name.utf8) else { throw fault("expected a value") }
        place += name.utf8.count
        return value
    }
}
