import Foundation

/// The icons that a theme has for types of files, named in English and Chinese by `shared-mime-info`.
struct FileTypeSource: CorpusSource {
    static let namePackage = "shared-mime-info"
    let root: String
    let source: Int
    let package: String
    /// Of the icons, below the root.
    let folder: String
    let license: String

    static func oxygen(root: String, source: Int) -> Self {
        FileTypeSource(
            root: root, source: source, package: "oxygen-icon-theme", folder: "icons/oxygen/base/128x128/mimetypes",
            license: "LGPL-3.0-or-later")
    }

    static func papirus(root: String, source: Int) -> Self {
        FileTypeSource(
            root: root, source: source, package: "papirus-icon-theme", folder: "icons/Papirus/64x64/mimetypes",
            license: "GPL-3.0-only")
    }

    private var path: String { "\(root)/\(folder)" }
    private var types: String { root + "/mime/packages/freedesktop.org.xml" }

    var missing: [String] {
        (CorpusFiles.isFolder(path) ? [] : [package]) + (CorpusFiles.exists(types) ? [] : [Self.namePackage])
    }

    func listing(_ context: CorpusContext) throws -> CorpusListing {
        let names = Self.names(try CorpusFiles.contents(types, limit: 1 << 26))
        var listing = CorpusListing()
        let files = ["png", "svg"].flatMap { CorpusFiles.names(in: path, suffix: ".\($0)") }
        for file in files {
            let stem = String(file.dropLast(4))
            guard let name = names[stem] ?? names["\(stem)-generic"], let english = name["en"] else {
                listing.drop(.uselessCaption)
                continue
            }
            // "PNG image" alone would name a picture, not a file.
            let caption = english.hasSuffix("file") ? english : "\(english) file"
            listing.candidates.append(
                CorpusCandidate(
                    origin: file.hasSuffix("svg") ? .drawing("\(path)/\(file)") : .file("\(path)/\(file)"),
                    source: source, place: "\(package):mimetypes/\(file)", folder: "mimetypes",
                    category: "computer icon", license: license, caption: caption,
                    alternatives: ["\(english) icon"], byLanguage: name.filter { $0.key != "en" }))
        }
        return listing
    }

    /// What each type is called, by language tag (`en`, `zh`, `zh-Hant`), by the name of its icon.
    static func names(_ bytes: [UInt8]) -> [String: [String: String]] {
        var names: [String: [String: String]] = [:]
        var icons: [String] = []
        MarkupScanner.scan(bytes[...]) { tag in
            switch tag.name {
            case "mime-type": icons = tag.attribute("type").map { [icon($0)] } ?? []
            case "alias": if let type = tag.attribute("type") { icons.append(icon(type)) }
            default: break
            }
            // An alias stands after the comments, so it takes over what the type has by then.
            if tag.name == "alias", let first = icons.first, let last = icons.last, names[last] == nil {
                names[last] = names[first]
            }
        } text: { stack, text in
            guard let tag = stack.last, tag.name == "comment", let icon = icons.first else { return }
            switch tag.attribute("xml:lang") {
            case nil: names[icon, default: [:]]["en"] = text
            case "zh_CN": names[icon, default: [:]]["zh"] = text
            case "zh_TW": names[icon, default: [:]]["zh-Hant"] = text
            default: break
            }
        }
        return names
    }

    private static func icon(_ type: String) -> String { type.replacingOccurrences(of: "/", with: "-") }
}
