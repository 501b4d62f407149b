/// Which files of a repository are wanted.
public struct FileSelection: Sendable {
    /// Chooses among the names of all files.
    let choose: @Sendable ([String]) -> [String]
    /// Whether what an index of weights lists belongs to the choice, and weights must be part of it.
    let wantsWeights: Bool

    /// What a model needs: its configuration, its tokenizer, and its weights in the best layout there is. Safetensors
    /// come first, open_clip's layout before that of transformers; never two layouts.
    public static let model = FileSelection(
        choose: { names in
            let present = Set(names)
            let known = companions.filter(present.contains)
            return known + (weights.first(where: present.contains).map { [$0] } ?? [])
        }, wantsWeights: true)

    /// Configuration and tokenizer alone.
    public static let configuration = FileSelection(
        choose: { names in companions.filter(Set(names).contains) }, wantsWeights: false)

    /// All files of the repository.
    public static let everything = FileSelection(choose: { $0 }, wantsWeights: false)

    /// The files for whose names `isWanted` holds.
    public static func matching(_ isWanted: @escaping @Sendable (String) -> Bool) -> FileSelection {
        FileSelection(choose: { $0.filter(isWanted) }, wantsWeights: false)
    }

    /// Layouts of weights, best first. An index brings the files that it lists.
    static let weights = [
        "open_clip_model.safetensors", "model.safetensors", "model.safetensors.index.json",
        "open_clip_pytorch_model.bin", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]

    /// Files that are small and say how weights, texts and pictures are to be read.
    static let companions = [
        "open_clip_config.json", "config.json", "preprocessor_config.json", "processor_config.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
    ]

    static func isIndex(_ name: String) -> Bool { weights.contains(name) && name.hasSuffix(".index.json") }
}
