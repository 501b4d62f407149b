import Foundation

/// A place that texts come from.
enum LessonSource: String, CaseIterable, Sendable {
    case captions, names, dictionary, phrases, wordNet, definitions

    /// Whether it says what pictures show.
    var isOfPictures: Bool { self == .captions || self == .names }
}

/// English texts, each once, with their translations: what becomes `texts.tsv`.
struct LessonTable: Sendable {
    struct Line: Sendable, Equatable {
        let text: String
        var translations: [String]
        /// Whether pictures are spoken of so.
        var isOfPictures: Bool
    }

    private(set) var lines: [Line] = []
    /// Lines that a source was the first to have, and translations.
    private(set) var counts: [LessonSource: (texts: Int, translations: Int)] = [:]
    private var places: [String: Int] = [:]

    /// Longer texts are read by no tower.
    static let longestText = 240
    static let mostTranslations = 16
    /// More than a machine's memory would be of use for.
    static let mostLines = 2_000_000

    /// Adds a text, or translations to it where it is there already; letters' case makes no other text.
    mutating func add(_ text: String, _ translations: [String] = [], from source: LessonSource) {
        guard let text = Self.cleaned(text), lines.count < Self.mostLines else { return }
        let key = text.lowercased()
        let place: Int
        if let known = places[key] {
            place = known
        } else {
            place = lines.count
            places[key] = place
            lines.append(Line(text: text, translations: [], isOfPictures: false))
            counts[source, default: (0, 0)].texts += 1
        }
        if source.isOfPictures { lines[place].isOfPictures = true }
        for translation in translations.compactMap(Self.cleaned) {
            guard lines[place].translations.count < Self.mostTranslations, translation.lowercased() != key,
                !lines[place].translations.contains(translation)
            else { continue }
            lines[place].translations.append(translation)
            counts[source, default: (0, 0)].translations += 1
        }
    }

    /// Composed, with single spaces; nil where nothing is left, or too much.
    static func cleaned(_ text: String) -> String? {
        let words = text.precomposedStringWithCanonicalMapping.split {
            $0.isWhitespace || $0.unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
        }
        let text = words.joined(separator: " ")
        return text.isEmpty || text.count > longestText ? nil : text
    }

    /// As `texts.tsv` has it.
    var file: String {
        var file = ""
        for line in lines { file += ([line.text] + line.translations).joined(separator: "\t") + "\n" }
        return file
    }
}
