/// A data file of named sections holding hexadecimal items: `a`, `a-b`, `a:x,y` or `a-b:x`, split by white space.
struct DataSections {
    struct Item {
        var first: Int
        var last: Int
        var values: [UInt32]
    }

    let name: String
    private var sections: [String: [Item]] = [:]

    /// - Throws: ``CLIPTextError/resourceMalformed(name:line:reason:)``.
    init(name: String, bytes: [UInt8]) throws(CLIPTextError) {
        self.name = name
        var current = ""
        var items: [Item] = []
        var line = 0
        for row in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            guard let first = row.first, first != UInt8(ascii: "#") else { continue }
            if first == UInt8(ascii: "[") {
                sections[current] = items
                current = String(decoding: row.dropFirst().dropLast(), as: UTF8.self)
                items = []
                continue
            }
            for word in row.split(separator: UInt8(ascii: " ")) {
                guard let item = Self.item(word) else {
                    let text = String(decoding: word, as: UTF8.self)
                    throw .resourceMalformed(name: name, line: line, reason: "\"\(text)\" is not an item")
                }
                items.append(item)
            }
        }
        sections[current] = items
    }

    /// The items of a section.
    func items(_ section: String) throws(CLIPTextError) -> [Item] {
        guard let items = sections[section] else {
            throw .resourceMalformed(name: name, line: 0, reason: "section [\(section)] is missing")
        }
        return items
    }

    /// The code points of a section whose items carry no values.
    func members(_ section: String) throws(CLIPTextError) -> [UInt32] {
        try items(section).flatMap { item in (item.first...item.last).map { UInt32($0) } }
    }

    /// The mappings of a section whose items carry values.
    func mapping(_ section: String) throws(CLIPTextError) -> [UInt32: [UInt32]] {
        var map: [UInt32: [UInt32]] = [:]
        for item in try items(section) {
            for point in item.first...item.last { map[UInt32(point)] = item.values }
        }
        return map
    }

    private static func item(_ word: ArraySlice<UInt8>) -> Item? {
        var numbers: [Int] = [0]
        var digits = 0
        var dash = false
        var colon = false
        for byte in word {
            switch byte {
            case UInt8(ascii: "-") where !dash && !colon && digits > 0: dash = true
            case UInt8(ascii: ":") where !colon && digits > 0: colon = true
            case UInt8(ascii: ",") where colon && digits > 0: break
            default:
                guard let digit = hexDigit(byte), digits < 6 else { return nil }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] << 4 | digit
                digits += 1
                continue
            }
            numbers.append(0)
            digits = 0
        }
        let valuesStart = dash ? 2 : 1
        let last = dash && numbers.count > 1 ? numbers[1] : numbers[0]
        guard digits > 0, colon == (numbers.count > valuesStart) else { return nil }
        guard last >= numbers[0], last < 0x110000 else { return nil }
        return Item(first: numbers[0], last: last, values: numbers[valuesStart...].map { UInt32($0) })
    }
}

/// The value of an ASCII hexadecimal digit.
func hexDigit(_ byte: UInt8) -> Int? {
    switch byte {
    case 0x30...0x39: Int(byte) - 0x30
    case 0x41...0x46: Int(byte) - 0x41 + 10
    case 0x61...0x66: Int(byte) - 0x61 + 10
    default: nil
    }
}
