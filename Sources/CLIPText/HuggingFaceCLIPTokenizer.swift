import Checksums
import Foundation

/// CLIP's byte-level BPE with the vocabulary of a Hugging Face directory, and with the rules of `transformers` for it:
/// normalization form C, single spaces, lower case; nothing is repaired (``CLIPTokenizer`` does that).
///
/// Gives the ids of `transformers`' `CLIPTokenizer`. Any number of threads may use one tokenizer.
public final class HuggingFaceCLIPTokenizer: TextTokenizer {
    /// The most tokens a text may have, start and end of text included.
    public let contextLength: Int
    /// Fills a row after end-of-text: "<|endoftext|>" itself for OpenAI's models, "!" (0) for some others.
    public let padToken: Int32
    /// One more than the largest id of a token, added ones included.
    public let vocabularySize: Int
    /// The token that begins every text.
    public let startToken: Int32
    /// The token that ends every text.
    public let endToken: Int32
    /// What decides the ids: vocabulary, cleaning and context.
    public let identity: TokenizerIdentity

    private let vocabulary: BytePairVocabulary
    private let tables: RuleTables
    private let added: AddedTokenSearch

    /// Reads `tokenizer.json`, or else `vocab.json` and `merges.txt`, and the special tokens named beside them.
    ///
    /// - Parameters:
    ///   - directory: where the files are.
    ///   - contextLength: The most tokens a text may have, start and end of text included.
    /// - Throws: ``CLIPTextError`` when a file is missing or damaged, or the context holds fewer than two tokens.
    public init(directory: URL, contextLength: Int = 77) throws(CLIPTextError) {
        guard contextLength >= 2 else { throw .contextLengthTooSmall(contextLength) }
        let source = try BytePairSource(directory: directory)
        let settings = try TokenizerSettings(directory: directory, json: source.json)
        let tables = try RuleTables.load()
        func name(_ key: String, _ usual: String) -> String { settings.tokenText(key) ?? usual }
        let names = [
            (key: "bos_token", text: name("bos_token", "<|startoftext|>")),
            (key: "eos_token", text: name("eos_token", "<|endoftext|>")),
            (key: "unk_token", text: name("unk_token", "<|endoftext|>")),
            (key: "pad_token", text: name("pad_token", "<|endoftext|>")),
        ]
        var ids: [Int32] = []
        for name in names {
            guard let id = settings.id(of: name.text) ?? source.vocabulary.find(name.text) else {
                throw .fileMalformed(
                    path: source.path, place: name.key, reason: "\"\(name.text)\" is not in the vocabulary")
            }
            ids.append(id)
        }
        startToken = ids[0]
        endToken = ids[1]
        padToken = ids[3]
        self.contextLength = contextLength
        self.tables = tables
        vocabulary = try BytePairVocabulary(source, unknown: source.vocabulary.find(names[2].text))
        let entries = settings.addedTokens(names: names, in: source.vocabulary)
        added = AddedTokenSearch(entries, tables: tables) { Self.normalized($0, tables) }
        vocabularySize = Int(max(source.vocabulary.bound, (entries.map(\.id).max() ?? 0) + 1))
        var hash = vocabulary.contentHash(added: entries)
        for id in ids { withUnsafeBytes(of: id.littleEndian) { hash.update($0) } }
        identity = TokenizerIdentity(
            kind: "clip-bpe", contextLength: contextLength, vocabularySize: vocabularySize, cleaning: "nfc+lower",
            contentHash: hash.hexadecimal())
    }

    /// All tokens of the text, without start and end of text, however many there are.
    public func encode(_ text: String) -> [Int32] {
        added.encode(text.unicodeScalars.map(\.value)) { words, out in encode(words, into: &out) }
    }

    /// The tokens of the text between start and end of text. A text that is too long is cut, its end-of-text kept.
    public func tokenize(_ text: String) -> TokenizedText {
        TokenizedText(framing: encode(text), start: startToken, end: endToken, contextLength: contextLength)
    }

    /// Normalization form C, each run of white space one space, lower case.
    private static func normalized(_ text: ArraySlice<UInt32>, _ tables: RuleTables) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.count)
        for point in tables.composition.composed(Array(text)) {
            if tables[point].contains(.space) {
                if out.last != 0x20 { out.append(0x20) }
            } else {
                out.append(point)
            }
        }
        return tables.lowered(out)
    }

    // MARK: - Words

    private static let whole = ["<|startoftext|>", "<|endoftext|>"].map { $0.unicodeScalars.map(\.value) }

    /// Appends the tokens of each word of the pattern
    /// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
    private func encode(_ text: ArraySlice<UInt32>, into out: inout [Int32]) {
        var start = text.startIndex
        while start < text.endIndex {
            let facts = tables[text[start]]
            var end = start + 1
            if let length = Self.special(text[start...]) {
                end = start + length
                // The byte-level step has a pattern of its own, which takes "<|" and "|>" apart again.
                vocabulary.encode(word: text[start..<(start + 2)], into: &out)
                vocabulary.encode(word: text[(start + 2)..<(end - 2)], into: &out)
                start = end - 2
            } else if let length = Self.contraction(text[start...]) {
                end = start + length
            } else if facts.contains(.letter) {
                while end < text.endIndex, tables[text[end]].contains(.letter) { end += 1 }
            } else if facts.contains(.space) {
                start = end
                continue
            } else if !facts.contains(.number) {
                while end < text.endIndex, tables[text[end]].isDisjoint(with: [.letter, .number, .space]) { end += 1 }
            }
            vocabulary.encode(word: text[start..<end], into: &out)
            start = end
        }
    }

    /// The length of a special token, spelled out, that the text starts with.
    private static func special(_ text: ArraySlice<UInt32>) -> Int? {
        text.first == 0x3C ? whole.first { text.starts(with: $0) }?.count : nil
    }

    /// The length of an English contraction that the text starts with.
    private static func contraction(_ text: ArraySlice<UInt32>) -> Int? {
        guard text.first == 0x27, text.count > 1 else { return nil }
        let first = text[text.startIndex + 1]
        if [0x73, 0x74, 0x6D, 0x64].contains(first) { return 2 }  // 's 't 'm 'd
        guard text.count > 2 else { return nil }
        let second = text[text.startIndex + 2]
        if (first == 0x72 || first == 0x76) && second == 0x65 { return 3 }  // 're 've
        return first == 0x6C && second == 0x6C ? 3 : nil  // 'll
    }
}
