import Foundation

/// Emoji drawn with `fonts-noto-color-emoji`.
struct EmojiSource: CorpusSource {
    static let fontPackage = "fonts-noto-color-emoji"
    let root: String
    let source: Int

    private var font: String { root + "/fonts/truetype/noto/NotoColorEmoji.ttf" }

    var missing: [String] {
        (CorpusFiles.exists(font) ? [] : [Self.fontPackage]) + EmojiNames.missing(root: root)
    }

    func listing(_ context: CorpusContext) -> CorpusListing {
        var listing = CorpusListing()
        for sequence in context.emoji.sequences {
            if EmojiNames.hasSkinTone(sequence) {
                listing.drop(.skinTone)
                continue
            }
            let code = sequence.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: "-")
            let candidate = context.emoji.candidate(
                sequence, origin: .glyph(Self.fullyQualified(sequence), fontFile: font), source: source,
                place: "\(Self.fontPackage):\(code)", license: "OFL-1.1")
            if let candidate { listing.candidates.append(candidate) }
        }
        return listing
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

/// Emoji that a package draws in one SVG file each, named by their code points: `1F431.svg`.
struct EmojiDrawingSource: CorpusSource {
    let root: String
    let source: Int
    let package: String
    /// Of the drawings, below the root.
    let folder: String
    let license: String

    /// OpenMoji, as the video editor OpenShot ships it.
    static func openMoji(root: String, source: Int) -> Self {
        EmojiDrawingSource(
            root: root, source: source, package: "openshot-qt",
            folder: "../lib/python3/dist-packages/openshot_qt/emojis/color/svg", license: "CC-BY-SA-4.0")
    }

    /// EmojiOne.
    static func emojiOne(root: String, source: Int) -> Self {
        let gems = "rubygems-integration/all/gems"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(gems)")) ?? []
        let gem = names.filter { $0.hasPrefix("gemojione-") }.max() ?? "gemojione"
        return EmojiDrawingSource(
            root: root, source: source, package: "ruby-gemojione", folder: "\(gems)/\(gem)/assets/svg",
            license: "CC-BY-SA-4.0")
    }

    private var path: String { "\(root)/\(folder)" }

    var missing: [String] { (CorpusFiles.isFolder(path) ? [] : [package]) + EmojiNames.missing(root: root) }

    func listing(_ context: CorpusContext) -> CorpusListing {
        var listing = CorpusListing()
        for file in CorpusFiles.names(in: path, suffix: ".svg") {
            let sequence = Self.sequence(String(file.dropLast(4)))
            if let sequence, EmojiNames.hasSkinTone(sequence) {
                listing.drop(.skinTone)
                continue
            }
            // Some file names leave out the joiners.
            let joined = sequence.map { $0.unicodeScalars.map { String(Character($0)) }.joined(separator: "\u{200D}") }
            let candidate = [sequence, joined].lazy.compactMap { $0 }.filter(EmojiNames.isEmoji).compactMap {
                sequence in
                context.emoji.candidate(
                    sequence, origin: .drawing("\(path)/\(file)"), source: source, place: "\(package):\(file)",
                    license: license)
            }.first
            if let candidate { listing.candidates.append(candidate) } else { listing.drop(.uselessCaption) }
        }
        return listing
    }

    /// `2764-FE0F` as a sequence without U+FE0F; nil for other names.
    static func sequence(_ stem: String) -> String? {
        var view = String.UnicodeScalarView()
        for part in stem.split(separator: "-") {
            guard let scalar = UInt32(part, radix: 16).flatMap(Unicode.Scalar.init) else { return nil }
            if scalar.value != 0xFE0F { view.append(scalar) }
        }
        return view.isEmpty ? nil : String(view)
    }
}
