import Files
import Foundation

/// Why a list of texts could not be read.
enum TextFileError: Failure {
    case file(FileFault)
    case notUTF8(path: String, line: Int)

    var kind: FailureKind {
        if case .file(let fault) = self { fault.kind } else { .badData }
    }

    var description: String {
        switch self {
        case .file(let fault): "\(fault)"
        case .notUTF8(let path, let line): "\(path): line \(line) is not valid UTF-8. Save the file as UTF-8."
        }
    }
}

/// Files with one text a line.
enum TextFile {
    /// More than ten million texts take.
    private static let mostBytes = 1 << 30

    /// The lines of a file, or of what a pipe brings, that are not blank, trimmed.
    static func lines(_ path: String) throws -> [String] {
        let data: Data
        do throws(FileFault) {
            data = try WholeFile.data(path, limit: mostBytes, allowingPipes: true)
        } catch {
            throw TextFileError.file(error)
        }
        var lines: [String] = []
        for (index, bytes) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let line = String(validating: bytes, as: UTF8.self) else {
                throw TextFileError.notUTF8(path: path, line: index + 1)
            }
            var trimmed = line.trimmingCharacters(in: .whitespacesAndNewlines)
            if index == 0, trimmed.hasPrefix("\u{FEFF}") { trimmed.removeFirst() }
            if !trimmed.isEmpty { lines.append(trimmed) }
        }
        return lines
    }

    /// Texts given one by one, then a file's.
    static func texts(_ given: [String], file: String?) throws -> [String] {
        try given + (file.map { try lines($0) } ?? [])
    }
}
