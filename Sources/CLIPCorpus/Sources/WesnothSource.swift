import Foundation

/// Units, their portraits and weapons, things and scenery of the game Battle for Wesnoth, named by the game in English
/// and Chinese.
struct WesnothSource: CorpusSource {
    static let package = "wesnoth-1.16-data"
    let root: String
    let source: Int

    private var game: String { root + "/games/wesnoth/1.16" }
    private var core: String { game + "/data/core" }

    var missing: [String] { CorpusFiles.isFolder(core + "/images") ? [] : [Self.package] }

    func listing(_ context: CorpusContext) throws -> CorpusListing {
        let catalogs = try ["zh": "zh_CN", "zh-Hant": "zh_TW"].mapValues {
            try MessageCatalog(path: "\(game)/locale/\($0)/LC_MESSAGES/wesnoth-units.mo")
        }
        var names: [String: WesnothNames.Name] = [:]
        for file in CorpusFiles.paths(under: core + "/units", suffix: ".cfg") {
            for name in WesnothNames.read(CorpusFiles.bytes("\(core)/units/\(file)") ?? [])
            where names[name.image] == nil {
                names[name.image] = name
            }
        }
        var listing = CorpusListing()
        for name in names.values.sorted(by: { $0.image.utf8.lexicographicallyPrecedes($1.image.utf8) }) {
            let path = "\(core)/images/\(name.image)"
            guard CorpusFiles.exists(path) else { continue }
            var candidate = candidate(name.image, caption: name.english)
            for (language, catalog) in catalogs {
                // A translation may keep the context that the original has before its caret.
                if let text = catalog[name.message] {
                    candidate.byLanguage[language] = text.split(separator: "^").last.map(String.init)
                }
            }
            if name.isPortrait { candidate.alternatives = ["portrait of \(name.english)"] }
            listing.candidates.append(candidate)
        }
        for folder in ["items", "scenery"] {
            for file in CorpusFiles.names(in: "\(core)/images/\(folder)", suffix: ".png") {
                guard let caption = Self.caption(String(file.dropLast(4))) else {
                    listing.drop(.uselessCaption)
                    continue
                }
                listing.candidates.append(candidate("\(folder)/\(file)", caption: caption))
            }
        }
        return listing
    }

    private func candidate(_ image: String, caption: String) -> CorpusCandidate {
        let folder = image.split(separator: "/").first.map(String.init) ?? ""
        return CorpusCandidate(
            origin: .file("\(core)/images/\(image)"), source: source, place: "\(Self.package):\(image)", folder: folder,
            category: nil, license: "GPL-2.0-or-later", caption: caption)
    }

    /// `potion-red` as `red potion`; nil for later pictures of a moving thing and for marks on the ground.
    static func caption(_ stem: String) -> String? {
        let number = Int(stem.reversed().prefix { $0.isNumber }.reversed().map(String.init).joined()) ?? 1
        let useless = [
            "gohere", "rune", "slab", "summoning", "snowbits", "ornate", "dummy", "circle-magic", "icepack",
            "magic-wand",
        ]
        guard !useless.contains(where: { stem.hasPrefix($0) }), number <= 1 || stem.hasPrefix("flower") else {
            return nil
        }
        var words = CaptionWords.words(stem).map { $0.lowercased() }.filter { !Self.noise.contains($0) }
        if let last = words.last, words.count == 2, adjectives.contains(last) { words.reverse() }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// Sides and sizes.
    private static let noise: Set<String> = ["bare", "se", "sw", "small", "medium", "large", "plain", "lit"]
    private static let adjectives: Set<String> = [
        "red", "green", "blue", "yellow", "grey", "brown", "white", "magenta", "golden", "evil", "open", "bone",
        "stone", "gold", "silver", "dark", "holy", "short", "magic", "elven", "crystal", "poison", "throwing",
        "leaning", "empty", "full", "abandoned", "rusty", "runic", "druid", "closed",
    ]
}

/// Reads what a unit's description in WML calls its pictures.
enum WesnothNames {
    struct Name: Equatable {
        /// Below the game's `images`.
        let image: String
        /// What translations are looked up by: the name, with its context before a caret.
        let message: String
        let isPortrait: Bool
        var english: String { message.split(separator: "^").last.map(String.init) ?? message }
    }

    /// Of units, their female forms and their weapons.
    static func read(_ bytes: [UInt8]) -> [Name] {
        var names: [Name] = []
        var stack: [(tag: String, values: [String: String])] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("[/") {
                if let closed = stack.popLast() { names += pictures(of: closed.tag, closed.values) }
            } else if line.hasPrefix("["), line.hasSuffix("]") {
                stack.append((line.trimmingCharacters(in: ["[", "]", "+"]), [:]))
            } else if !stack.isEmpty, let equals = line.firstIndex(of: "=") {
                let key = String(line[..<equals])
                let value = line[line.index(after: equals)...].drop { $0 == " " || $0 == "_" || $0 == "\"" }
                if stack[stack.count - 1].values[key] == nil {
                    stack[stack.count - 1].values[key] = String(value.prefix { $0 != "\"" })
                }
            }
        }
        return names
    }

    private static func pictures(of tag: String, _ values: [String: String]) -> [Name] {
        let (nameKey, keys) = tag == "attack" ? ("description", ["icon"]) : ("name", ["image", "profile"])
        guard ["unit_type", "female", "male", "attack"].contains(tag), let name = values[nameKey], !name.isEmpty else {
            return []
        }
        return keys.compactMap { key in
            guard let path = values[key]?.split(separator: "~").first, path.hasSuffix(".png"), !path.contains("..")
            else {
                return nil
            }
            return Name(image: String(path), message: name, isPortrait: key == "profile")
        }
    }
}
