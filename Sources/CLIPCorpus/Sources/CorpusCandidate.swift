import Foundation
import Imaging

/// A picture that may enter the corpus, with all that is said about it. Nothing has been decoded yet.
struct CorpusCandidate: Sendable {
    /// Where the picture's pixels come from.
    enum Origin: Sendable {
        /// A raster file, and the drawing to render instead where the raster is too large to read.
        case file(String, drawing: String? = nil)
        /// A drawing, from a package and so trusted.
        case drawing(String)
        /// The bytes of a raster file that lies inside another file.
        case bytes(Data)
        /// The bytes of a drawing.
        case drawingBytes(Data)
        /// A character sequence and the color font that draws it.
        case glyph(String, fontFile: String)
    }

    let origin: Origin
    /// Index into the corpus' sources.
    let source: Int
    /// Package and path, for the record: `openclipart-png:animals/bat.png`.
    let place: String
    /// The folder inside the package, or the emoji group.
    let folder: String
    /// What the folder holds in natural words, shared by all sources; nil where the folder says nothing.
    let category: String?
    let license: String
    /// The main caption, in English.
    let caption: String
    /// Other whole captions for the same picture.
    var alternatives: [String] = []
    var keywords: [String] = []
    /// Captions by language tag (`zh`, `zh-Hant`, `pt-BR`).
    var byLanguage: [String: String] = [:]
    /// Keywords by language tag.
    var keywordsByLanguage: [String: [String]] = [:]
    /// What pictures of one thing share whatever their captions say: an emoji's character sequence.
    var concept: String?
}

/// What a source found before any picture is read.
struct CorpusListing: Sendable {
    var candidates: [CorpusCandidate] = []
    /// Pictures left out already, by reason.
    var dropped: [CorpusDropReason: Int] = [:]

    mutating func drop(_ reason: CorpusDropReason) { dropped[reason, default: 0] += 1 }
}

/// A source of candidates: one package or a few, below one root.
protocol CorpusSource {
    /// The packages that are not installed.
    var missing: [String] { get }
    /// - Parameter context: What the sources share.
    func listing(_ context: CorpusContext) throws -> CorpusListing
}

/// What sources share.
struct CorpusContext {
    /// English words known so far.
    var lexicon: CaptionLexicon
    /// Names of emoji; empty without a source that draws them.
    let emoji: EmojiNames
    /// Chinese for the words that Art4Apps drew, by language tag; empty where GCompris, which translates them, is absent.
    var drawnWords: [String: [String: String]] = [:]
}
