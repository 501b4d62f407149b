import Checksums
import Foundation

/// BERT's WordPiece, which Chinese-CLIP reads its texts with: Chinese characters one by one, other words in lower case
/// without accents, cut greedily into the longest pieces of the vocabulary.
///
/// Gives the ids of `cn_clip` (``TextRules/authors``), or of `transformers`' `BertTokenizer`; the two differ where a
/// word is longer than 100 characters, where a text spells out special tokens such as "[SEP]", and for characters
/// outside any recent Unicode. Any number of threads may use one tokenizer.
public final class WordPieceTokenizer: TextTokenizer {
    /// The most tokens a text may have, start and end of text included.
    public let contextLength: Int
    /// One more than the largest id.
    public var vocabularySize: Int { Int(vocabulary.bound) }
    /// What decides the ids: vocabulary, cleaning and context.
    public let identity: TokenizerIdentity
    /// Fills a row after its last token.
    public let padToken: Int32
    /// The token that begins every text.
    public let startToken: Int32
    /// The token that ends every text.
    public let endToken: Int32

    static let fileNames = ["vocab.txt", "tokenizer.json"]

    private let vocabulary: WordPieceVocabulary
    private let words: BasicWords
    private let added: AddedTokens
    private let longestWord: Int

    static let ownVocabulary = "bert-chinese.txt"

    /// The vocabulary of Chinese-CLIP, which ships with this library (Google's BERT for Chinese, 21,128 tokens).
    ///
    /// - Parameters:
    ///   - contextLength: The most tokens a text may have, start and end included.
    ///   - rules: whose cleaning is applied: Hugging Face's library's, or the model's authors'.
    /// - Throws: ``CLIPTextError`` when a data file is missing or damaged, or the context holds fewer than two tokens.
    public convenience init(
        contextLength: Int = 52, rules: TextRules = .authors
    ) throws(CLIPTextError) {
        let vocabulary = try WordPieceVocabulary(
            lines: try ResourceFolder.own.read(Self.ownVocabulary), path: Self.ownVocabulary, rules: rules)
        try self.init(vocabulary, contextLength: contextLength, rules: rules, settings: nil)
    }

    /// Reads a directory's `vocab.txt`, or else its `tokenizer.json` (WordPiece).
    ///
    /// - Throws: ``CLIPTextError`` when a file is missing or damaged, or the context holds fewer than two tokens.
    public convenience init(
        directory: URL, contextLength: Int = 52, rules: TextRules = .transformers
    ) throws(CLIPTextError) {
        let file = directory.appendingPathComponent("vocab.txt")
        if let lines = try TokenizerFileAccess.read(file) {
            let vocabulary = try WordPieceVocabulary(lines: lines, path: file.path, rules: rules)
            let settings = try TokenizerSettings(directory: directory, json: nil)
            try self.init(vocabulary, contextLength: contextLength, rules: rules, settings: settings)
            return
        }
        let jsonFile = directory.appendingPathComponent("tokenizer.json")
        guard let bytes = try TokenizerFileAccess.read(jsonFile) else {
            throw .tokenizerMissing(directory: directory.path, searched: Self.fileNames)
        }
        let json = try TokenizerJSON(path: jsonFile.path, bytes: bytes)
        guard json.model == "WordPiece" else {
            throw json.malformed("model.type", "expected WordPiece, not \(json.model)")
        }
        let settings = try TokenizerSettings(directory: directory, json: json)
        try self.init(
            WordPieceVocabulary(json.vocabulary, path: json.path), contextLength: contextLength, rules: rules,
            settings: settings)
    }

    /// Splits by a vocabulary in memory, in the form of a `vocab.txt`.
    ///
    /// - Parameters:
    ///   - lines: A token on each line, its id the number of lines before.
    ///   - path: What errors call it.
    /// - Throws: ``CLIPTextError`` when a token is missing or stands twice, or the context holds fewer than two tokens.
    public convenience init(
        lines: [UInt8], path: String, contextLength: Int = 52, rules: TextRules = .transformers
    ) throws(CLIPTextError) {
        let vocabulary = try WordPieceVocabulary(lines: lines, path: path, rules: rules)
        try self.init(vocabulary, contextLength: contextLength, rules: rules, settings: nil)
    }

    private init(
        _ vocabulary: WordPieceVocabulary, contextLength: Int, rules: TextRules, settings: TokenizerSettings?
    ) throws(CLIPTextError) {
        guard contextLength >= 2 else { throw .contextLengthTooSmall(contextLength) }
        let isAuthors = rules == .authors
        let names = ["CLS", "SEP", "PAD", "UNK", "MASK"].map { name in
            let key = "\(name.lowercased())_token"
            return (key: key, text: (isAuthors ? nil : settings?.tokenText(key)) ?? "[\(name)]")
        }
        var ids: [Int32] = []
        for name in names.prefix(4) {
            guard let id = vocabulary.find(name.text) else {
                throw .fileMalformed(
                    path: vocabulary.path, place: name.key, reason: "\"\(name.text)\" is not in the vocabulary")
            }
            ids.append(id)
        }
        let tables = try RuleTables.load()
        words = BasicWords(tables: tables, rules: rules, settings: isAuthors ? nil : settings)
        (startToken, endToken, padToken) = (ids[0], ids[1], ids[2])
        self.vocabulary = vocabulary.with(unknown: ids[3])
        self.contextLength = contextLength
        longestWord = isAuthors ? 200 : 100
        let entries: [AddedTokens.Entry]
        if isAuthors {
            entries = []
        } else if let settings {
            entries = settings.addedTokens(names: names, in: vocabulary.strings)
        } else {
            entries = names.compactMap { name in
                vocabulary.find(name.text).map { AddedTokens.Entry(content: name.text, id: $0) }
            }
        }
        added = AddedTokens(entries, tables: tables)
        var hash = ContentHash()
        vocabulary.strings.add(to: &hash)
        AddedTokens.add(entries, to: &hash)
        hash.update("\(ids)")
        identity = TokenizerIdentity(
            kind: "wordpiece", contextLength: contextLength, vocabularySize: Int(vocabulary.bound),
            cleaning: words.name, contentHash: hash.hexadecimal())
    }

    /// All tokens of the text, without start and end, however many there are.
    public func encode(_ text: String) -> [Int32] {
        var out: [Int32] = []
        for piece in added.split(text.unicodeScalars.map(\.value)[...]) {
            switch piece {
            case .token(let id): out.append(id)
            case .text(let text):
                words.forEach(in: text) { vocabulary.encode($0, longest: longestWord, into: &out) }
            }
        }
        return out
    }

    /// The tokens of the text between start and end. A text that is too long is cut, its end kept.
    public func tokenize(_ text: String) -> TokenizedText {
        TokenizedText(framing: encode(text), start: startToken, end: endToken, contextLength: contextLength)
    }
}
