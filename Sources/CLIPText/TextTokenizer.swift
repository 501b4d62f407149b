/// The tokens of one text, framed and cut to a tokenizer's context length.
public struct TokenizedText: Sendable, Equatable {
    /// Start-of-text, the text's tokens, end-of-text, as far as the family has them; at most the context length.
    /// Padded only where the text tower reads its padding (SigLIP): then the count is exactly the context length.
    public var tokens: [Int32]
    /// Whether tokens were left out because the text is longer than the context. End-of-text is kept all the same.
    public var wasTruncated: Bool
    /// How many tokens the whole text has, with start-of-text and end-of-text, without padding.
    public var originalCount: Int

    /// Tokens that are framed already.
    public init(tokens: [Int32], wasTruncated: Bool, originalCount: Int) {
        self.tokens = tokens
        self.wasTruncated = wasTruncated
        self.originalCount = originalCount
    }
}

extension TokenizedText {
    /// A text's tokens between start and end; too many are cut, the end kept.
    init(framing tokens: [Int32], start: Int32, end: Int32, contextLength: Int) {
        let kept = min(tokens.count, contextLength - 2)
        self.init(
            tokens: [start] + tokens[..<kept] + [end], wasTruncated: kept < tokens.count,
            originalCount: tokens.count + 2)
    }
}

/// Turns text into the token ids a text tower reads.
public protocol TextTokenizer: Sendable {
    /// The most tokens a text may have, framing included.
    var contextLength: Int { get }
    /// One more than the largest token id.
    var vocabularySize: Int { get }
    /// The id that fills a row after its last token.
    var padToken: Int32 { get }
    /// What decides the ids, to tell embedding spaces apart.
    var identity: TokenizerIdentity { get }
    /// The ability to write and read captions; nil where no model's captions are in this tokenizer's tokens.
    var captioning: (any CaptionTokenizer)? { get }

    /// The tokens of one text, framed and cut to the context.
    func tokenize(_ text: String) -> TokenizedText
    /// The tokens of each text; what tokenizers with caches do faster than one by one.
    func tokenize(_ texts: [String]) -> [TokenizedText]
}

/// A tokenizer whose tokens become text again, for models that write captions.
public protocol CaptionTokenizer: TextTokenizer {
    /// The token that begins every caption.
    var startToken: Int32 { get }
    /// The token that ends every caption.
    var endToken: Int32 { get }

    /// All tokens of a text, without start and end.
    func encode(_ text: String) -> [Int32]
    /// The text of tokens.
    func decode(_ tokens: [Int32]) -> String
}

extension TextTokenizer {
    /// None, unless a tokenizer says otherwise.
    public var captioning: (any CaptionTokenizer)? { nil }

    /// One text after another.
    public func tokenize(_ texts: [String]) -> [TokenizedText] {
        texts.map { tokenize($0) }
    }

    /// Rows of exactly `contextLength` ids `[N, contextLength]`, filled up with ``padToken``.
    ///
    /// A row that is longer (made by a tokenizer with a longer context) is cut, and its last id kept as the last.
    public func padded(_ texts: [TokenizedText]) -> [[Int32]] {
        texts.map { text in
            var row = text.tokens
            if row.count > contextLength {
                let last = row[row.count - 1]
                row.removeSubrange(contextLength...)
                if contextLength > 0 { row[contextLength - 1] = last }
            } else {
                row.append(contentsOf: repeatElement(padToken, count: contextLength - row.count))
            }
            return row
        }
    }
}

/// What decides a tokenizer's ids: two tokenizers with equal identities give equal ids for every text.
public struct TokenizerIdentity: Codable, Equatable, Sendable {
    /// The engine: "clip-bpe", "sentencepiece", "gemma-bpe" or "wordpiece".
    public var kind: String
    /// The most tokens a text may have.
    public var contextLength: Int
    /// One more than the largest id.
    public var vocabularySize: Int
    /// What is done to a text before tokens are looked for, and by whose rules: "ftfy+lower", "nfc+lower", "lower",
    /// "canonical", "ftfy+canonical", "bert" or "bert-hf".
    public var cleaning: String
    /// Hash of the vocabulary, the merges or scores, and the special tokens (32 hexadecimal digits).
    public var contentHash: String

    /// An identity as it was written down.
    public init(kind: String, contextLength: Int, vocabularySize: Int, cleaning: String, contentHash: String) {
        self.kind = kind
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.cleaning = cleaning
        self.contentHash = contentHash
    }
}
