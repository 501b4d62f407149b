import Foundation

/// The families of checkpoints, each with tokenizer files of its own.
public enum TokenizerFamily: String, Codable, Sendable, CaseIterable {
    /// OpenAI's CLIP and what shares its vocabulary: byte-level BPE.
    case clip
    /// SigLIP: a SentencePiece Unigram model.
    case sigLIP
    /// SigLIP 2: Gemma's byte-pair encoding.
    case sigLIP2
    /// Chinese-CLIP: BERT's WordPiece.
    case chineseCLIP
    /// Other BERTs: WordPiece with a vocabulary of their own.
    case bert

    /// The context of the family's published models.
    public var usualContextLength: Int {
        switch self {
        case .clip, .bert: 77
        case .sigLIP, .sigLIP2: 64
        case .chineseCLIP: 52
        }
    }
}

/// Finds the tokenizer in a checkpoint's directory.
public enum TokenizerFiles {
    /// The tokenizer that a checkpoint's directory holds.
    ///
    /// | family | files, the first found counts | rules |
    /// |---|---|---|
    /// | `clip` | tokenizer.json; vocab.json with merges.txt | `transformers`; the authors' are ``CLIPTokenizer``, without files |
    /// | `sigLIP` | spiece.model; sentencepiece.model; tokenizer.model; tokenizer.json (Unigram) | both |
    /// | `sigLIP2` | tokenizer.json (BPE); tokenizer.model | both |
    /// | `chineseCLIP` | vocab.txt; tokenizer.json (WordPiece) | both |
    /// | `bert` | vocab.txt; tokenizer.json (WordPiece) | `transformers`, which `open_clip` asks too |
    ///
    /// - Parameters:
    ///   - directory: Where the files are.
    ///   - family: What the checkpoint is.
    ///   - contextLength: The most tokens a text may have; the family's usual one when nil.
    ///   - rules: Whose reading of a text is followed. Nil follows what published the directory: `open_clip` where there
    ///     is an `open_clip_config.json`, else `transformers`.
    /// - Throws: ``CLIPTextError/tokenizerMissing(directory:searched:)`` when there is none of the files, another
    ///   ``CLIPTextError`` when one is damaged.
    public static func tokenizer(
        directory: URL, family: TokenizerFamily, contextLength: Int? = nil, rules: TextRules? = nil
    ) throws(CLIPTextError) -> any TextTokenizer {
        let contextLength = contextLength ?? family.usualContextLength
        let isOpenCLIP = exists("open_clip_config.json", directory)
        let rules = rules ?? (isOpenCLIP ? .authors : .transformers)
        switch family {
        case .clip:
            // open_clip does not read the vocabulary beside its own models: it is the one it ships with.
            if rules == .authors { return try CLIPTokenizer(contextLength: contextLength) }
            return try HuggingFaceCLIPTokenizer(directory: directory, contextLength: contextLength)
        case .sigLIP:
            return try SentencePieceTokenizer(directory: directory, contextLength: contextLength, rules: rules)
        case .sigLIP2:
            if !exists("tokenizer.json", directory), exists("tokenizer.model", directory) {
                return try SentencePieceTokenizer(
                    directory: directory, contextLength: contextLength,
                    style: rules == .authors ? .canonicalText : .lowerCase, endName: "<eos>", padName: "<pad>")
            }
            guard exists("tokenizer.json", directory) else {
                throw .tokenizerMissing(directory: directory.path, searched: GemmaTokenizer.fileNames)
            }
            return try GemmaTokenizer(directory: directory, contextLength: contextLength, rules: rules)
        case .bert:
            return try WordPieceTokenizer(directory: directory, contextLength: contextLength, rules: .transformers)
        case .chineseCLIP:
            return try WordPieceTokenizer(directory: directory, contextLength: contextLength, rules: rules)
        }
    }

    private static func exists(_ name: String, _ directory: URL) -> Bool {
        FileManager.default.fileExists(atPath: directory.appendingPathComponent(name).path)
    }
}
