import Foundation

/// What an SVG's RDF record says of its drawing.
struct ClipartRecord: Sendable {
    var title = ""
    var description = ""
    var creator = ""
    var license = ""
    var keywords: [String] = []
    /// Whether the drawing refers to a picture file, which no package has.
    var lacksPart = false

    /// Reads the first `<metadata>` element of an SVG file; an empty record when there is none.
    init(svg bytes: [UInt8]) {
        lacksPart = Self.refersToFiles(bytes)
        guard let start = MarkupScanner.find("<metadata", in: bytes[...]),
            let end = MarkupScanner.find("</metadata>", in: bytes[start...])
        else { return }
        var record = self
        MarkupScanner.scan(bytes[(start - "<metadata".utf8.count)..<end]) { tag in
            if tag.name == "license", let url = tag.attribute("rdf:resource"), !url.isEmpty { record.license = url }
        } text: { stack, text in
            let names = stack.map(\.name)
            let parent = names.dropLast().last
            let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
            switch names.last {
            case "title" where parent == "Work": record.title += value
            case "title" where names.contains("creator"): record.creator += value
            case "description" where parent == "Work": record.description += value
            case "li": record.keywords.append(value)
            default: break
            }
        }
        self = record
    }

    private static func refersToFiles(_ bytes: [UInt8]) -> Bool {
        guard MarkupScanner.find("<image", in: bytes[...]) != nil else { return false }
        var found = false
        MarkupScanner.scan(bytes[...]) { tag in
            guard tag.name == "image", let target = tag.attribute("xlink:href") else { return }
            if !target.hasPrefix("data:"), !target.hasPrefix("#") { found = true }
        } text: { _, _ in
        }
        return found
    }
}

/// Finds a caption for a drawing of the Open Clip Art Library among its title, file name, keywords and folder.
///
/// Titles there are often those of a whole collection ("Part of the Flat Icon Collection (Wed Aug 25 ...)", "Clipart
/// by ...") or of another drawing; file names carry their author's name and a number. The rules tell these apart.
struct ClipartCaption {
    /// How many drawings bear each title.
    let titleCounts: [String: Int]
    let lexicon: CaptionLexicon
    /// How many drawings bear each keyword.
    let keywordCounts: [String: Int]

    /// The caption of the drawing at `path` (below the package's folder, without extension), or nil.
    func caption(path: String, record: ClipartRecord) -> String? {
        var parts = path.split(separator: "/").map(String.init)
        guard let stem = parts.popLast() else { return nil }
        let folder = parts.joined(separator: "/")
        if let special = Self.special(folder: folder, stem: stem) { return special }
        guard var caption = title(record.title, stem: stem) ?? fromStem(stem, record: record, folder: folder) else {
            return nil
        }
        let isName = folder.hasPrefix("signs_and_symbols/flags") || folder == "geography" || folder == "logos"
        if lexicon.coverage(caption) == 0, !isName {
            // Abbreviations of programs and functions name nothing that can be seen.
            if folder.hasPrefix("computer/icons") { return nil }
            let keyword = specificKeyword(record.keywords, besides: caption)
            if Self.isForeign(record) {
                guard let keyword else { return nil }
                caption = keyword
            } else if let keyword {
                caption = "\(keyword), \(caption)"
            }
        }
        return inContext(Self.colorFirst(caption), folder: folder)
    }

    /// The title where its language is known not to be English.
    func foreignTitle(_ record: ClipartRecord) -> String? {
        guard Self.isForeign(record), let phrase = CaptionWords.phrase(record.title), lexicon.coverage(phrase) == 0,
            !Self.boilerplate.contains(where: { record.title.lowercased().contains($0) })
        else { return nil }
        return phrase
    }

    /// Some 450 drawings are titled in Italian.
    static func isForeign(_ record: ClipartRecord) -> Bool {
        record.creator.lowercased().contains("rollandin")
    }

    /// `button red` as `red button`.
    private static func colorFirst(_ caption: String) -> String {
        let words = caption.split(separator: " ")
        guard words.count == 2, colors.contains(words[1].lowercased()), !colors.contains(words[0].lowercased()) else {
            return caption
        }
        return "\(words[1]) \(words[0])"
    }

    private static let colors: Set<String> = [
        "red", "green", "blue", "yellow", "orange", "purple", "pink", "black", "white", "gray", "grey", "brown", "cyan",
        "violet", "gold",
    ]

    /// The title in words, unless it is boilerplate or another drawing's.
    private func title(_ title: String, stem: String) -> String? {
        let lower = title.lowercased()
        guard !Self.boilerplate.contains(where: { lower.contains($0) }), let phrase = CaptionWords.phrase(title) else {
            return nil
        }
        if titleCounts[title, default: 0] >= 3 {
            let letters = stem.lowercased().filter(\.isLetter)
            let agrees = phrase.lowercased().split(separator: " ").contains { word in
                word.count >= 3 && letters.contains(word.filter(\.isLetter))
            }
            guard agrees else { return nil }
        }
        return phrase
    }

    private static let boilerplate = [
        "part of the", "clipart by", "svg theme", "iconset", "-theme", "etiquette icons", "various cliparts",
        "submission",
        "sibmission", "collection by", "gramastar", "aiga_", "svg road signs", "homes clipart", "untitled", "unknown",
        "open clip art", "openclipart", "map symbols", "hash(",
    ]

    /// The file name in words, without its author, glued words pulled apart.
    private func fromStem(_ stem: String, record: ClipartRecord, folder: String) -> String? {
        let authors = Self.words(record.creator)
        var words = CaptionWords.words(stem.replacingOccurrences(of: "_0_symbol_1m_bwh", with: ""))
        while words.count > 1, let first = words.first, first.count > 1, first.allSatisfy(\.isNumber) {
            words.removeFirst()
        }
        // Names were cut at 24 characters, so the last word may be the beginning of the author's.
        if let author = words.indices.dropFirst().first(where: { index in
            authors.contains { $0.hasPrefix(words[index].lowercased()) && words[index].count >= 3 }
        }) {
            words.removeSubrange(author...)
        }
        if let first = words.first?.lowercased(), words.count > 1,
            ["aiga", "etiquette", "gnome", "stock"].contains(first)
        {
            words.removeFirst()
        }
        words = words.flatMap { lexicon.segmented($0) }
        if let first = words.first, words.count > 1, ["gradient", "pattern"].contains(first.lowercased()) {
            words = Array(words.dropFirst()) + [first]
        }
        while words.count > 1, let last = words.last, last.count < 3, !lexicon.knows(last) { words.removeLast() }
        let phrase = words.joined(separator: " ")
        return phrase.filter(\.isLetter).count >= 3 ? phrase : nil
    }

    /// Adds the word that the folder says and the caption leaves out.
    private func inContext(_ caption: String, folder: String) -> String {
        let words = Set(Self.words(caption))
        func ending(_ word: String, unless others: String...) -> String {
            words.contains(word) || others.contains { words.contains($0) } ? caption : "\(caption) \(word)"
        }
        if folder.hasPrefix("signs_and_symbols/flags") {
            return words.contains("flag") || words.contains("flags") ? caption : "flag of \(caption.capitalized)"
        }
        if folder.hasPrefix("computer/icons") {
            if words.contains("icon") || words.contains("icons") { return caption }
            if folder.hasSuffix("applications") || folder.hasSuffix("apps") {
                return words.contains("application") ? "\(caption) icon" : "\(caption) application icon"
            }
            return folder.hasSuffix("mimetypes") ? "\(caption) file icon" : "\(caption) icon"
        }
        switch folder {
        case "computer/buttons", "buttons": return ending("button")
        case "transportation/roadsigns": return ending("sign", unless: "signs")
        case "transportation/aiga-symbols": return ending("sign", unless: "symbol")
        case "signs_and_symbols/map_symbols": return ending("symbol", unless: "sign", "map")
        case "shapes/jigsaw": return ending("piece")
        case "shapes/callouts": return ending("speech balloon", unless: "balloon", "callout", "bubble", "bubbles")
        case "special/patterns": return ending("pattern")
        case "special/gradients": return ending("gradient")
        case "geography": return ending("map", unless: "globe", "world", "earth", "compass", "coastline")
        default: return caption
        }
    }

    /// The rarest keyword that several drawings share: what the picture is, in a word known to be used.
    private func specificKeyword(_ keywords: [String], besides caption: String) -> String? {
        let taken = Set(Self.words(caption))
        return keywords.filter { keyword in
            keywordCounts[keyword, default: 0] >= 3 && !taken.contains(keyword) && !Self.isBoilerplate(keyword: keyword)
                && !Self.general.contains(keyword.lowercased())
        }.min { (keywordCounts[$0, default: 0], $0) < (keywordCounts[$1, default: 0], $1) }?
        .replacingOccurrences(of: "_", with: " ")
    }

    /// Keywords that say nothing: the collection's bookkeeping and printed references.
    static func isBoilerplate(keyword: String) -> Bool {
        let lower = keyword.lowercased()
        return bookkeeping.contains(lower) || lower.hasPrefix("hash") || lower.hasPrefix("0x")
            || lower.contains("rollandin") || lower.filter(\.isLetter).count < 3
    }

    private static let bookkeeping: Set<String> = [
        "unsorted", "special", "magick", "theme", "mapsym", "lemon_theme_icon", "appicon", "work", "examples", "svg",
        "signs_and_symbols", "png", "none", "activities", "stock", "networksym", "musicstuff",
    ]

    /// Keywords too general to stand for what a picture shows.
    private static let general: Set<String> = [
        "symbol", "symbols", "sign", "tool", "tools", "people", "transport", "transportation", "shape", "shapes",
        "equipment", "office", "computer", "hardware", "icon", "icons", "recreation", "education", "geometry",
        "application", "action", "desktop", "festive", "decoration", "cartoon", "simple", "color", "black", "white",
        "image", "illustration",
    ]

    private static func words(_ text: String) -> [String] {
        text.folding(options: .diacriticInsensitive, locale: nil).lowercased().split { !$0.isLetter }.map(String.init)
    }
}

extension ClipartCaption {
    /// Folders whose file names are codes.
    fileprivate static func special(folder: String, stem: String) -> String? {
        if folder == "shapes/stars", stem.hasPrefix("star_"), let points = Int(stem.dropFirst(5).prefix { $0.isNumber })
        {
            // Nobody counts the points of a fine star; such captions would teach nothing but numbers.
            return points <= 16 ? "star with \(points) points" : "star with very many points"
        }
        let parts = stem.split(separator: "_")
        if folder.hasPrefix("recreation/games/cards"), parts.count == 3, let suit = suits[parts[1]],
            let rank = ranks[parts[2]] ?? (Int(parts[2]) != nil ? String(parts[2]) : nil)
        {
            return "\(rank) of \(suit) playing card"
        }
        if folder.hasPrefix("signs_and_symbols/flags"), parts.count == 2, parts[1].count > 2 {
            if parts[0] == "semaphore" { return "flag semaphore \(parts[1])" }
            if parts[0] == "signalflag" { return "signal flag \(parts[1])" }
        }
        if folder == "shapes/flowchart", stem.hasPrefix("fc") { return "flowchart symbol" }
        if folder == "people/smilies", stem.hasPrefix("smiley") { return "smiley face" }
        if folder == "people/stickmen", stem.hasPrefix("sm_") { return "stick man" }
        return nil
    }

    private static let suits: [Substring: String] = ["c": "clubs", "d": "diamonds", "h": "hearts", "s": "spades"]
    private static let ranks: [Substring: String] = [
        "a": "ace", "k": "king", "q": "queen", "j": "jack", "2": "two", "3": "three", "4": "four", "5": "five",
        "6": "six",
        "7": "seven", "8": "eight", "9": "nine", "10": "ten",
    ]
}
