import Transfer

/// Which names may become part of a path or an address. Names come from users, from hubs and from caches; one that
/// could lead out of its folder is refused, never cleaned.
enum SafeName {
    /// `owner/name`, or `name` alone as the hub's oldest repositories have it; the hub's own rules.
    static func checkRepository(_ id: String) throws(ModelHubError) {
        func fail(_ reason: String) -> ModelHubError { .invalidName(kind: "repository", name: id, reason: reason) }
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), id.utf8.count <= 96 else { throw fail("it should be owner/name") }
        for part in parts {
            guard let first = part.utf8.first, let last = part.utf8.last else { throw fail("a part of it is empty") }
            guard part.utf8.allSatisfy({ isLetterOrDigit($0) || "-_.".utf8.contains($0) }) else {
                throw fail("only letters, digits, '-', '_' and '.' are allowed")
            }
            guard !"-.".utf8.contains(first), !"-.".utf8.contains(last) else {
                throw fail("'-' and '.' may not stand first or last")
            }
        }
        // The cache writes '/' as "--".
        guard !id.contains("--"), !id.contains("..") else { throw fail("'--' and '..' are not allowed") }
    }

    /// A branch, a tag, a commit, or a reference as `refs/pr/1`.
    static func checkRevision(_ revision: String) throws(ModelHubError) {
        try checkPath(revision, kind: "revision")
    }

    /// The path of a file inside a repository.
    static func checkFile(_ path: String) throws(ModelHubError) { try checkPath(path, kind: "file") }

    /// Relative, and without parts that lead elsewhere.
    private static func checkPath(_ path: String, kind: String) throws(ModelHubError) {
        func fail(_ reason: String) -> ModelHubError { .invalidName(kind: kind, name: path, reason: reason) }
        guard path.utf8.count <= 1024 else { throw fail("it is too long") }
        guard !path.utf8.contains(where: { $0 < 32 || $0 == 127 }) else { throw fail("it holds control characters") }
        guard !path.utf8.contains(UInt8(ascii: "\\")) else { throw fail("it holds a backslash") }
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw fail("it is absolute or has an empty part") }
            guard part != ".", part != ".." else { throw fail("it leads out of its folder") }
            guard part.utf8.count <= 255 else { throw fail("a part of it is too long") }
        }
    }

    /// The name of a blob in the cache: what the server calls its content.
    static func isBlob(_ tag: String) -> Bool {
        (1...128).contains(tag.utf8.count) && tag.utf8.first != UInt8(ascii: ".")
            && tag.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    static func isCommit(_ text: String) -> Bool { text.isHexadecimal(count: 40) }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
