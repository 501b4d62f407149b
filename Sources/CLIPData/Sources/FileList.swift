import Foundation

/// The files that a specification such as `a.tar::b-{00..07}.tar::more/*.tar` stands for.
enum FileList {
    /// Splits at `::`, expands braces, then `*`, `?` and `[]` against the disk (sorted by name).
    ///
    /// - Throws: ``CLIPDataError/missing(path:)`` for the first file that does not exist,
    ///   ``CLIPDataError/invalidSpecification(specification:reason:)`` for what cannot be expanded.
    static func expand(_ specification: String) throws(CLIPDataError) -> [String] {
        var paths: [String] = []
        for name in try names(specification) {
            if FileManager.default.fileExists(atPath: name) {
                paths.append(name)
            } else if name.contains(where: { "*?[".contains($0) }) {
                let matches = glob(name)
                guard !matches.isEmpty else {
                    throw .invalidSpecification(specification: specification, reason: "nothing matches '\(name)'")
                }
                paths += matches
            } else {
                throw .missing(path: name)
            }
        }
        return paths
    }

    /// The names before the disk is looked at.
    static func names(_ specification: String) throws(CLIPDataError) -> [String] {
        if specification.contains("://") || specification.hasPrefix("pipe:") {
            throw .invalidSpecification(
                specification: specification, reason: "only files on disk are read; copy the data to a folder first")
        }
        var names: [String] = []
        for part in specification.components(separatedBy: "::") {
            guard !part.isEmpty, !part.utf8.contains(0) else {
                throw .invalidSpecification(specification: specification, reason: "a file name is empty")
            }
            names += try BraceExpansion.expand(part)
            guard names.count <= BraceExpansion.maximumNames else {
                throw .invalidSpecification(specification: specification, reason: "it stands for too many files")
            }
        }
        return names
    }

    private static func glob(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard Foundation.glob(pattern, GLOB_NOSORT | GLOB_NOESCAPE, nil, &result) == 0 else { return [] }
        let matches = (0..<Int(result.gl_pathc)).compactMap { index in
            result.gl_pathv[index].map { String(cString: $0) }
        }
        return matches.sorted()
    }
}
