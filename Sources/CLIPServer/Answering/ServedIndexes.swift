import CLIP
import CLIPSearch
import Foundation

/// Indexes by the names that requests call them.
public struct ServedIndexes: Sendable {
    /// An index and its name.
    public struct Entry: Sendable {
        /// What requests call it.
        public let name: String
        /// What is searched.
        public let index: any PictureIndex

        public init(name: String, index: any PictureIndex) {
            self.name = name
            self.index = index
        }
    }

    /// In the order given; the first is asked where a request names none.
    public let entries: [Entry]

    public init(_ entries: [Entry]) { self.entries = entries }

    /// - Parameter name: nil for the first.
    /// - Throws: ``ServerError`` (404).
    func find(_ name: String?) throws -> Entry {
        guard let name, !name.isEmpty else {
            guard let first = entries.first else {
                throw ServerError(404, "no_index", "The server was started without an index.", parameter: "index")
            }
            return first
        }
        guard let entry = entries.first(where: { $0.name == name }) else {
            let names = entries.map(\.name).joined(separator: ", ")
            throw ServerError(
                404, "index_not_found",
                "There is no index called \(name.prefix(100)); there are: \(names.isEmpty ? "none" : names).",
                parameter: "index")
        }
        return entry
    }
}
