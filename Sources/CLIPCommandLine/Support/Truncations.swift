import CLIPText

extension Console {
    /// One warning for however many texts were cut.
    static func warn(of truncation: TextTruncation, called what: String = "text") {
        guard truncation.cutCount > 0 else { return }
        let longest = "\"\(Format.clipped(truncation.longestText, to: 40))\""
        let (tokens, context) = (truncation.longestTokenCount, truncation.contextLength)
        warning(
            truncation.cutCount == 1
                ? "\(what) \(longest) has \(tokens) tokens; only the first \(context) are read."
                : "\(truncation.cutCount) of \(truncation.textCount) \(what)s have more than the \(context) tokens that are read; "
                    + "\(truncation.lostTokens) tokens are lost. The longest has \(tokens): \(longest).")
    }
}

/// What a document says of texts that were cut.
struct TruncationDocument: Encodable {
    var texts: Int
    var of: Int
    var contextLength: Int
    var lostTokens: Int
    var longest: String
    var longestTokens: Int

    /// Nil where nothing was cut.
    init?(_ truncation: TextTruncation?) {
        guard let truncation, truncation.cutCount > 0 else { return nil }
        (texts, of, contextLength) = (truncation.cutCount, truncation.textCount, truncation.contextLength)
        (lostTokens, longest) = (truncation.lostTokens, truncation.longestText)
        longestTokens = truncation.longestTokenCount
    }
}

/// Texts as a model reads them.
struct TokenizedTexts {
    let captions: [[Int32]]
    let truncation: TextTruncation

    init(_ texts: [String], _ tokenizer: any TextTokenizer) {
        let tokenized = tokenizer.tokenize(texts)
        captions = tokenized.map(\.tokens)
        truncation = tokenizer.truncation(of: texts, tokenized)
    }
}
