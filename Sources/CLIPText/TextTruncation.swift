/// How much of some texts was lost because they are longer than a tokenizer's context.
public struct TextTruncation: Sendable, Equatable {
    /// The most tokens that are read of a text, framing included.
    public let contextLength: Int
    /// Texts that were looked at.
    public private(set) var textCount = 0
    /// Those of them that were cut.
    public private(set) var cutCount = 0
    /// Tokens that were left out, over all texts.
    public private(set) var lostTokens = 0
    /// The text that lost most; of several the first. Empty where none was cut.
    public private(set) var longestText = ""
    /// How many tokens it has, framing included; 0 where none was cut.
    public private(set) var longestTokenCount = 0

    /// Of no texts yet.
    public init(contextLength: Int) { self.contextLength = contextLength }

    /// Counts one more text, as the tokenizer gave it.
    public mutating func add(_ text: String, _ tokens: TokenizedText) {
        textCount += 1
        guard tokens.wasTruncated else { return }
        cutCount += 1
        lostTokens += tokens.originalCount - contextLength
        if tokens.originalCount > longestTokenCount { (longestText, longestTokenCount) = (text, tokens.originalCount) }
    }

    /// Counts what was counted elsewhere for the same context.
    public mutating func add(_ other: TextTruncation) {
        textCount += other.textCount
        cutCount += other.cutCount
        lostTokens += other.lostTokens
        if other.longestTokenCount > longestTokenCount {
            (longestText, longestTokenCount) = (other.longestText, other.longestTokenCount)
        }
    }
}

extension TextTokenizer {
    /// How much of texts is lost.
    /// - Parameters:
    ///   - texts: as they were written.
    ///   - tokenized: what the tokenizer made of them.
    public func truncation(of texts: [String], _ tokenized: [TokenizedText]) -> TextTruncation {
        var truncation = TextTruncation(contextLength: contextLength)
        for (text, tokens) in zip(texts, tokenized) { truncation.add(text, tokens) }
        return truncation
    }
}
