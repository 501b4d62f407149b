import Failures
import Foundation

/// Why a list of texts could not be read.
enum TextFileError: Failure {
    case missing(path: String)
    case notUTF8(path: String, line: Int)

    var kind: FailureKind {
        if case .missing = self { .missingInput } else { .badData }
    }

    var description: String {
        switch self {
        case .missing(let path): "\(path): no such file, or it may not be read."
        case .notUTF8(let path, let line): "\(path): line \(line) is not valid UTF-8. Save the file as UTF-8."
        }
    }
}

/// Files with one text a line.
enum TextFile {
    /// The lines of a file that are not blank, trimmed.
    static func lines(_ path: String) throws -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
            let data = FileManager.default.contents(atPath: path)
        else { throw TextFileError.missing(path: path) }
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
