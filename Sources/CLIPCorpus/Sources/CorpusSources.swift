/// The packages a corpus is made of.
extension PictureCorpus {
    /// A collection of pictures; its raw value names it in summaries and options.
    public enum Source: String, Sendable, CaseIterable, Codable {
        case openclipart
        case tuxpaintStamps = "tuxpaint-stamps"
        case notoEmoji = "noto-emoji"
        case openMoji = "openmoji"
        case emojiOne = "emojione"
        case pysiogame
        case gcompris
        case isoFlags = "iso-flags"
        case materialIcons = "material-icons"
        case oxygenIcons = "oxygen-icons"
        case papirusIcons = "papirus-icons"
        case wesnoth
        case freeCol = "freecol"

        /// Whether its captions need the names of emoji.
        var namesEmoji: Bool { [.notoEmoji, .openMoji, .emojiOne].contains(self) }

        /// Of look-alikes the first listed stays, so the sources with the most careful captions come first; and words
        /// that earlier sources use are known to later ones.
        static let inOrder: [Source] = [
            .tuxpaintStamps, .notoEmoji, .openclipart, .openMoji, .emojiOne, .isoFlags, .pysiogame, .gcompris, .wesnoth,
            .freeCol, .oxygenIcons, .papirusIcons, .materialIcons,
        ]

        /// What reads it.
        func readers(root: String, index: Int) -> [any CorpusSource] {
            switch self {
            case .openclipart: [ClipartSource(root: root, source: index)]
            case .tuxpaintStamps: [StampSource(root: root, source: index)]
            case .notoEmoji: [EmojiSource(root: root, source: index)]
            case .openMoji: [EmojiDrawingSource.openMoji(root: root, source: index)]
            case .emojiOne: [EmojiDrawingSource.emojiOne(root: root, source: index)]
            case .pysiogame: [NamedPictures.pysiogame(root: root, source: index)]
            case .gcompris: [GComprisSource(root: root, source: index)]
            case .isoFlags: [FlagSource(root: root, source: index)]
            case .materialIcons: [GlyphSource(root: root, source: index)]
            case .oxygenIcons:
                [NamedPictures.oxygen(root: root, source: index), FileTypeSource.oxygen(root: root, source: index)]
            case .papirusIcons:
                [NamedPictures.papirus(root: root, source: index), FileTypeSource.papirus(root: root, source: index)]
            case .wesnoth: [WesnothSource(root: root, source: index)]
            case .freeCol: [NamedPictures.freeCol(root: root, source: index)]
            }
        }
    }

    /// All candidates, in an order that does not depend on the options'.
    func list(into summary: inout CorpusSummary) throws -> [CorpusCandidate] {
        let sources = Source.inOrder.compactMap { source in
            options.sources.firstIndex(of: source).map { (source, $0, source.readers(root: options.root, index: $0)) }
        }
        var missing: [String] = []
        for name in sources.flatMap({ $0.2.flatMap(\.missing) }) where !missing.contains(name) { missing.append(name) }
        guard missing.isEmpty else { throw CorpusError.missingPackages(missing) }
        let namesEmoji = sources.contains { $0.0.namesEmoji }
        var context = CorpusContext(
            lexicon: CaptionLexicon(), emoji: namesEmoji ? EmojiNames(root: options.root) : EmojiNames(),
            drawnWords: try GComprisSource.drawnWords(root: options.root))
        var candidates: [CorpusCandidate] = []
        for (source, index, readers) in sources {
            for reader in readers {
                let listing = try reader.listing(context)
                summary.sources[index].found += listing.candidates.count + listing.dropped.values.reduce(0, +)
                for (reason, count) in listing.dropped {
                    summary.sources[index].dropped[reason.rawValue, default: 0] += count
                }
                candidates += listing.candidates
                for candidate in listing.candidates {
                    context.lexicon.add(candidate.caption)
                    if source == .openclipart { for keyword in candidate.keywords { context.lexicon.add(keyword) } }
                }
            }
            if source == .notoEmoji {
                for (sequence, name) in context.emoji.english.names {
                    context.lexicon.add(name)
                    for keyword in context.emoji.english.keywords[sequence] ?? [] { context.lexicon.add(keyword) }
                }
            }
        }
        return candidates
    }
}
