import Torch

extension ParameterLayout {
    /// Which layout a checkpoint's names are in, by names that only it has.
    /// - Throws: ``CLIPError/unknownLayout(path:examples:)``.
    static func detected(in checkpoint: Checkpoint) throws -> ParameterLayout {
        let vision = TowerNaming.detected(among: TowerFamilies.image.flatMap { $0.namings }, in: checkpoint)
        let text = TowerNaming.detected(among: TowerFamilies.text.flatMap { $0.namings }, in: checkpoint)
        let decoder = TowerNaming.detected(among: [.openCLIPCaptionDecoder], in: checkpoint)
        let layout = ParameterLayout(vision: vision, text: text, captionDecoder: decoder)
        let names = checkpoint.tensors.keys
        // A tower that is not recognized must not be there at all.
        let isWhole = vision != nil && text != nil
        guard isWhole || (vision != nil || text != nil) && names.allSatisfy(layout.knows) else {
            throw CLIPError.unknownLayout(path: checkpoint.path, examples: Array(names.sorted().prefix(3)))
        }
        return layout
    }

    private func knows(_ entry: String) -> Bool { parameter(of: entry) != nil || isIgnored(entry) }
}

extension Checkpoint {
    /// Whether only OpenAI can have written the file: their archives state three numbers that no one else's do. Their
    /// models all use QuickGELU. That a file holds TorchScript proves nothing: anyone can write one.
    var isOpenAIs: Bool { TowerNaming.openAIConstants.allSatisfy { tensors[$0] != nil } }

    /// Whose weights they are, where those have QuickGELU and heads of 64 and nobody else's have such names; else nil.
    var provenPublisher: String? { isOpenAIs ? "OpenAI" : isLongCLIPs ? "LongCLIP" : nil }
}
