import Foundation

/// The stamps of `tuxpaint-stamps-default`: photographs and drawings, each with a text file whose first line is the
/// English caption and whose other lines read `language.utf8=caption`.
struct StampSource: CorpusSource {
    static let package = "tuxpaint-stamps-default"
    let root: String
    let source: Int

    private var stamps: String { root + "/tuxpaint/stamps" }

    var missing: [String] { CorpusFiles.isFolder(stamps) ? [] : [Self.package] }

    func listing(_ context: CorpusContext) -> CorpusListing {
        var listing = CorpusListing()
        for path in CorpusFiles.paths(under: stamps, suffix: ".txt") {
            let stem = String(path.dropLast(4))
            let extensions = ["png", "svg"]
            guard
                let kind = extensions.first(where: { FileManager.default.fileExists(atPath: "\(stamps)/\(stem).\($0)") }
                )
            else { continue }  // a text about a sound or about nothing
            let (caption, others) = Self.captions(CorpusFiles.bytes("\(stamps)/\(path)") ?? [])
            guard let caption else {
                listing.drop(.uselessCaption)
                continue
            }
            let file = "\(stamps)/\(stem).\(kind)"
            let folder = stem.split(separator: "/").dropLast().joined(separator: "/")
            listing.candidates.append(
                CorpusCandidate(
                    origin: kind == "svg" ? .drawing(file) : .file(file), source: source,
                    place: "\(Self.package):\(stem).\(kind)", folder: folder,
                    category: CategoryNames.name(of: folder, in: CategoryNames.stamps), license: "GPL-2.0",
                    caption: caption, byLanguage: others))
        }
        return listing
    }

    /// The English caption (nil when there is none with two letters or more) and the others by language tag.
    static func captions(_ bytes: [UInt8]) -> (english: String?, others: [String: String]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        var others: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let mark = line.range(of: ".utf8=") else { continue }
            let text = withoutStop(String(line[mark.upperBound...]))
            if !text.isEmpty { others[tag(String(line[..<mark.lowerBound]))] = text }
        }
        let english = lines.first.map(withoutStop)
        return (english.flatMap { $0.filter(\.isLetter).count >= 2 ? $0 : nil }, others)
    }

    /// `zh_TW` as `zh-Hant`, `ca@valencia` as `ca-valencia`: language tags as browsers and CLDR write them.
    static func tag(_ locale: String) -> String {
        switch locale {
        case "zh_CN": "zh"
        case "zh_TW": "zh-Hant"
        default: locale.replacingOccurrences(of: "_", with: "-").replacingOccurrences(of: "@", with: "-")
        }
    }

    private static func withoutStop(_ text: String) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        let isOneSentence = trimmed.filter { ".。".contains($0) }.count == 1
        return isOneSentence && (trimmed.hasSuffix(".") || trimmed.hasSuffix("。"))
            ? String(trimmed.dropLast()) : trimmed
    }
}
