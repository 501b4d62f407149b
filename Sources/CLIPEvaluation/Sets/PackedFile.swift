import Files
import Foundation

/// Files that hold many pictures' values, or lists.
enum PackedFile {
    /// The bytes of a file, decompressed where its name ends in `.gz`.
    /// - Throws: ``EvaluationError/file(_:)``, ``EvaluationError/damaged(path:reason:)``.
    static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
        let bytes = try EvaluationError.wrapping { () throws(FileFault) in try WholeFile.bytes(path, limit: limit) }
        guard path.hasSuffix(".gz") else { return bytes }
        guard let inflated = Inflate.gzip(bytes, limit: limit) else {
            throw EvaluationError.damaged(path: path, reason: "its gzip stream is damaged, cut off or too long")
        }
        return inflated
    }

    /// A text's lines without white space around them. Empty ones keep their place, but for those at the end.
    /// - Throws: as ``bytes(_:limit:)``.
    static func lines(_ path: String) throws -> [String] {
        let data = Data(try bytes(path, limit: 1 << 26))
        let text: String
        do throws(PlainText.Fault) { text = try PlainText.string(data) } catch {
            throw EvaluationError.damaged(path: path, reason: "\(error)")
        }
        var lines = PlainText.lines(text).map { $0.trimmingCharacters(in: .whitespaces) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Names of classes, one a line.
    /// - Throws: as ``bytes(_:limit:)``; for an empty line among others, since labels count lines.
    static func names(_ path: String) throws -> [String] {
        let names = try lines(path)
        guard !names.isEmpty else { throw EvaluationError.damaged(path: path, reason: "it names no classes") }
        if let empty = names.firstIndex(of: "") {
            throw EvaluationError.damaged(
                path: path, reason: "line \(empty + 1) is empty, and labels count lines; write the class's name there")
        }
        return names
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
