import Checksums
import Foundation

/// Gemma's byte-pair encoding as SigLIP 2 uses it: lower case, spaces as "▁", bytes for characters the vocabulary lacks,
/// end-of-text, and padding up to the full context.
///
/// Gives the ids of `transformers`' `Siglip2Tokenizer`, or with ``TextRules/authors`` those of `open_clip`, which also
/// repairs the text and takes punctuation out. A directory with a `tokenizer.model` alone is read by libsentencepiece.
/// Any number of threads may use one tokenizer.
public final class GemmaTokenizer: TextTokenizer {
    /// The tokens of every row, end-of-text included.
    public let contextLength: Int
    /// One more than the largest id of a token, added ones included.
    public let vocabularySize: Int
    /// What decides the ids: vocabulary, cleaning and context.
    public let identity: TokenizerIdentity
    /// Fills a row beside its tokens.
    public var padToken: Int32 { row.padToken }
    /// Ends every text.
    public var endToken: Int32 { row.endToken }

    static let fileNames = ["tokenizer.json", "tokenizer.model"]

    private let vocabulary: CharacterPairVocabulary
    private let canonical: Canonicalization?
    private let added: AddedTokenSearch
    private let row: FullRow

    /// Reads a `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - directory: where the files are.
    ///   - contextLength: The number of tokens of every row, end-of-text included.
    ///   - rules: whose cleaning is applied: Hugging Face's library's, or the model's authors'.
    /// - Throws: ``CLIPTextError`` when the file is missing or damaged, or the context holds no token.
    public init(
        directory: URL, contextLength: Int = 64, rules: TextRules = .transformers
    ) throws(CLIPTextError) {
        guard contextLength >= 1 else { throw .contextLengthTooSmall(contextLength) }
        let file = directory.appendingPathComponent("tokenizer.json")
        guard let bytes = try TokenizerFileAccess.read(file) else {
            throw .tokenizerMissing(directory: directory.path, searched: ["tokenizer.json"])
        }
        let json = try TokenizerJSON(path: file.path, bytes: bytes)
        guard json.model == "BPE" else { throw json.malformed("model.type", "expected BPE, not \(json.model)") }
        if let suffix = json.options["end_of_word_suffix"]?.string, !suffix.isEmpty {
            throw json.malformed("model.end_of_word_suffix", "Gemma's words have none; this is another family's file")
        }
        let settings = try TokenizerSettings(directory: directory, json: json)
        let names = ["pad", "eos", "bos", "unk", "mask"].map { name in
            (key: "\(name)_token", text: settings.tokenText("\(name)_token") ?? "<\(name)>")
        }
        let words = json.vocabulary
        func token(_ index: Int) throws(CLIPTextError) -> Int32 {
            guard let id = settings.id(of: names[index].text) ?? words.find(names[index].text) else {
                throw json.malformed(names[index].key, "\"\(names[index].text)\" is not in the vocabulary")
            }
            return id
        }
        let tables = try RuleTables.load()
        row = FullRow(
            contextLength: contextLength, endToken: try token(1), padToken: try token(0),
            padsLeft: settings.padsLeft(json), keepsWrittenEnd: false)
        vocabulary = try CharacterPairVocabulary(json, unknown: words.find(names[3].text))
        canonical = rules == .authors ? try Canonicalization(tables: tables, repairing: true) : nil
        let entries = settings.addedTokens(names: names, in: words)
        let lowers = canonical == nil
        added = AddedTokenSearch(entries, tables: tables) { Self.normalized($0, lowers ? tables : nil) }
        self.contextLength = contextLength
        vocabularySize = Int(max(words.bound, (entries.map(\.id).max() ?? 0) + 1))
        var hash = ContentHash()
        vocabulary.add(to: &hash)
        AddedTokens.add(entries, to: &hash)
        hash.update("\(row.endToken) \(row.padToken) \(row.padsLeft) \(words.find(names[3].text) ?? -1)")
        identity = TokenizerIdentity(
            kind: "gemma-bpe", contextLength: contextLength, vocabularySize: vocabularySize,
            cleaning: canonical?.name ?? "lower", contentHash: hash.hexadecimal())
    }

    /// All tokens of the text, without end-of-text, however many there are.
    public func encode(_ text: String) -> [Int32] {
        var points = text.unicodeScalars.map(\.value)
        if let canonical { points = canonical.apply(points) }
        return added.encode(points) { words, out in vocabulary.encode(words, into: &out) }
    }

    /// The tokens of the text, end-of-text, and padding up to the context. A text that is too long is cut, its
    /// end-of-text kept.
    public func tokenize(_ text: String) -> TokenizedText { row.frame(encode(text)) }

    /// Marks for spaces; before that lower case, where `tables` are given (canonical text has it already).
    private static func normalized(_ text: ArraySlice<UInt32>, _ tables: RuleTables?) -> [UInt32] {
        (tables?.lowered(text) ?? Array(text)).map { $0 == 0x20 ? 0x2581 : $0 }
    }
}
