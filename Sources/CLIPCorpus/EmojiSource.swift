import Foundation

/// Emoji drawn with `fonts-noto-color-emoji`, named in many languages by `unicode-cldr-core`.
struct EmojiSource {
    static let fontPackage = "fonts-noto-color-emoji"
    static let namePackage = "unicode-cldr-core"
    let root: String
    let source: Int

    private var font: String { root + "/fonts/truetype/noto/NotoColorEmoji.ttf" }
    private var common: String { root + "/unicode/cldr/common" }

    var missing: [String] {
        (FileManager.default.fileExists(atPath: font) ? [] : [Self.fontPackage])
            + (CorpusFiles.isFolder(common + "/annotations") ? [] : [Self.namePackage])
    }

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

    /// English names and keywords, CLDR's own and those it derives for sequences.
    func english() -> Annotations { annotations("en.xml") }

    private func annotations(_ file: String) -> Annotations {
        var result = Annotations()
        for folder in ["annotations", "annotationsDerived"] {
            if let bytes = CorpusFiles.bytes("\(common)/\(folder)/\(file)") { result.read(bytes) }
        }
        return result
    }

    func listing(english: Annotations) -> CorpusListing {
        let labels = EmojiLabels(CorpusFiles.bytes(common + "/properties/labels.txt") ?? [])
        var listing = CorpusListing()
        var order: [String] = []
        for sequence in english.names.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard Self.isEmoji(sequence) else { continue }
            if sequence.unicodeScalars.contains(where: { $0.properties.isEmojiModifier }) {
                listing.drop(.skinTone)
            } else {
                order.append(sequence)
            }
        }
        let wanted = Set(order)
        var names: [String: [String: String]] = [:]
        for file in CorpusFiles.paths(under: common + "/annotations", suffix: ".xml") where file != "en.xml" {
            let language = file.dropLast(4).replacingOccurrences(of: "_", with: "-")
            for (sequence, name) in annotations(file).names where wanted.contains(sequence) && !name.contains("↑↑↑") {
                names[sequence, default: [:]][language] = name
            }
        }
        for sequence in order {
            guard let name = english.names[sequence] else { continue }
            let label = labels.label(of: sequence)
            let code = sequence.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: "-")
            let keywords = (english.keywords[sequence] ?? []).filter { $0 != name && $0 != sequence }
            let category = label.flatMap { CategoryNames.emoji[$0.second] } ?? Self.category(name: name)
            listing.candidates.append(
                CorpusCandidate(
                    origin: .glyph(Self.fullyQualified(sequence), fontFile: font), source: source,
                    place: "\(Self.fontPackage):\(code)", folder: label.map { "\($0.first)/\($0.second)" } ?? "",
                    category: category, license: "OFL-1.1", caption: Self.caption(name), keywords: keywords,
                    byLanguage: names[sequence] ?? [:]))
        }
        return listing
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

    /// Whether the sequence is an emoji by itself; CLDR also names punctuation and letters.
    static func isEmoji(_ sequence: String) -> Bool {
        let scalars = Array(sequence.unicodeScalars)
        guard let first = scalars.first, first.properties.isEmoji else { return false }
        let isRegional = (0x1F1E6...0x1F1FF).contains(first.value)
        return scalars.count == 1 ? !first.isASCII && !isRegional && !first.properties.isEmojiModifier : true
    }

    /// Adds the U+FE0F that asks for the colored form wherever it is not the default one.
    static func fullyQualified(_ sequence: String) -> String {
        let scalars = Array(sequence.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            result.append(scalar)
            let next = index + 1 < scalars.count ? scalars[index + 1].value : 0
            let isText = scalar.properties.isEmoji && !scalar.properties.isEmojiPresentation
            if isText, next != 0xFE0F, !(0x1F3FB...0x1F3FF).contains(next) { result.append("\u{FE0F}") }
        }
        return String(result)
    }
}

/// CLDR's labels.txt: a first and a second label for each emoji.
struct EmojiLabels {
    struct Label: Sendable, Equatable {
        let first: String
        let second: String
    }

    private var labels: [String: Label] = [:]

    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) where !line.hasPrefix("#")
        {
            let fields = line.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count >= 3 else { continue }
            let label = Label(first: fields[1], second: fields[2])
            for member in Self.members(fields[0]) where labels[member] == nil { labels[member] = label }
        }
    }

    /// The label of the sequence, or of the character it begins with.
    func label(of sequence: String) -> Label? {
        let scalars = sequence.unicodeScalars.filter { $0.value != 0xFE0F }
        if let exact = labels[Self.text(scalars)] { return exact }
        guard let first = scalars.first else { return nil }
        if (0x1F1E6...0x1F1FF).contains(first.value) { return Label(first: "Flags", second: "country-flag") }
        return labels[String(Character(first))]
    }

    /// The members of a UnicodeSet such as `[☺😀-😆{🏳️‍🌈}]`, without U+FE0F.
    static func members(_ set: String) -> [String] {
        var result: [String] = []
        let scalars = set.unicodeScalars.filter { $0 != "[" && $0 != "]" && $0.value != 0xFE0F && $0 != " " }
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            if scalar == "{" {
                let end = scalars[index...].firstIndex { $0 == "}" } ?? scalars.endIndex
                result.append(text(scalars[scalars.index(after: index)..<end]))
                index = end < scalars.endIndex ? scalars.index(after: end) : end
                continue
            }
            let next = scalars.index(after: index)
            if next < scalars.endIndex, scalars[next] == "-", scalars.index(after: next) < scalars.endIndex {
                let last = scalars[scalars.index(after: next)]
                let range = scalar.value <= last.value ? scalar.value...min(last.value, scalar.value + 4096) : 0...0
                result += range.compactMap(Unicode.Scalar.init).filter { $0.value != 0 }.map { String(Character($0)) }
                index = scalars.index(next, offsetBy: 2)
                continue
            }
            result.append(String(Character(scalar)))
            index = next
        }
        return result
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
