import Files
import Foundation

/// The captions of one picture, read from its `.txt` and `.json` files.
struct CaptionRecord: Equatable {
    var caption: String
    var alternatives: [String] = []
    var keywords: [String] = []
    var category: String?
    /// How often the main caption and each alternative is to be used, in relation to each other; empty where nothing
    /// says so.
    var weights: [Double] = []
    /// What is said in other languages, by language tag.
    var otherLanguages: [String: TranslatedCaptions] = [:]

    /// Reads the captions.
    ///
    /// The text file holds the main caption. The JSON object may hold `caption` (the main one where there is no text
    /// file), `captions` (a list of further ones), `weights` (a number from 0 to 1e9 for each of `captions`; the main
    /// caption has the weight 1 unless it is among them), `keywords` and `category`, and in other languages, each an
    /// object by language tag, `captions_by_language`, `keywords_by_language`, and what a dictionary says instead,
    /// `glosses_by_language` and `keyword_glosses_by_language`; other fields and other types are ignored.
    static func read(text: Data?, json: Data?) -> Result<CaptionRecord, SkipReason> {
        var captions: [String] = []
        var textFailure: SkipReason?
        if let text {
            do throws(PlainText.Fault) { captions.append(try PlainText.string(text)) } catch {
                textFailure = error == .utf16 ? .captionUTF16 : .captionNotUTF8
            }
        }
        var keywords: [String] = []
        var category: String?
        var weights: [String: Double] = [:]
        var otherLanguages: [String: TranslatedCaptions] = [:]
        if let json {
            if let object = (try? JSONSerialization.jsonObject(with: json)) as? [String: Any] {
                if let caption = object["caption"] as? String { captions.append(caption) }
                if let list = object["captions"] as? [Any] {
                    captions += list.compactMap { $0 as? String }
                    guard let read = Self.weights(object["weights"], of: list) else {
                        return .failure(.badCaptionWeights)
                    }
                    weights = read
                }
                if let list = object["keywords"] as? [Any] {
                    keywords = list.compactMap { $0 as? String }.map(trimmed).filter { !$0.isEmpty }
                }
                category = (object["category"] as? String).map(trimmed).flatMap { $0.isEmpty ? nil : $0 }
                otherLanguages = TranslatedCaptions.read(object)
            } else if text == nil {
                textFailure = .badJSON
            }
        }
        // A broken text file is a fault of the data even where the JSON would do: better seen than papered over.
        if let textFailure { return .failure(textFailure) }
        var seen: Set<String> = []
        let usable = captions.map(trimmed).filter { !$0.isEmpty && seen.insert($0).inserted }
        guard let main = usable.first else { return .failure(.noCaption) }
        return .success(
            CaptionRecord(
                caption: main, alternatives: Array(usable.dropFirst()), keywords: keywords, category: category,
                weights: weights.isEmpty ? [] : usable.map { weights[$0] ?? 1 }, otherLanguages: otherLanguages))
    }

    /// The weights by caption; the same caption's are added up. `nil` where they are not what they should be.
    private static func weights(_ field: Any?, of captions: [Any]) -> [String: Double]? {
        guard let field, !(field is NSNull) else { return [:] }
        guard let list = field as? [Any], list.count == captions.count else { return nil }
        var weights: [String: Double] = [:]
        for (caption, weight) in zip(captions, list) {
            guard let number = weight as? NSNumber, number.doubleValue >= 0, number.doubleValue <= 1e9 else {
                return nil
            }
            if let caption = caption as? String { weights[trimmed(caption), default: 0] += number.doubleValue }
        }
        return weights
    }

    static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
}
