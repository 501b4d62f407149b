import Foundation

/// Pictures whose file names say what they show, in folders of one package.
struct NamedPictures: CorpusSource {
    /// A folder of pictures.
    struct Folder: Sendable {
        /// Below the package's folder.
        let path: String
        var category: String?
        /// What is left out of every name: `folder-`.
        var prefix = ""
        /// What names say besides what the picture shows, and what to write instead.
        var replacing: [String: String] = [:]
        /// Added to every name, with a space: `folder` makes `music` to `music folder`.
        var suffix = ""
        /// Whether a name counts only when all its words are known.
        var onlyKnownWords = false
        /// A word for the kind of picture, with which every name makes another caption: `icon`.
        var kind: String?
        /// Parts of names whose pictures are of no use.
        var without: [String] = []
    }

    let root: String
    let source: Int
    let package: String
    /// Where the package's folders lie, below the root.
    let base: String
    let license: String
    let fileExtension: String
    let folders: [Folder]
    /// Whether the pictures are those of Art4Apps, whose words are known in Chinese.
    var showsDrawnWords = false

    var missing: [String] {
        folders.allSatisfy { CorpusFiles.isFolder("\(root)/\(base)/\($0.path)") } ? [] : [package]
    }

    func listing(_ context: CorpusContext) -> CorpusListing {
        var listing = CorpusListing()
        for folder in folders {
            let path = "\(root)/\(base)/\(folder.path)"
            for file in CorpusFiles.names(in: path, suffix: "." + fileExtension) where file.hasPrefix(folder.prefix) {
                let stem = String(file.dropLast(fileExtension.count + 1))
                guard let caption = Self.caption(stem, in: folder, lexicon: context.lexicon) else {
                    listing.drop(.uselessCaption)
                    continue
                }
                let origin: CorpusCandidate.Origin =
                    fileExtension == "svg" ? .drawing("\(path)/\(file)") : .file("\(path)/\(file)")
                listing.candidates.append(
                    CorpusCandidate(
                        origin: origin, source: source, place: "\(package):\(folder.path)/\(file)", folder: folder.path,
                        category: folder.category, license: license, caption: caption,
                        alternatives: folder.kind.map { ["\(caption) \($0)"] } ?? [],
                        byLanguage: showsDrawnWords ? context.drawnWords[stem] ?? [:] : [:]))
            }
        }
        return listing
    }

    /// The words of a file's name, or nil when they say nothing.
    static func caption(_ stem: String, in folder: Folder, lexicon: CaptionLexicon) -> String? {
        guard !folder.without.contains(where: { stem.contains($0) }) else { return nil }
        let rest = String(stem.dropFirst(folder.prefix.count))
        var words = CaptionWords.words(rest).map {
            $0.first?.isLowercase == true || $0.count > 1 ? $0.lowercased() : $0
        }
        words = words.flatMap { (folder.replacing[$0] ?? $0).split(separator: " ").map(String.init) }
        guard !folder.onlyKnownWords || words.allSatisfy(lexicon.knows) else { return nil }
        if !folder.suffix.isEmpty, words.last != folder.suffix { words.append(folder.suffix) }
        let caption = words.joined(separator: " ")
        return caption.filter(\.isLetter).count >= 2 ? caption : nil
    }
}

extension NamedPictures {
    /// Drawings of words by Art4Apps, in the learning game pysiogame.
    static func pysiogame(root: String, source: Int) -> Self {
        let folders: [(String, String?)] = [
            ("actions", nil), ("animals", "animal"), ("body", "body part"), ("clothes_n_accessories", "clothing"),
            ("construction", "building"), ("food", "food"), ("fruit_n_veg", "food"), ("jobs", "person"),
            ("nature", "landscape"), ("people", "person"), ("sport", "sport"), ("transport", "vehicle"),
        ]
        return NamedPictures(
            root: root, source: source, package: "pysiogame", base: "games/pysiogame/res/images/art4apps",
            // The package's credits name the licence without its version; its authors wrote 3.0.
            license: "CC-BY-SA-3.0", fileExtension: "jpg",
            folders: folders.map { Folder(path: $0.0, category: $0.1) }, showsDrawnWords: true)
    }

    /// Buildings, goods and people of the strategy game FreeCol.
    static func freeCol(root: String, source: Int) -> Self {
        let possessives = [
            "blacksmiths": "blacksmith's", "carpenters": "carpenter's", "distillers": "distiller's",
            "traders": "trader's", "tobacconists": "tobacconist's", "weavers": "weaver's", "kings": "king's",
            "townhall": "town hall", "crosses": "cross", "hammers": "hammer", "horses": "horse", "muskets": "musket",
            "bells": "bell", "coats": "coat", "furs": "fur", "goods": "goods chests",
        ]
        let variants = ["size2", "size9", "default", "README", "_spanish", "_portuguese", "expansion", "_2"]
        return NamedPictures(
            root: root, source: source, package: "freecol", base: "games/freecol/default/resources/images",
            license: "GPL-2.0-or-later", fileExtension: "png",
            folders: [
                Folder(path: "buildings", category: "building", replacing: possessives, without: variants),
                Folder(path: "goods", replacing: possessives, without: variants + ["meat"]),
                Folder(path: "units/civilian", category: "person", replacing: possessives, without: variants),
            ])
    }

    /// Folders, devices, faces and signs of Papirus; none of its marks of programs.
    static func papirus(root: String, source: Int) -> Self {
        let marks = [
            "Nextcloud", "syncthing", "dropbox", "wiimote", "gnome", "kde", "google", "onedrive", "gitlab", "apple",
            "android", "vmware", "vbox", "wine", "snap", "steam", "java", "linux", "mega", "pcloud", "yandex",
            "owncloud",
            "nextcloud", "arduino", "-git", "github", "gtk", "labplot", "kt-", "fcitx", "-amarok", "flatpak",
            "meocloud", "gdrive", "symbolic", "vcs", "ieee",
        ]
        return NamedPictures(
            root: root, source: source, package: "papirus-icon-theme", base: "icons/Papirus",
            license: "GPL-3.0-only", fileExtension: "svg",
            folders: [
                Folder(
                    path: "64x64/places", prefix: "folder-blue-", suffix: "folder", onlyKnownWords: true, kind: "icon",
                    without: marks + ["-open", "-user", "drag"]),
                Folder(
                    path: "64x64/devices", category: "electronics", onlyKnownWords: true, kind: "icon", without: marks),
                Folder(path: "32x32/emotes", category: "face", prefix: "face-", suffix: "face"),
                Folder(path: "32x32/emblems", prefix: "emblem-", onlyKnownWords: true, kind: "emblem", without: marks),
                Folder(path: "32x32/status", onlyKnownWords: true, kind: "icon", without: marks),
                Folder(path: "24x24/actions", onlyKnownWords: true, kind: "icon", without: marks),
            ])
    }

    /// KDE's Oxygen: actions, devices, folders, faces and the weather.
    static func oxygen(root: String, source: Int) -> Self {
        let marks = [
            "kde", "ipod", "openmoko", "dropbox", "gdrive", "onedrive", "owncloud", "stock_", "svn", "start-here",
        ]
        func folder(
            _ name: String, category: String? = nil, prefix: String = "", suffix: String = "", kind: String? = "icon"
        ) -> Folder {
            Folder(
                path: "128x128/\(name)", category: category, prefix: prefix,
                replacing: ["txt": "text", "harddisk": "hard disk", "im": "messenger", "tar": "archive"],
                suffix: suffix, onlyKnownWords: name != "emotes", kind: kind, without: marks)
        }
        return NamedPictures(
            root: root, source: source, package: "oxygen-icon-theme", base: "icons/oxygen/base",
            license: "LGPL-3.0-or-later", fileExtension: "png",
            folders: [
                folder("actions"), folder("devices", category: "electronics"),
                folder("categories", prefix: "applications-"),
                folder("emotes", category: "face", prefix: "face-", suffix: "face", kind: nil),
                folder("places", prefix: "folder-", suffix: "folder"), folder("places", prefix: "user-"),
                folder("status", category: "weather", prefix: "weather-", kind: "weather icon"),
                folder("status", prefix: "dialog-", kind: "icon"),
                folder("status", prefix: "security-", suffix: "security"),
            ])
    }
}
