/// A model repository of the Hugging Face hub at one revision.
public struct HubRepository: Sendable, Hashable, CustomStringConvertible {
    /// `owner/name`, or `name` alone for the hub's oldest repositories.
    public let id: String
    /// A branch, a tag, a reference or a commit.
    public let revision: String

    /// - Throws: ``ModelHubError/invalidName(kind:name:reason:)``.
    public init(_ id: String, revision: String = "main") throws(ModelHubError) {
        try SafeName.checkRepository(id)
        try SafeName.checkRevision(revision)
        self.id = id
        self.revision = revision
    }

    public var description: String { revision == "main" ? id : "\(id)@\(revision)" }
}
