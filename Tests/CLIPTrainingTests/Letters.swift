import CLIPText

/// Letters as tokens.
struct Letters: TextTokenizer {
    let contextLength = 8
    let vocabularySize = 40
    let padToken: Int32 = 0
    var identity: TokenizerIdentity {
        TokenizerIdentity(
            kind: "letters", contextLength: 8, vocabularySize: 40, cleaning: "lower", contentHash: "letters")
    }

    func tokenize(_ text: String) -> TokenizedText {
        let ids = text.utf8.suffix(6).map { Int32($0 % 37) + 1 }
        return TokenizedText(tokens: [38] + ids + [39], wasTruncated: false, originalCount: ids.count + 2)
    }
}
