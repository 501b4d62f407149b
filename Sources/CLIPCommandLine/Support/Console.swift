import CLIP
import CLIPData
import Files
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where words go: answers to standard output, progress and complaints to standard error.
enum Console {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1

    static func error(_ message: String) { note("clip: error: \(message)") }

    static func warning(_ message: String) { note("clip: warning: \(message)") }

    /// A line on standard error.
    static func note(_ message: String) { write(toStandardError: oneLine(message) + "\n") }

    /// An answer's line on standard output.
    /// - Throws: `CLIPError.file(_:hint:)` where it cannot be written, as on a full disk.
    static func answer(_ line: String) throws { try write(answer: Data((oneLine(line) + "\n").utf8)) }

    /// What this program made to steer the terminal, as it is.
    static func draw(_ sequence: String) throws { try write(answer: Data(sequence.utf8)) }

    /// Where standard error cannot be written, there is nowhere to say so.
    private static func write(toStandardError text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    private static func write(answer: Data) throws {
        try CLIPError.wrapping { try StandardOutput.write(answer) }
    }

    /// File names and captions come from others: none of them may break a line, steer the terminal or turn the reading
    /// direction around, so that such characters are shown as `\\n` or `\\u{1B}`.
    static func oneLine(_ message: String) -> String {
        if message.unicodeScalars.allSatisfy({ !steers($0) }) { return message }
        return message.unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar {
            case _ where !steers(scalar): line.unicodeScalars.append(scalar)
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            default: line += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
    }

    private static func steers(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Marks, embeddings, overrides and isolates; the joiners of emoji and of Indic scripts are format characters too.
        case .format: scalar.properties.isBidiControl
        default: false
        }
    }

    /// The last line of a terminal, replaced again and again. Nothing where standard error is no terminal.
    static func status(_ line: String) {
        guard errorIsTerminal else { return }
        write(toStandardError: "\r\u{1B}[K\(oneLine(line))")
    }

    /// How far a list has been gone through.
    static func status(_ done: Int, of list: PictureList, called what: String = "pictures") {
        status("\(done)\(list.count.map { "/\($0)" } ?? "") \(what)")
    }

    static func endStatus() {
        guard errorIsTerminal else { return }
        write(toStandardError: "\r\u{1B}[K")
    }

    /// Waits for what runs on other threads.
    static func waiting<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) throws -> R {
        let done = DispatchSemaphore(value: 0)
        let box = ResultBox<R>()
        Task {
            do { box.result = .success(try await body()) } catch { box.result = .failure(error) }
            done.signal()
        }
        done.wait()
        guard let result = box.result else { throw CancellationError() }
        return try result.get()
    }

    /// Written before the semaphore is signaled, and read after.
    private final class ResultBox<R: Sendable>: @unchecked Sendable {
        var result: Result<R, any Error>?
    }

    /// One JSON document on standard output, property names in snake case.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write(answer: encoder.encode(value) + Data("\n".utf8))
    }

    /// A document that is JSON already.
    static func printJSON(encoded data: Data) throws { try write(answer: data + Data("\n".utf8)) }

    /// A document's plain values, as ``printJSON(_:)`` writes them.
    static func jsonObject(_ value: some Encodable) throws -> Any {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try JSONSerialization.jsonObject(with: encoder.encode(value))
    }

    /// One JSON document of plain values, whose keys are in snake case already.
    static func printJSON(object: [String: Any]) throws {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write(answer: JSONSerialization.data(withJSONObject: object, options: options) + Data("\n".utf8))
    }
}

/// Text in columns and bars for a terminal.
enum Table {
    /// Columns a string takes: East Asian wide characters and emoji take two.
    static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
    }

    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - Self.width(text)))
    }

    /// For numbers: blanks come first.
    static func rightAligned(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - Self.width(text))) + text
    }

    /// A bar of eighths of a character, `length` characters at a share of 1.
    static func bar(_ share: Double, length: Int) -> String {
        let eighths = Int((min(1, max(0, share)) * Double(length * 8)).rounded())
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }

    private static func isWide(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD:
            return true
        default:
            return false
        }
    }
}
