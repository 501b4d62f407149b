/// Whose code is followed where two libraries read one checkpoint's texts differently.
public enum TextRules: String, Codable, Sendable, CaseIterable {
    /// Hugging Face's `transformers`.
    case transformers
    /// The tokenizers of `open_clip`, or for Chinese-CLIP those of its authors (`cn_clip`).
    case authors
}

/// SigLIP's texts: lower case, no ASCII punctuation, single spaces. Two libraries do it in two ways.
struct Canonicalization: Sendable {
    private let tables: UnicodeTables
    private let cleaner: TextCleaner?

    /// - Parameter repairing: Whether text is repaired first, and underscores become spaces, as `open_clip` does.
    init(tables: RuleTables, repairing: Bool) throws(CLIPTextError) {
        self.tables = tables.unicode
        cleaner = repairing ? try TextCleaner.shared.get() : nil
    }

    var name: String { cleaner == nil ? "canonical" : "ftfy+canonical" }

    func apply(_ text: [UInt32]) -> [UInt32] {
        guard let cleaner else { return tables.collapsed(withoutPunctuation(tables.lowered(text))) }
        let spaced = cleaner.repaired(text).map { $0 == 0x5F ? 0x20 : $0 }
        return tables.collapsed(tables.lowered(withoutPunctuation(spaced)))
    }

    private func withoutPunctuation(_ text: [UInt32]) -> [UInt32] {
        text.filter { point in
            switch point {
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: false
            default: true
            }
        }
    }
}

/// Rows of exactly the context length, as SigLIP's text towers read them: the text, end-of-text, and padding, which
/// these towers do read.
struct FullRow: Sendable {
    let contextLength: Int
    let endToken: Int32
    let padToken: Int32
    let padsLeft: Bool
    /// Whether a text that ends in end-of-text by itself gets no second one.
    let keepsWrittenEnd: Bool

    func frame(_ tokens: [Int32]) -> TokenizedText {
        let kept = min(tokens.count, contextLength - 1)
        var row = Array(tokens[..<kept])
        let ends = keepsWrittenEnd && row.last == endToken
        if !ends { row.append(endToken) }
        let padding = repeatElement(padToken, count: contextLength - row.count)
        if padsLeft { row.insert(contentsOf: padding, at: 0) } else { row.append(contentsOf: padding) }
        let whole = tokens.count + (keepsWrittenEnd && tokens.last == endToken ? 0 : 1)
        return TokenizedText(tokens: row, wasTruncated: kept < tokens.count, originalCount: whole)
    }
}

/// UTF-8 of code points.
func utf8Bytes(_ points: some Sequence<UInt32>) -> [UInt8] {
    var out: [UInt8] = []
    for point in points {
        if point < 0x80 {
            out.append(UInt8(point))
        } else if let scalar = Unicode.Scalar(point), let bytes = Unicode.UTF8.encode(scalar) {
            out.append(contentsOf: bytes)
        }
    }
    return out
}
