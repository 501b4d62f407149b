import Checksums
import Foundation

/// SentencePiece as SigLIP uses it: canonical text, end-of-text, and padding up to the full context.
///
/// Gives the ids of `transformers`' `SiglipTokenizer`, or with ``TextRules/authors`` those of `open_clip`. The rows are
/// always padded, since the text towers read their padding. Any number of threads may use one tokenizer.
public final class SentencePieceTokenizer: TextTokenizer {
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

    enum Style {
        /// SigLIP 1 by `transformers`: the text is canonical piece by piece between special tokens.
        case canonicalPieces
        /// By `open_clip`: the whole text is repaired and canonical; no special token survives that.
        case canonicalText
        /// SigLIP 2 by `transformers`: lower case.
        case lowerCase
    }

    static let fileNames = ["spiece.model", "sentencepiece.model", "tokenizer.model", "tokenizer.json"]
    private static let mark: UInt32 = 0x2581

    private let engine: SentencePieceEngine
    private let style: Style
    private let canonical: Canonicalization
    private let tables: RuleTables
    private let added: AddedTokens
    private let row: FullRow
    /// What is put before a text so that its first space survives, and how many tokens that makes.
    private let guardText: [UInt8]
    private let guardCount: Int
    private let markToken: Int32?

    /// Reads SigLIP's `spiece.model`, `sentencepiece.model` or `tokenizer.model`, or a Unigram `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - directory: where the files are.
    ///   - contextLength: The number of tokens of every row, end-of-text included.
    ///   - rules: whose cleaning is applied: Hugging Face's library's, or the model's authors'.
    /// - Throws: ``CLIPTextError`` when a file is missing or damaged, or the context holds no token.
    public convenience init(
        directory: URL, contextLength: Int = 64, rules: TextRules = .transformers
    ) throws(CLIPTextError) {
        try self.init(
            directory: directory, contextLength: contextLength,
            style: rules == .transformers ? .canonicalPieces : .canonicalText, endName: "</s>", padName: "</s>")
    }

    init(
        directory: URL, contextLength: Int, style: Style, endName: String, padName: String
    ) throws(CLIPTextError) {
        guard contextLength >= 1 else { throw .contextLengthTooSmall(contextLength) }
        let (model, json) = try Self.model(directory)
        let settings = try TokenizerSettings(directory: directory, json: json)
        var names = [
            (key: "eos_token", text: settings.tokenText("eos_token") ?? endName),
            (key: "unk_token", text: settings.tokenText("unk_token") ?? model.unknownPiece),
            (key: "pad_token", text: settings.tokenText("pad_token") ?? padName),
        ]
        if style == .lowerCase {
            names += ["bos", "mask"].map { ("\($0)_token", settings.tokenText("\($0)_token") ?? "<\($0)>") }
        }
        var vocabulary = TokenStrings()
        for (id, piece) in model.pieces.enumerated() {
            do throws(TokenStrings.Rejection) {
                try vocabulary.insert(piece.text, id: Int32(id))
            } catch {
                throw .fileMalformed(path: model.path, place: "piece \(id)", reason: error.reason(piece.text))
            }
        }
        func token(_ name: (key: String, text: String)) throws(CLIPTextError) -> Int32 {
            guard let id = settings.id(of: name.text) ?? vocabulary.find(name.text) else {
                throw .fileMalformed(
                    path: model.path, place: name.key, reason: "\"\(name.text)\" is not in the vocabulary")
            }
            return id
        }
        tables = try RuleTables.load()
        row = FullRow(
            contextLength: contextLength, endToken: try token(names[0]), padToken: try token(names[2]),
            padsLeft: settings.padsLeft(json), keepsWrittenEnd: style == .canonicalPieces)
        let serialized = model.serialized()
        engine = try SentencePieceEngine(serialized, path: model.path)
        canonical = try Canonicalization(tables: tables, repairing: style == .canonicalText)
        let entries = style == .canonicalText ? [] : settings.addedTokens(names: names, in: vocabulary)
        added = AddedTokens(entries, tables: tables)
        guardText = Array(names[1].text.utf8)
        guardCount = engine.encode(guardText).count
        markToken = vocabulary.find("▁")
        self.style = style
        self.contextLength = contextLength
        vocabularySize = Int(max(vocabulary.bound, (entries.map(\.id).max() ?? 0) + 1))
        var hash = ContentHash()
        serialized.withUnsafeBytes { hash.update($0) }
        AddedTokens.add(entries, to: &hash)
        hash.update("\(row.endToken) \(row.padToken) \(row.padsLeft)")
        identity = TokenizerIdentity(
            kind: "sentencepiece", contextLength: contextLength, vocabularySize: vocabularySize,
            cleaning: style == .lowerCase ? "lower" : canonical.name, contentHash: hash.hexadecimal())
    }

    private static func model(_ directory: URL) throws(CLIPTextError) -> (SentencePieceModel, TokenizerJSON?) {
        for name in fileNames {
            let file = directory.appendingPathComponent(name)
            guard let bytes = try TokenizerFileAccess.read(file) else { continue }
            guard name.hasSuffix(".json") else { return (try SentencePieceModel(path: file.path, bytes: bytes), nil) }
            let json = try TokenizerJSON(path: file.path, bytes: bytes)
            return (try SentencePieceModel(json), json)
        }
        throw .tokenizerMissing(directory: directory.path, searched: fileNames)
    }

    /// All tokens of the text, without end-of-text, however many there are.
    public func encode(_ text: String) -> [Int32] {
        let points = text.unicodeScalars.map(\.value)
        switch style {
        case .canonicalText: return engine.encode(utf8Bytes(canonical.apply(points)))
        case .lowerCase:
            return added.split(points[...]).flatMap { piece in
                switch piece {
                case .token(let id): [id]
                case .text(let text): engine.encode(utf8Bytes(tables.lowered(text)))
                }
            }
        case .canonicalPieces: return encodePieces(points)
        }
    }

    /// Each piece is encoded behind a guard, whose tokens are then taken off: so a piece after a special token gets no
    /// space of its own, and the first one gets it from the mark.
    private func encodePieces(_ text: [UInt32]) -> [Int32] {
        let marked = [Self.mark] + text.map { $0 == Self.mark ? 0x20 : $0 }
        var out: [Int32] = []
        for piece in added.split(marked[...]) {
            switch piece {
            case .token(let id):
                if out.count == 1, out[0] == markToken { out.removeAll() }
                out.append(id)
            case .text(let text):
                let tokens = engine.encode(guardText + utf8Bytes(canonical.apply(Array(text))))
                out.append(contentsOf: tokens.count >= guardCount ? tokens.dropFirst(guardCount) : tokens[...])
            }
        }
        return out
    }

    /// The tokens of the text, end-of-text, and padding up to the context. A text that is too long is cut, its
    /// end-of-text kept.
    public func tokenize(_ text: String) -> TokenizedText { row.frame(encode(text)) }
}

extension TokenizerSettings {
    /// Whether padding goes before the text. SigLIP's towers were trained with padding after it, so that is the
    /// default where no file says.
    func padsLeft(_ json: TokenizerJSON?) -> Bool {
        let side = self["padding_side"]?.string ?? json?.rest["padding"]?["direction"]?.string
        return side?.lowercased() == "left"
    }
}
