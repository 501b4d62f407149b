import Foundation

/// The names and keywords of emoji in many languages, from `unicode-cldr-core`.
struct EmojiNames: Sendable {
    static let package = "unicode-cldr-core"

    /// One language's names and keywords, by character sequence without U+FE0F.
    struct Annotations: Sendable {
        var names: [String: String] = [:]
        var keywords: [String: [String]] = [:]

        mutating func read(_ bytes: [UInt8]) {
            MarkupScanner.scan(bytes[...]) { stack, text in
                guard let tag = stack.last, tag.name == "annotation", let sequence = tag.attribute("cp") else { return }
                if tag.attribute("type") == "tts" {
                    names[sequence] = text.trimmingCharacters(in: .whitespacesAndNewlines)
                } else {
                    keywords[sequence] = text.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                }
            }
        }
    }

    private(set) var english = Annotations()
    /// Names in other languages, by sequence and language tag.
    private var names: [String: [String: String]] = [:]
    private var chineseKeywords: [String: [String: [String]]] = [:]
    private var labels = EmojiLabels([])

    /// No names.
    init() {}

    init(root: String) {
        let common = Self.folder(root)
        func annotations(_ file: String) -> Annotations {
            var result = Annotations()
            for folder in ["annotations", "annotationsDerived"] {
                if let bytes = CorpusFiles.bytes("\(common)/\(folder)/\(file)") { result.read(bytes) }
            }
            return result
        }
        english = annotations("en.xml")
        labels = EmojiLabels(CorpusFiles.bytes(common + "/properties/labels.txt") ?? [])
        for file in CorpusFiles.paths(under: common + "/annotations", suffix: ".xml") where file != "en.xml" {
            let language = file.dropLast(4).replacingOccurrences(of: "_", with: "-")
            let found = annotations(file)
            for (sequence, name) in found.names where Self.isEmoji(sequence) && !name.contains("↑↑↑") {
                names[sequence, default: [:]][language] = name
            }
            guard ["zh", "zh-Hant"].contains(language) else { continue }
            for (sequence, words) in found.keywords where Self.isEmoji(sequence) && !words.contains("↑↑↑") {
                chineseKeywords[sequence, default: [:]][language] = words
            }
        }
    }

    private static func folder(_ root: String) -> String { root + "/unicode/cldr/common" }

    static func missing(root: String) -> [String] {
        CorpusFiles.isFolder(folder(root) + "/annotations") ? [] : [package]
    }

    /// All emoji that have an English name, sorted by their bytes.
    var sequences: [String] {
        english.names.keys.filter(Self.isEmoji).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// A drawing of an emoji, with all that CLDR says of it; nil where CLDR has no English name.
    func candidate(
        _ sequence: String, origin: CorpusCandidate.Origin, source: Int, place: String, license: String
    ) -> CorpusCandidate? {
        guard let name = english.names[sequence] else { return nil }
        let label = labels.label(of: sequence)
        let others = names[sequence] ?? [:]
        let tags = ["zh": others["zh"], "zh-Hant": others["zh-Hant"]]
        return CorpusCandidate(
            origin: origin, source: source, place: place,
            folder: label.map { "\($0.first)/\($0.second)" } ?? "",
            category: label.flatMap { CategoryNames.emoji[$0.second] } ?? Self.category(name: name), license: license,
            caption: Self.caption(name),
            keywords: (english.keywords[sequence] ?? []).filter { $0 != name && $0 != sequence },
            byLanguage: Dictionary(
                uniqueKeysWithValues: others.map { ($0, $0.hasPrefix("zh") ? Self.chinese($1, of: sequence) : $1) }),
            keywordsByLanguage: (chineseKeywords[sequence] ?? [:]).reduce(into: [:]) { result, pair in
                let words = pair.value.filter { $0 != tags[pair.key] && $0 != sequence }
                if !words.isEmpty { result[pair.key] = words }
            }, concept: sequence)
    }

    /// What a name alone tells; the labels are older than many emoji.
    static func category(name: String) -> String? {
        let words = name.split { !$0.isLetter }
        if words.last == "face" { return "face" }
        let people: Set<Substring> = ["man", "woman", "person", "people", "men", "women"]
        return words.first.map(people.contains) == true ? "person" : nil
    }

    /// CLDR writes `flag: Norway` and `woman: red hair`.
    static func caption(_ name: String) -> String {
        let parts = name.components(separatedBy: ": ")
        guard parts.count == 2 else { return name }
        switch parts[0] {
        case "flag": return "flag of \(parts[1])"
        case "keycap": return "keycap \(parts[1])"
        default: return "\(parts[0]) with \(parts[1])"
        }
    }

    /// CLDR writes `旗: 挪威`, `女人: 红发` and `按键: 1`; people write 挪威国旗, 红发女人 and 按键 1.
    static func chinese(_ name: String, of sequence: String) -> String {
        let parts = name.split { ":：".contains($0) }.map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.count == 2 else { return name }
        guard ["旗", "旗子", "旗帜", "旗幟"].contains(parts[0]) else {
            return parts[1].allSatisfy(\.isASCII) ? "\(parts[0]) \(parts[1])" : parts[1] + parts[0]
        }
        let isCountry = sequence.unicodeScalars.first.map { (0x1F1E6...0x1F1FF).contains($0.value) } ?? false
        return parts[1] + (isCountry ? (parts[0] == "旗" ? "国旗" : "國旗") : "旗")
    }

    /// Whether the sequence is an emoji by itself; CLDR also names punctuation and letters.
    static func isEmoji(_ sequence: String) -> Bool {
        let scalars = Array(sequence.unicodeScalars)
        guard let first = scalars.first, first.properties.isEmoji else { return false }
        let isRegional = (0x1F1E6...0x1F1FF).contains(first.value)
        return scalars.count == 1 ? !first.isASCII && !isRegional && !first.properties.isEmojiModifier : true
    }

    static func hasSkinTone(_ sequence: String) -> Bool {
        sequence.unicodeScalars.contains { $0.properties.isEmojiModifier }
    }
}
