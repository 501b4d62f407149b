import Foundation

/// Photographs and drawings of the learning game GCompris, out of its bundles of resources.
struct GComprisSource: CorpusSource {
    static let package = "gcompris-qt-data"
    let root: String
    let source: Int

    private var bundles: String { Self.bundles(root) }
    private static func bundles(_ root: String) -> String { root + "/gcompris-qt/rcc" }

    var missing: [String] { CorpusFiles.isFolder(bundles) ? [] : [Self.package] }

    func listing(_ context: CorpusContext) throws -> CorpusListing {
        let licenses = PackageLicenses(CorpusFiles.bytes("\(root)/doc/\(Self.package)/copyright") ?? [])
        var listing = CorpusListing()
        for (name, shelves) in Self.shelves.sorted(by: { $0.key < $1.key }) {
            let path = "\(bundles)/\(name).rcc"
            guard CorpusFiles.exists(path) else { continue }
            let bundle = try ResourceBundle(path: path)
            for entry in bundle.entries.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
                guard let shelf = shelves.first(where: { entry.path.contains("/resource/\($0.folder)") }),
                    let file = entry.path.split(separator: "/").last,
                    let dot = file.lastIndex(of: "."), ["svg", "webp", "png"].contains(file[file.index(after: dot)...])
                else { continue }
                guard let caption = Self.caption(String(file[..<dot]), shelf: shelf) else {
                    listing.drop(.uselessCaption)
                    continue
                }
                let short = entry.path.hasPrefix("gcompris/") ? String(entry.path.dropFirst(9)) : entry.path
                let data = try bundle.contents(of: entry)
                listing.candidates.append(
                    CorpusCandidate(
                        origin: file.hasSuffix(".svg") ? .drawingBytes(data) : .bytes(data), source: source,
                        place: "\(Self.package):\(short)", folder: "\(name)/\(shelf.folder)", category: shelf.category,
                        license: licenses.license(of: short) ?? "GPL-3.0-or-later", caption: caption,
                        byLanguage: name == "lang" ? context.drawnWords[String(file[..<dot])] ?? [:] : [:]))
            }
        }
        return listing
    }

    /// The game's vocabulary in Chinese, by the English words with `_` for spaces and by language tag: translators named
    /// the sounds that go with Art4Apps' drawings.
    static func drawnWords(root: String) throws -> [String: [String: String]] {
        let path = bundles(root) + "/lang.rcc"
        guard CorpusFiles.exists(path) else { return [:] }
        let bundle = try ResourceBundle(path: path)
        var words: [String: [String: String]] = [:]
        for (language, file) in [("zh", "content-zh_CN.json"), ("zh-Hant", "content-zh_TW.json")] {
            guard let entry = bundle.entries.first(where: { $0.path.hasSuffix("/" + file) }) else { continue }
            guard let list = try? JSONDecoder().decode([String: String].self, from: bundle.contents(of: entry)) else {
                throw CorpusError.damagedFile(path: path, reason: "\(entry.path) is no list of words")
            }
            for (sound, word) in list where sound.hasSuffix(".ogg") && !word.isEmpty {
                words[String(sound.dropLast(4)), default: [:]][language] = word
            }
        }
        return words
    }

    /// A folder whose names say what its pictures show.
    struct Shelf: Sendable {
        var folder = ""
        var category: String?
        /// What every picture there shows, where the names say nothing.
        var always: String?
        var suffix = ""
        /// Names are those of places and keep their capitals.
        var isProper = false
        /// Parts of the names of what belongs to the game.
        var without: [String] = []
    }

    static func caption(_ stem: String, shelf: Shelf) -> String? {
        let useless = [
            "background", "README", "backcard", "emptycard", "error", "question", "transparent", "tux", "-bg",
        ]
        guard !(useless + shelf.without).contains(where: { stem.contains($0) }) else { return nil }
        if let always = shelf.always { return always }
        var words = CaptionWords.words(stem)
        while words.count > 1, let first = words.first, first.allSatisfy(\.isNumber) { words.removeFirst() }
        words = words.map { Self.spelled[$0.lowercased()] ?? $0 }.filter { !$0.isEmpty }
        let phrase = words.joined(separator: " ")
        guard phrase.filter(\.isLetter).count >= 2 else { return nil }
        let caption = shelf.isProper ? phrase.prefix(1).uppercased() + phrase.dropFirst() : phrase.lowercased()
        return shelf.suffix.isEmpty ? caption : "\(caption) \(shelf.suffix)"
    }

    private static let spelled = [
        "chamaeleon": "chameleon", "raquette": "racket", "rape": "grater", "fusee": "rocket",
        "sailingboat": "sailing boat",
        "fishingboat": "fishing boat", "eggpot": "egg cup", "postpoint": "lookout post", "greenbaby": "green baby",
        "bluebaby": "blue baby", "bluebirds": "bluebirds", "redbird": "red bird", "flowerpot": "flower pot",
        "plier": "pliers", "tweezer": "tweezers", "kutub": "Qutub", "zimni": "Winter", "blackslate": "slate",
        "buffetset": "buffet set", "bulb": "light bulb", "windflag": "wind sock", "solar": "solar panels",
        "traversiere": "", "burj": "Burj Khalifa", "statueof": "Statue of", "greatwall": "Great Wall",
        "wallof": "Wall of",
        "gatewayof": "Gateway of", "pontdu": "Pont du", "chateaude": "Château de", "castillode": "Castillo de",
        "citede": "Cité de", "palaisdes": "Palais des", "canyonde": "Canyon de", "wallofchina": "Wall of China",
    ]

    /// By bundle.
    private static let shelves: [String: [Shelf]] = [
        "lang": [Shelf(folder: "words_sample")],
        "categorization": [
            Shelf(folder: "images/tools", category: "tool"), Shelf(folder: "images/renewable"),
            Shelf(
                folder: "images/monuments", category: "building", isProper: true,
                without: ["monument", "cathedral", "leMusee"]),
            Shelf(folder: "images/others"), Shelf(folder: "images/fishes", category: "fish", always: "fish"),
            Shelf(folder: "images/nature", without: ["nature"]), Shelf(folder: "images/animals", category: "animal"),
            Shelf(folder: "images/birds", category: "bird"), Shelf(folder: "images/food", category: "food"),
            Shelf(folder: "images/transports", category: "vehicle"),
            Shelf(folder: "images/insects", category: "insect"),
        ],
        "erase": [Shelf(category: "animal")],
        "explore_monuments": ["usa", "egypt", "india", "france", "germany", "wonders"].map { folder in
            Shelf(folder: folder, category: "building", isProper: true, without: [folder, "world-map"])
        },
        "explore_farm_animals": [Shelf(folder: "animals", category: "animal", without: ["farm-animals"])],
        "explore_world_animals": [Shelf(folder: "animals", category: "animal")],
        "instruments": [Shelf(category: "music")],
        "memory": [Shelf(category: "animal", without: ["baby", "child"])],
        "babymatch": [Shelf(folder: "images", without: ["windflag", "sound", "postpoint"])],
        "colors": [Shelf(category: "bird", without: ["check"])],
        "advanced_colors": [Shelf(category: "insect")],
        "enumerate": [Shelf()],
        "solar_system": [Shelf(category: "space", isProper: true)],
    ]
}
