/// What decides a tokenizer's ids: two tokenizers with equal identities give equal ids for every text.
public struct TokenizerIdentity: Codable, Equatable, Sendable {
    /// The engine: "clip-bpe", "sentencepiece", "gemma-bpe" or "wordpiece".
    public var kind: String
    public var contextLength: Int
    public var vocabularySize: Int
    /// What is done to a text before tokens are looked for, and by whose rules: "ftfy+lower", "nfc+lower", "lower",
    /// "canonical", "ftfy+canonical", "bert" or "bert-hf".
    public var cleaning: String
    /// Hash of the vocabulary, the merges or scores, and the special tokens (32 hexadecimal digits).
    public var contentHash: String

    public init(kind: String, contextLength: Int, vocabularySize: Int, cleaning: String, contentHash: String) {
        self.kind = kind
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.cleaning = cleaning
        self.contentHash = contentHash
    }
}
