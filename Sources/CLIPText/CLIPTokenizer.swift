import Checksums
import Foundation

/// CLIP's tokenizer: byte-level byte-pair encoding with 49,408 tokens (Radford et al. 2021, section 2.4).
///
/// Gives the ids of open_clip's `SimpleTokenizer` with ftfy installed: text is first repaired (mojibake, HTML
/// references, ligatures, widths, quotes, control characters), brought to normalization form C and to lower case.
/// Any number of threads may use one tokenizer.
public final class CLIPTokenizer: CaptionTokenizer {
    /// The most tokens a text may have, start and end of text included.
    public let contextLength: Int
    /// Fills a row after its last token: 0.
    public let padToken: Int32 = 0
    /// One more than the largest id: 49,408.
    public var vocabularySize: Int { vocabulary.count }
    /// What decides the ids; the vocabulary is hashed when it is first asked for.
    public var identity: TokenizerIdentity {
        TokenizerIdentity(
            kind: "clip-bpe", contextLength: contextLength, vocabularySize: vocabularySize, cleaning: "ftfy+lower",
            contentHash: contentHash.withLock { hash in
                if let known = hash { return known }
                let computed = vocabulary.contentHash()
                hash = computed
                return computed
            })
    }
    /// Itself: CoCa's captions are in CLIP's own tokens.
    public var captioning: (any CaptionTokenizer)? { self }
    /// The token that begins every text (49406).
    public let startToken: Int32
    /// The token that ends every text (49407).
    public let endToken: Int32

    private let vocabulary: CLIPVocabulary
    private let cleaner: TextCleaner
    private let pool: WorkspacePool
    private let contentHash = Guarded<String?>(nil)

    /// Takes the vocabulary and the character tables, which are read the first time.
    ///
    /// - Parameter contextLength: The most tokens a text may have, start and end of text included.
    /// - Throws: ``CLIPTextError`` when a data file is missing or damaged, or the context holds fewer than two tokens.
    public convenience init(contextLength: Int = 77) throws(CLIPTextError) {
        try self.init(contextLength: contextLength, vocabulary: CLIPVocabulary.bundled.get())
    }

    init(contextLength: Int, vocabulary: CLIPVocabulary) throws(CLIPTextError) {
        guard contextLength >= 2 else { throw .contextLengthTooSmall(contextLength) }
        self.contextLength = contextLength
        self.vocabulary = vocabulary
        startToken = vocabulary.startToken
        endToken = vocabulary.endToken
        cleaner = try TextCleaner.shared.get()
        pool = WorkspacePool(vocabulary: vocabulary)
    }

    /// All tokens of the text, without start and end of text, however many there are.
    public func encode(_ text: String) -> [Int32] {
        pool.use { cache, output in
            encode(text, with: scanner(cache, output))
            return output.prefix(output.count)
        }
    }

    /// The tokens of the text between start and end of text. A text that is too long is cut, its end-of-text kept.
    public func tokenize(_ text: String) -> TokenizedText {
        pool.use { cache, output in frame(text, with: scanner(cache, output)) }
    }

    /// The tokens of many texts, which share one word cache.
    public func tokenize(_ texts: [String]) -> [TokenizedText] {
        pool.use { cache, output in
            let scanner = scanner(cache, output)
            return texts.map { frame($0, with: scanner) }
        }
    }

    /// The text of the tokens: a space after every word, U+FFFD for bytes that are not UTF-8, nothing for ids outside
    /// the vocabulary.
    public func decode(_ tokens: [Int32]) -> String {
        let mark = Array("</w>".utf8)
        var bytes: [UInt8] = []
        for token in tokens {
            guard let part = vocabulary.bytes(of: token) else { continue }
            bytes.append(contentsOf: part)
            if vocabulary.endsWord(token) { bytes.append(contentsOf: mark) }
        }
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                out.append(0x20)
                index += mark.count
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The text as the tokenizer reads it: repaired, in lower case, with single spaces.
    public func clean(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for point in cleaner.clean(text.unicodeScalars.map(\.value)) {
            if let scalar = Unicode.Scalar(point) { out.append(scalar) }
        }
        return String(out)
    }

    /// The tokens found without the shortcut for plain ASCII, for tests to compare.
    func encodeBySteps(_ text: String) -> [Int32] {
        pool.use { cache, output in
            output.removeAll()
            scanner(cache, output).scan(cleaner.clean(text.unicodeScalars.map(\.value)), cleaner.tables)
            return output.prefix(output.count)
        }
    }

    private func scanner(_ cache: WordCache, _ output: TokenBuffer) -> WordScanner {
        WordScanner(
            cache: cache, output: output, startToken: startToken, endToken: endToken, byteTokens: vocabulary.byteTokens)
    }

    private func encode(_ text: String, with scanner: WordScanner) {
        scanner.output.removeAll()
        var text = text
        guard !text.withUTF8({ scanner.scanPlain($0) }) else { return }
        scanner.output.removeAll()
        scanner.scan(cleaner.clean(text.unicodeScalars.map(\.value)), cleaner.tables)
    }

    private func frame(_ text: String, with scanner: WordScanner) -> TokenizedText {
        encode(text, with: scanner)
        let count = scanner.output.count
        let kept = min(count, contextLength - 2)
        let tokens = [Int32](unsafeUninitializedCapacity: kept + 2) { buffer, initialized in
            buffer[0] = startToken
            scanner.output.copy(kept, to: &buffer, at: 1)
            buffer[kept + 1] = endToken
            initialized = kept + 2
        }
        return TokenizedText(tokens: tokens, wasTruncated: kept < count, originalCount: count + 2)
    }
}

/// Word caches and buffers that threads borrow, so that none waits for another while it tokenizes.
final class WorkspacePool: @unchecked Sendable {
    private let vocabulary: CLIPVocabulary
    private let lock = NSLock()
    private var idle: [(WordCache, TokenBuffer)] = []  // guarded by `lock`

    init(vocabulary: CLIPVocabulary) {
        self.vocabulary = vocabulary
    }

    func use<Result>(_ body: (WordCache, TokenBuffer) -> Result) -> Result {
        let workspace = lock.withLock { idle.popLast() } ?? (WordCache(vocabulary: vocabulary), TokenBuffer())
        defer { lock.withLock { idle.append(workspace) } }
        return body(workspace.0, workspace.1)
    }
}
