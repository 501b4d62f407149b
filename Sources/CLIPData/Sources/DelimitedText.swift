import Foundation

/// The records of a CSV or TSV file, kept as bytes and cut into fields on demand.
///
/// As RFC 4180 and pandas read it: a field that begins with a double quote ends at the next lone one, doubled quotes
/// stand for one, and separators and line ends within are text. A quote elsewhere is text. Lines end in LF, CRLF or
/// CR; empty lines and a byte order mark are passed over.
struct DelimitedText: Sendable {
    /// Where the records begin and end (without their line ends).
    let records: [Range<Int>]
    /// The line, from 1, in which each record begins.
    let lines: [Int]
    let separator: UInt8
    private let bytes: [UInt8]

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// A quoted field that is never closed, and the line in which its record begins.
    struct UnclosedQuote: Error { let line: Int }

    init(_ data: Data, separator: UInt8) throws(UnclosedQuote) {
        let bytes = [UInt8](data)
        var records: [Range<Int>] = []
        var lines: [Int] = []
        var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var line = 1
        while index < bytes.count {
            let (start, startLine) = (index, line)
            while index < bytes.count, !Self.endsLine(bytes[index]) {
                if bytes[index] == Self.quote {
                    guard let end = Self.endOfQuoted(bytes, from: index, countingIn: &line) else {
                        throw UnclosedQuote(line: startLine)
                    }
                    index = end
                }
                while index < bytes.count, bytes[index] != separator, !Self.endsLine(bytes[index]) { index += 1 }
                if index < bytes.count, bytes[index] == separator { index += 1 }
            }
            if index > start {
                records.append(start..<index)
                lines.append(startLine)
            }
            if index < bytes.count {
                let isPair = bytes[index] == Self.carriageReturn && index + 1 < bytes.count
                index += isPair && bytes[index + 1] == Self.lineFeed ? 2 : 1
                line += 1
            }
        }
        self.records = records
        self.lines = lines
        self.separator = separator
        self.bytes = bytes
    }

    /// The fields of a record, unquoted; they need not be valid UTF-8.
    func fields(of record: Int) -> [Data] {
        let range = records[record]
        var fields: [Data] = []
        var field: [UInt8] = []
        var index = range.lowerBound
        var isAtStart = true
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == separator {
                fields.append(Data(field))
                field = []
                isAtStart = true
                index += 1
                continue
            }
            if isAtStart, byte == Self.quote {
                index += 1
                while index < range.upperBound {
                    if bytes[index] == Self.quote {
                        guard index + 1 < range.upperBound, bytes[index + 1] == Self.quote else { break }
                        index += 1
                    }
                    field.append(bytes[index])
                    index += 1
                }
                index += 1
            } else {
                field.append(byte)
                index += 1
            }
            isAtStart = false
        }
        fields.append(Data(field))
        return fields
    }

    /// The index after the closing quote of the field that opens at `start`, or `nil` without one.
    private static func endOfQuoted(_ bytes: [UInt8], from start: Int, countingIn line: inout Int) -> Int? {
        var index = start + 1
        while index < bytes.count {
            if bytes[index] == quote {
                guard index + 1 < bytes.count, bytes[index + 1] == quote else { return index + 1 }
                index += 1
            } else if bytes[index] == lineFeed {
                line += 1
            }
            index += 1
        }
        return nil
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == lineFeed || byte == carriageReturn }
}
