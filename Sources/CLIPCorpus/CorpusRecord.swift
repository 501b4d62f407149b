/// What stands in a corpus entry's `.json`.
public struct CorpusRecord: Codable, Sendable, Equatable {
    /// The entry's name in its shard, without an ending.
    public let key: String
    /// The main caption, in English, as in the entry's `.txt`.
    public let caption: String
    /// All whole English captions, the main one first.
    public let captions: [String]
    /// Single words and short phrases about the picture. Entries on both sides of the split may share them.
    public let keywords: [String]
    /// Captions by language tag: `zh`, `zh-Hant`, `pt-BR`.
    public let captionsByLanguage: [String: String]
    /// Keywords by language tag: `zh`, `zh-Hant`.
    public let keywordsByLanguage: [String: [String]]
    /// Chinese for the main caption where people gave none for this picture, matched by its English words: what people
    /// call other pictures of that name, or else what a dictionary has. By language tag.
    public let glossesByLanguage: [String: [String]]
    /// The same for keywords.
    public let keywordGlossesByLanguage: [String: [String]]
    /// What the picture is of, in a word that all sources share; absent where the source does not say.
    public let category: String?
    /// The folder or group inside the source.
    public let folder: String
    /// Package and path: `openclipart-png:animals/bat.png`.
    public let source: String
    /// What the package says of this picture: `public domain`, or an SPDX identifier.
    public let license: String
    /// Pixels, as stored.
    public let width: Int
    /// Pixels, as stored.
    public let height: Int

    enum CodingKeys: String, CodingKey {
        case key, caption, captions, keywords, category, folder, source, license, width, height
        case captionsByLanguage = "captions_by_language"
        case keywordsByLanguage = "keywords_by_language"
        case glossesByLanguage = "glosses_by_language"
        case keywordGlossesByLanguage = "keyword_glosses_by_language"
    }
}
