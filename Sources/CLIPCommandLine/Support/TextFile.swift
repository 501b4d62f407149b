import Files
import Foundation

/// Why a list of texts could not be read.
enum TextFileError: Failure {
    case file(FileFault)
    case unreadable(path: String, PlainText.Fault)

    var kind: FailureKind {
        if case .file(let fault) = self { fault.kind } else { .badData }
    }

    var description: String {
        switch self {
        case .file(let fault): "\(fault)"
        case .unreadable(let path, let fault): "\(path): \(fault). Save the file as UTF-8."
        }
    }
}

/// Files with one text a line.
enum TextFile {
    /// More than ten million texts take.
    private static let mostBytes = 1 << 30

    /// What stands for standard input where a file is asked for.
    static let standardInput = "-"

    /// The lines of a file, or of what a pipe brings, that are not blank, trimmed.
    static func lines(_ path: String) throws -> [String] {
        let place = path == standardInput ? "/dev/stdin" : path
        let data: Data
        do throws(FileFault) {
            data = try WholeFile.data(place, limit: mostBytes, allowingPipes: true)
        } catch {
            throw TextFileError.file(error)
        }
        do throws(PlainText.Fault) {
            return PlainText.lines(try PlainText.string(data)).compactMap { line in
                let trimmed = line.trimmingCharacters(in: .whitespacesAndNewlines)
                return trimmed.isEmpty ? nil : trimmed
            }
        } catch {
            throw TextFileError.unreadable(path: path == standardInput ? "standard input" : path, error)
        }
    }

    /// Texts given one by one, then a file's.
    static func texts(_ given: [String], file: String?) throws -> [String] {
        try given + (file.map { try lines($0) } ?? [])
    }
}
