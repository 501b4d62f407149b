import Foundation

/// Text as people's files hold it: UTF-8, with or without a byte order mark, lines that end in LF, CRLF or CR.
package enum PlainText {
    /// Why bytes are no such text.
    package enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        /// Two bytes a character, as Windows' "Unicode text" has.
        case utf16
        case notUTF8(line: Int)

        package var description: String {
            switch self {
            case .utf16: "the text is UTF-16, not UTF-8"
            case .notUTF8(let line): "line \(line) is not valid UTF-8"
            }
        }
    }

    /// The text without its byte order mark.
    package static func string(_ data: Data) throws(Fault) -> String {
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        if isUTF16(bytes) { throw .utf16 }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        // Only a faulty text pays for this.
        var line = 1
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            guard String(validating: part, as: UTF8.self) != nil else { break }
            line += 1
        }
        throw .notUTF8(line: line)
    }

    /// The lines, without what ends them.
    package static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    /// By the byte order mark, or by the zeros that every second byte of mostly Latin text is without one.
    package static func isUTF16(_ bytes: Data) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        let head = Array(bytes.prefix(64))
        guard head.count >= 4 else { return false }
        func zeros(from start: Int) -> Int { stride(from: start, to: head.count, by: 2).count { head[$0] == 0 } }
        let (even, odd) = (zeros(from: 0), zeros(from: 1))
        return max(even, odd) >= head.count / 4 && min(even, odd) == 0
    }
}
