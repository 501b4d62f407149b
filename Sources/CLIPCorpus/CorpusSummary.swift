/// What became of every candidate picture of a corpus.
public struct CorpusSummary: Sendable, Codable, Equatable {
    /// One package of pictures.
    public struct Source: Sendable, Codable, Equatable {
        /// ``PictureCorpus/Source``'s raw value.
        public let name: String
        /// Pictures looked at.
        public var found = 0
        /// Pairs written, in all parts together.
        public var kept = 0
        /// Pictures left out, by ``CorpusDropReason``'s raw value.
        public var dropped: [String: Int] = [:]

        init(name: String) { self.name = name }
    }

    /// What is in the shards of one name.
    public struct Part: Sendable, Codable, Equatable {
        /// Which.
        public let name: CorpusPart
        /// Pairs.
        public internal(set) var pairs = 0
        /// Pairs by source.
        public internal(set) var sources: [String: Int] = [:]
        /// Pairs that people captioned in Chinese.
        public internal(set) var chineseCaptions = 0
        /// Other pairs whose caption a dictionary says in Chinese.
        public internal(set) var chineseGlosses = 0
        /// Different captions, as compared (case, articles and punctuation aside).
        public internal(set) var distinctCaptions = 0
        /// File names, in order.
        public internal(set) var shards: [String] = []

        init(name: CorpusPart) { self.name = name }
    }

    /// In the order the options name them.
    public internal(set) var sources: [Source]
    /// In the order of ``CorpusPart``'s cases.
    public internal(set) var parts: [Part] = CorpusPart.allCases.map(Part.init)
    /// Bytes of pictures, captions and records, without tar headers.
    public internal(set) var bytes = 0
    /// Pairs of each category, in all parts together.
    public internal(set) var categories: [String: Int] = [:]
    /// Different captions, as compared (case, articles and punctuation aside).
    public internal(set) var distinctCaptions = 0

    /// Different pairs written; one may be in ``CorpusPart/first`` and in ``CorpusPart/demo``.
    public var pairs: Int { sources.reduce(0) { $0 + $1.kept } }

    /// What is in one part.
    public subscript(part: CorpusPart) -> Part { parts.first { $0.name == part } ?? Part(name: part) }
}

/// Why a picture was left out of a corpus.
public enum CorpusDropReason: String, Sendable, CaseIterable, Codable {
    /// No caption, or one made only of credits, file numbers or boilerplate.
    case uselessCaption = "no useful caption"
    /// A drawing that refers to a picture file which the package lacks.
    case lacksPart = "lacks a linked picture"
    /// An emoji that differs from another only by the color of its skin.
    case skinTone = "skin tone variant"
    /// The picture file is damaged, or the font has no one glyph for it.
    case unreadable
    /// Too few pixels to show anything.
    case tooSmall = "too small"
    /// More than four times as long as broad.
    case extremeShape = "extreme shape"
    /// Nothing is to be seen on white.
    case blank
    /// Pixel by pixel another picture.
    case exactDuplicate = "exact duplicate"
    /// Another picture, but for details.
    case nearDuplicate = "near duplicate"
    /// Its caption has as many pictures as are allowed already.
    case captionLimit = "caption limit"
    /// Another picture of what it shows, or one that looks like it, is held out.
    case heldOutGroup = "belongs to a held-out group"
}

/// How far a build has come.
public struct CorpusProgress: Sendable, Equatable {
    /// What a build does, in this order.
    public enum Stage: String, Sendable { case listing, reading, comparing, writing }
    /// What is being done.
    public let stage: Stage
    /// Pictures of this stage that are done.
    public let done: Int
    /// Pictures of this stage.
    public let total: Int
}
