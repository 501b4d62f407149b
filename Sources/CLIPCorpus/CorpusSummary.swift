/// What became of every candidate picture of a corpus.
public struct CorpusSummary: Sendable, Codable, Equatable {
    /// One package of pictures.
    public struct Source: Sendable, Codable, Equatable {
        /// ``PictureCorpus/Source``'s raw value.
        public let name: String
        /// Pictures looked at.
        public var found = 0
        /// Pairs written, training and held-out together.
        public var kept = 0
        /// Pictures left out, by ``CorpusDropReason``'s raw value.
        public var dropped: [String: Int] = [:]

        init(name: String) { self.name = name }
    }

    /// In the order the sources are read.
    public internal(set) var sources: [Source]
    /// Pairs in the training shards.
    public internal(set) var trainingPairs = 0
    /// Pairs in the held-out shards.
    public internal(set) var heldOutPairs = 0
    /// File names of the training shards, in order.
    public internal(set) var trainingShards: [String] = []
    /// File names of the held-out shards, in order.
    public internal(set) var heldOutShards: [String] = []
    /// Bytes of pictures, captions and records, without tar headers.
    public internal(set) var bytes = 0
    /// Pairs of each category, training and held-out together.
    public internal(set) var categories: [String: Int] = [:]
    /// Different captions, as compared (case, articles and punctuation aside).
    public internal(set) var distinctCaptions = 0

    /// Pairs written.
    public var pairs: Int { trainingPairs + heldOutPairs }
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
