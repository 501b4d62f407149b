/// Where a model named by a user comes from.
public enum ModelSource: Sendable, Hashable {
    /// A repository of the Hugging Face hub.
    case repository(HubRepository)
    /// One of OpenAI's own checkpoints, which lie on a server of theirs.
    case openAI(OpenAIModel)
}

/// The names that public checkpoints go by.
public enum HubNames {
    /// A checkpoint that open_clip knows by a model's name and the tag of its training.
    public struct Checkpoint: Sendable, Hashable {
        /// As `ViT-B-32`.
        public let model: String
        /// As `laion2b_s34b_b79k`.
        public let tag: String
        /// As `laion/CLIP-ViT-B-32-laion2B-s34B-b79K`.
        public let repository: String
        let isQuick: Bool
    }

    /// open_clip's checkpoints that are on the hub.
    public static let checkpoints: [Checkpoint] = PretrainedTable.text.split(separator: "\n").compactMap { line in
        let fields = line.split(separator: " ").map(String.init)
        guard fields.count >= 3 else { return nil }
        return Checkpoint(model: fields[0], tag: fields[1], repository: fields[2], isQuick: fields.count > 3)
    }

    /// Well-known repositories in the layout of Hugging Face's transformers, which open_clip's table lacks.
    public static let repositories = [
        "openai/clip-vit-base-patch32", "openai/clip-vit-base-patch16", "openai/clip-vit-large-patch14",
        "openai/clip-vit-large-patch14-336",
        "google/siglip-base-patch16-224", "google/siglip-base-patch16-256", "google/siglip-base-patch16-384",
        "google/siglip-large-patch16-256", "google/siglip-large-patch16-384", "google/siglip-so400m-patch14-384",
        "google/siglip2-base-patch16-224", "google/siglip2-base-patch16-256", "google/siglip2-large-patch16-256",
        "google/siglip2-so400m-patch14-384",
        "OFA-Sys/chinese-clip-vit-base-patch16", "OFA-Sys/chinese-clip-vit-large-patch14",
        "OFA-Sys/chinese-clip-vit-large-patch14-336px", "OFA-Sys/chinese-clip-vit-huge-patch14",
        "OFA-Sys/chinese-clip-rn50",
    ]

    /// Every name of a published model that is known: OpenAI's, open_clip's with their tags, and repositories.
    public static var published: [String] { models + repositories }

    /// OpenAI's names, and open_clip's with their tags.
    private static let models = OpenAIModel.all.map(\.name) + checkpoints.map { "\($0.model)/\($0.tag)" }

    private static let repositoryPrefixes = ["hf-hub:", "hf_hub:"]

    /// Whether a name says that a repository is meant.
    package static func isRepository(_ name: String) -> Bool { repositoryPrefixes.contains(where: name.hasPrefix) }

    /// Understands a model's name:
    /// - `hf-hub:owner/name` or `owner/name`, with `@revision` if wanted;
    /// - `ViT-B-32/laion2b_s34b_b79k` (or with a colon), as open_clip names model and tag;
    /// - `ViT-B/32`, as OpenAI names its own.
    ///
    /// - Throws: ``ModelHubError/unknownModel(name:suggestions:)`` or ``ModelHubError/invalidName(kind:name:reason:)``.
    public static func source(of name: String) throws(ModelHubError) -> ModelSource {
        for prefix in repositoryPrefixes where name.hasPrefix(prefix) {
            return .repository(try repository(String(name.dropFirst(prefix.count))))
        }
        if let model = OpenAIModel.named(name) { return .openAI(model) }
        let parts = name.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "/" || $0 == ":" }.map(
            String.init)
        guard parts.count == 2 else { throw .unknownModel(name: name, suggestions: suggestions(for: name)) }
        if let checkpoint = try checkpoint(model: parts[0], tag: parts[1], name: name) {
            return .repository(try HubRepository(checkpoint.repository))
        }
        guard !name.contains(":") else { throw .unknownModel(name: name, suggestions: suggestions(for: name)) }
        // Nobody's repository differs by a letter or two from what OpenAI or open_clip calls a model.
        let near = repositories.contains(name) ? [] : NearNames.nearest(to: name, among: models, within: 2)
        guard near.isEmpty else { throw .unknownModel(name: name, suggestions: near) }
        return .repository(try repository(name))
    }

    private static func repository(_ text: String) throws(ModelHubError) -> HubRepository {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return parts.count == 2 ? try HubRepository(parts[0], revision: parts[1]) : try HubRepository(text)
    }

    /// `nil` if no model of open_clip's is called so. Tags are compared as open_clip does, '-' for '_' and case aside.
    private static func checkpoint(
        model: String, tag: String, name: String
    ) throws(ModelHubError) -> Checkpoint? {
        let quick = "-quickgelu"
        let wantsQuick = model.hasSuffix(quick)
        let base = wantsQuick ? String(model.dropLast(quick.count)) : model
        let candidates = checkpoints.filter { $0.model == base && (!wantsQuick || $0.isQuick) }
        guard !candidates.isEmpty else { return nil }
        func cleaned(_ tag: String) -> String { tag.lowercased().split(separator: "-").joined(separator: "_") }
        guard let found = candidates.first(where: { $0.tag == cleaned(tag) }) else {
            let known = candidates.map { "\(model)/\($0.tag)" }
            let near = NearNames.nearest(to: name, among: known)
            throw .unknownModel(name: name, suggestions: near.isEmpty ? known : near)
        }
        return found
    }

    private static func suggestions(for name: String) -> [String] {
        let near = NearNames.nearest(to: name, among: published)
        return near.isEmpty ? OpenAIModel.all.map(\.name) : near
    }
}
