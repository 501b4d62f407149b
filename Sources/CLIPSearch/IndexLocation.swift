import CLIP

/// Where an index is kept: a folder, or a database of PostgreSQL.
public struct IndexLocation: Sendable, Equatable, CustomStringConvertible {
    /// A folder, or an address that begins with `postgresql://` or `postgres://`; that may hold a password.
    public let text: String

    public init(_ text: String) { self.text = text }

    /// As it may be shown: without a password.
    public var description: String {
        guard isServer else { return text }
        return (try? PostgresAddress(text).location) ?? "postgresql://…"
    }

    private var isServer: Bool { PostgresAddress.matches(text) }

    /// Opens the index that is there.
    /// - Parameter onNotice: told what would help the place it is kept in; from any thread.
    /// - Throws: ``SearchError``.
    public func open(onNotice: @escaping @Sendable (String) -> Void = { _ in }) throws -> any PictureIndex {
        isServer ? try PostgresIndex(address: text, onNotice: onNotice) : try SearchIndex(path: text)
    }

    /// Opens the index that is there, or makes one for a space's vectors.
    /// - Parameter onNotice: told what would help the place it is kept in; from any thread.
    /// - Throws: ``SearchError``.
    public func open(
        for space: EmbeddingSpace, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> any PictureIndex {
        isServer
            ? try PostgresIndex(address: text, space: space, onNotice: onNotice)
            : try SearchIndex(path: text, space: space)
    }
}
