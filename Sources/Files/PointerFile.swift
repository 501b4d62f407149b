import Foundation

/// A few lines that a clone holds in place of a large file that was not fetched.
public enum PointerFile {
    /// Whose lines they are.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
        case gitLFS = "Git LFS"
        /// https://git-annex.branchable.com/internals/pointer_file/
        case gitAnnex = "git-annex"
    }

    /// A pointer has less than 1024 bytes, says Git LFS; git-annex' is a path.
    static let mostBytes = 1024

    /// How pointers begin: today's Git LFS, and its two names before.
    private static let beginnings: [(Kind, String)] = [
        (.gitLFS, "version https://git-lfs.github.com/spec/"), (.gitLFS, "version https://hawser.github.com/spec/"),
        (.gitLFS, "version http://git-media.io/v/"), (.gitAnnex, "/annex/objects/"),
    ]

    /// What a whole file's bytes stand for; nil for a file that stands for itself.
    package static func cause(_ bytes: some Collection<UInt8>) -> FileFault.Cause? {
        guard bytes.count <= mostBytes, let kind = beginnings.first(where: { bytes.starts(with: $0.1.utf8) })?.0 else {
            return nil
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let size = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("size ") }
        return .pointer(kind, bytes: size.flatMap { Int($0.dropFirst(5)) })
    }

    /// Refuses a file that only stands for another.
    static func check(_ bytes: some Collection<UInt8>, _ path: String, _ operation: FileFault.Operation)
        throws(FileFault)
    {
        if let cause = cause(bytes) { throw FileFault(path, operation, cause) }
    }
}
