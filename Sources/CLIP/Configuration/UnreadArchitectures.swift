import ModelHub

/// Published architectures that are not read, and why: nobody is to fetch gigabytes that are then refused.
enum UnreadArchitectures {
    /// Parts of open_clip's names, and what is not read of such models. The first that fits counts.
    private static let reasons = [
        ("xlm-roberta", "its text tower is XLM-RoBERTa"), ("roberta-", "its text tower is RoBERTa"),
        ("nllb-clip", "its text tower is NLLB"), ("mt5-", "its text tower is mT5"),
        ("ViTamin-", "its image tower is a ViTamin"),
        ("MobileCLIP", "its image tower is MobileCLIP's, or ends in a head of timm's"),
        ("PE-Core-", "its image tower is a Perception Encoder"),
        ("CLIPA", "its texts are tokens of BERT's English vocabulary"),
        ("worldwide", "its texts are tokens of XLM-V"),
    ]

    /// What is not read of a model that open_clip calls so; nil where nothing is known to be in the way.
    static func reason(_ model: String) -> String? { reasons.first { model.contains($0.0) }?.1 }

    /// - Throws: ``CLIPError/unreadArchitecture(name:reason:)`` for what open_clip calls an architecture that is not read.
    static func check(architecture name: String) throws {
        guard HubNames.checkpoints.contains(where: { $0.model == name }), let reason = reason(name) else { return }
        throw CLIPError.unreadArchitecture(name: name, reason: reason)
    }

    /// - Throws: ``CLIPError/unreadArchitecture(name:reason:)`` for a source whose architecture is known and not read.
    static func check(_ source: ModelSource, called name: String) throws {
        guard case .repository(let repository) = source else { return }
        let model = HubNames.checkpoints.first { $0.repository == repository.id }?.model
        if let reason = model.flatMap(reason) { throw CLIPError.unreadArchitecture(name: name, reason: reason) }
    }
}
