import CLIP

/// Where an index is kept: a folder.
public struct IndexLocation: Sendable, Equatable, CustomStringConvertible {
    /// A folder.
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }

    /// Opens the index that is there.
    /// - Throws: ``SearchError``.
    public func open() throws -> any PictureIndex { try SearchIndex(path: text) }

    /// Opens the index that is there, or makes one for a space's vectors.
    /// - Throws: ``SearchError``.
    public func open(for space: EmbeddingSpace) throws -> any PictureIndex {
        try SearchIndex(path: text, space: space)
    }
}
