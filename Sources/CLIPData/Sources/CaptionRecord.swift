import Foundation

/// The captions of one picture, read from its `.txt` and `.json` files.
struct CaptionRecord: Equatable {
    var caption: String
    var alternatives: [String] = []
    var keywords: [String] = []
    var category: String?

    /// Reads the captions.
    ///
    /// The text file holds the main caption. The JSON object may hold `caption` (the main one where there is no text
    /// file), `captions` (a list of further ones), `keywords` and `category`; other fields and other types are ignored.
    static func read(text: Data?, json: Data?) -> Result<CaptionRecord, SkipReasonError> {
        var captions: [String] = []
        var textFailure: SkipReason?
        if let text {
            if let caption = string(text) { captions.append(caption) } else { textFailure = .captionNotUTF8 }
        }
        var keywords: [String] = []
        var category: String?
        if let json {
            if let object = (try? JSONSerialization.jsonObject(with: json)) as? [String: Any] {
                if let caption = object["caption"] as? String { captions.append(caption) }
                if let list = object["captions"] as? [Any] { captions += list.compactMap { $0 as? String } }
                if let list = object["keywords"] as? [Any] {
                    keywords = list.compactMap { $0 as? String }.map(trimmed).filter { !$0.isEmpty }
                }
                category = (object["category"] as? String).map(trimmed).flatMap { $0.isEmpty ? nil : $0 }
            } else if text == nil {
                textFailure = .badJSON
            }
        }
        // A broken text file is a fault of the data even where the JSON would do: better seen than papered over.
        if let textFailure { return .failure(SkipReasonError(reason: textFailure)) }
        var seen: Set<String> = []
        let usable = captions.map(trimmed).filter { !$0.isEmpty && seen.insert($0).inserted }
        guard let main = usable.first else { return .failure(SkipReasonError(reason: .noCaption)) }
        return .success(
            CaptionRecord(
                caption: main, alternatives: Array(usable.dropFirst()), keywords: keywords, category: category))
    }

    /// Valid UTF-8 without a byte order mark, or `nil`.
    static func string(_ data: Data) -> String? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return String(data: data.starts(with: mark) ? data.dropFirst(3) : data, encoding: .utf8)
    }

    static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}

/// Carries a reason through `Result`, which wants an error.
struct SkipReasonError: Error, Equatable {
    let reason: SkipReason
}
