/// What is said of a picture in one language other than its main caption's.
public struct TranslatedCaptions: Sendable, Equatable {
    /// Whole captions that people wrote.
    public var captions: [String]
    /// Whole captions out of a dictionary.
    public var glosses: [String]
    /// Words about the picture, by people or out of a dictionary.
    public var keywords: [String]

    public init(captions: [String] = [], glosses: [String] = [], keywords: [String] = []) {
        self.captions = captions
        self.glosses = glosses
        self.keywords = keywords
    }

    var isEmpty: Bool { captions.isEmpty && glosses.isEmpty && keywords.isEmpty }

    /// By language tag (`zh`, `zh-Hant`), out of an entry's JSON object. A language's value is a text or a list of them.
    static func read(_ object: [String: Any]) -> [String: TranslatedCaptions] {
        var result: [String: TranslatedCaptions] = [:]
        func take(_ field: String, into list: WritableKeyPath<TranslatedCaptions, [String]>) {
            for (language, value) in object[field] as? [String: Any] ?? [:] {
                let texts = (value as? [Any] ?? [value]).compactMap { $0 as? String }
                    .map(CaptionRecord.trimmed).filter { !$0.isEmpty }
                if !texts.isEmpty { result[language, default: TranslatedCaptions()][keyPath: list] += texts }
            }
        }
        take("captions_by_language", into: \.captions)
        take("glosses_by_language", into: \.glosses)
        take("keywords_by_language", into: \.keywords)
        take("keyword_glosses_by_language", into: \.keywords)
        return result
    }
}
