import Foundation

/// A table of pictures and the groups that they belong to.
package enum GroupFile {
    /// The groups by picture: a line `picture,group` each; a first line of `picture,group` or `path,group` is a header.
    /// - Throws: ``EvaluationError/damaged(path:reason:)`` with the line that is not two fields.
    package static func read(_ path: String) throws -> [String: String] {
        var groups: [String: String] = [:]
        for (row, line) in try PackedFile.lines(path).enumerated() where !line.isEmpty {
            // Paths may hold commas: the group comes last.
            guard let comma = line.lastIndex(of: ",") else {
                throw EvaluationError.damaged(
                    path: path, reason: "line \(row + 1) is not a picture, a comma and a group")
            }
            let picture = line[..<comma].trimmingCharacters(in: .whitespaces)
            let group = line[line.index(after: comma)...].trimmingCharacters(in: .whitespaces)
            if row == 0, group == "group" { continue }
            guard !picture.isEmpty, !group.isEmpty else {
                throw EvaluationError.damaged(path: path, reason: "line \(row + 1) has an empty field")
            }
            groups[picture] = group
        }
        return groups
    }
}
