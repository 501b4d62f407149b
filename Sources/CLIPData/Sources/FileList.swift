import Foundation

/// The files that a specification such as `a.tar::b-{00..07}.tar::more/*.tar` stands for.
enum FileList {
    /// Splits at `::`, expands braces, then `*`, `?` and `[]` against the disk (sorted by name). Addresses of servers
    /// are not looked up; `file://` addresses become paths.
    ///
    /// - Returns: For each part between `::` the files it stands for.
    /// - Throws: ``CLIPDataError/file(_:)`` for the first file that does not exist,
    ///   ``CLIPDataError/invalidSpecification(specification:reason:)`` for what cannot be expanded.
    static func expand(_ specification: String) throws(CLIPDataError) -> [[String]] {
        var parts: [[String]] = []
        for names in try names(specification) {
            var paths: [String] = []
            for name in names {
                if RemoteShards.isRemote(name) || FileManager.default.fileExists(atPath: name) {
                    paths.append(name)
                } else if name.contains(where: { "*?[".contains($0) }) {
                    let matches = glob(name)
                    guard !matches.isEmpty else { throw .noMatch(pattern: name) }
                    paths += matches
                } else {
                    throw .missing(name)
                }
            }
            parts.append(paths)
        }
        return parts
    }

    /// The names before the disk is looked at, for each part between `::`.
    static func names(_ specification: String) throws(CLIPDataError) -> [[String]] {
        var parts: [[String]] = []
        var count = 0
        for part in Self.parts(of: specification) {
            guard !part.isEmpty, !part.utf8.contains(0) else {
                throw .invalidSpecification(specification: specification, reason: "a file name is empty")
            }
            var names: [String] = []
            for name in try BraceExpansion.expand(part) { names.append(try location(name, in: specification)) }
            count += names.count
            guard count <= BraceExpansion.maximumNames else {
                throw .invalidSpecification(specification: specification, reason: "it stands for too many files")
            }
            parts.append(names)
        }
        return parts
    }

    /// Splits at `::`, but not within the brackets of a host such as `http://[::1]:8080/`.
    private static func parts(of specification: String) -> [String] {
        var parts = [""]
        var isHost = false
        var rest = specification[...]
        while let character = rest.first {
            if rest.hasPrefix("://[") { isHost = true }
            if character == "]" { isHost = false }
            if !isHost, rest.hasPrefix("::"), !rest.hasPrefix("://") {
                parts.append("")
                rest = rest.dropFirst(2)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts
    }

    /// A path, or the address of a shard on a server.
    private static func location(_ name: String, in specification: String) throws(CLIPDataError) -> String {
        if name.lowercased().hasPrefix("file://") {
            guard let url = URL(string: name), url.host ?? "" == "" || url.host == "localhost", !url.path.isEmpty else {
                throw .invalidSpecification(
                    specification: specification, reason: "'\(name)' names no file on this machine")
            }
            return url.path
        }
        if RemoteShards.isRemote(name) {
            _ = try RemoteShards.url(name)
            return name
        }
        guard !name.contains("://"), !name.hasPrefix("pipe:") else {
            throw .invalidSpecification(
                specification: specification,
                reason:
                    "shards are read from disk and from http://, https:// and file:// addresses; commands are never "
                    + "run")
        }
        return name
    }

    private static func glob(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard Foundation.glob(pattern, GLOB_NOSORT | GLOB_NOESCAPE, nil, &result) == 0 else { return [] }
        let matches = (0..<Int(result.gl_pathc)).compactMap { index in
            result.gl_pathv[index].map { String(cString: $0) }
        }
        return FolderWalk.sorted(matches)
    }
}
