import Files
import Foundation

/// A picture, still encoded, with its captions.
public struct PairSample: Sendable {
    /// Where the encoded picture is.
    public enum Image: Sendable, Equatable {
        /// In memory, as it came out of a shard.
        case bytes(Data)
        /// In a file that is read when it is needed.
        case file(path: String)
    }

    /// The shard entry's key, or the picture's path.
    public let key: String
    /// The encoded picture, or where it lies.
    public let image: Image
    /// The picture's file name; its extension is only a hint at the format.
    public let imageName: String
    /// The main caption: never empty, trimmed of white space.
    public let caption: String
    /// Further captions of the same picture, without the main one.
    public let alternatives: [String]
    /// Words about the picture, in no particular order.
    public let keywords: [String]
    /// What kind of thing the picture shows, where the data says so.
    public let category: String?
    /// How often the main caption and each alternative is to be used, in relation to each other; empty: equally often.
    public let captionWeights: [Double]
    /// What is said in other languages, by language tag (`zh`, `zh-Hant`).
    public let otherLanguages: [String: TranslatedCaptions]
    /// Where the pair came from, for messages: `shard.tar: entry.jpg`, `pairs.csv: row 12 (cat.jpg)`, `pictures/cat.jpg`.
    public let location: String
    /// Tells the pair from all others of its source: the same in every epoch, after a resumption, for any number of
    /// threads and of processes.
    ///
    /// A table's row or a folder's picture, in the order of their paths, counted from 0; of shards, the shard's place
    /// and the entry's. Files that come or go, or shards given in another order, change it.
    public let number: Int64

    /// The number of a shard's sample: 40 bits for the sample, and above them the shard's place among those given. A
    /// shard that is given twice, to be read twice as often, has its first place both times.
    static func number(entry: Int, ofShard shard: Int) -> Int64 { Int64(shard) << 40 | Int64(entry) }

    /// - Parameters:
    ///   - key: the entry's key, or the picture's path.
    ///   - image: the encoded picture, or where it lies.
    ///   - imageName: the picture's file name.
    ///   - caption: the main one.
    ///   - alternatives: further captions.
    ///   - keywords: words about the picture.
    ///   - category: what kind of thing it shows.
    ///   - captionWeights: one for each caption, the main one first; any other number of them counts as none.
    ///   - otherLanguages: what is said in other languages, by tag.
    ///   - location: where it came from, for messages.
    ///   - number: tells it from all others of its source.
    package init(
        key: String, image: Image, imageName: String, caption: String, alternatives: [String] = [],
        keywords: [String] = [], category: String? = nil, captionWeights: [Double] = [],
        otherLanguages: [String: TranslatedCaptions] = [:], location: String, number: Int64 = 0
    ) {
        self.key = key
        self.image = image
        self.imageName = imageName
        self.caption = caption
        self.alternatives = alternatives
        self.keywords = keywords
        self.category = category
        self.captionWeights = captionWeights.count == alternatives.count + 1 ? captionWeights : []
        self.otherLanguages = otherLanguages
        self.location = location
        self.number = number
    }

    /// The encoded picture, read from its file where it is not in memory.
    ///
    /// - Throws: ``CLIPDataError`` when the file is missing, no regular file, or larger than `limit` bytes.
    public func imageBytes(limit: Int = defaultMaximumImageBytes) throws -> Data {
        switch image {
        case .bytes(let data): data
        case .file(let path):
            try CLIPDataError.wrapping { () throws(FileFault) in try WholeFile.data(path, limit: limit) }
        }
    }

    /// How much memory the pair holds on to, in bytes.
    var heldBytes: Int {
        let others = otherLanguages.values.flatMap { $0.captions + $0.glosses + $0.keywords }
        var bytes = (alternatives + keywords + others).reduce(caption.utf8.count) { $0 + $1.utf8.count }
        if case .bytes(let data) = image { bytes += data.count }
        return bytes
    }

    /// The largest encoded picture that is read by default: 128 MiB.
    public static let defaultMaximumImageBytes = 128 << 20

    /// Extensions taken for pictures, the preferred first.
    public static let imageExtensions = [
        "jpg", "png", "jpeg", "webp", "gif", "tif", "tiff", "bmp", "heic", "avif", "jfif", "jpe", "heif", "hif", "dib",
        "jp2", "j2k", "jpf", "jpx", "j2c", "jpc", "ppm", "pgm", "pbm", "pnm", "ico", "cur", "svg",
        "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "sr2", "orf", "rw2", "pef", "raf", "srw", "mrw", "x3f",
    ]

    /// Whether a lower-case extension is a picture's.
    static func isImage(_ fileExtension: String) -> Bool { images.contains(fileExtension) }

    /// Whether a file's name is a picture's.
    package static func isImage(path: String) -> Bool { isImage(FolderWalk.split(path).fileExtension) }

    private static let images = Set(imageExtensions)
}

/// A would-be pair that was left out.
public struct SkippedSample: Error, Equatable, CustomStringConvertible {
    /// Where it stands; see ``PairSample/location``.
    public let location: String
    /// Why it was left out.
    public let reason: SkipReason

    /// For sources and decoders of one's own: what they leave out is counted and told in the same way.
    public init(location: String, reason: SkipReason) {
        self.location = location
        self.reason = reason
    }

    public var description: String { "\(location): \(reason)" }
}

/// Why a pair was left out.
public enum SkipReason: Error, Hashable, CustomStringConvertible {
    /// No file with a picture's extension, or no path of one.
    case noImage
    /// A shard's entry whose name holds a dot before its extension: its key ends there, and what follows is no picture's
    /// extension.
    case dottedName(key: String, rest: String)
    /// No caption, or only white space.
    case noCaption
    /// A text file or a field of a table with bytes that are no UTF-8.
    case captionNotUTF8
    /// Such a text in UTF-16.
    case captionUTF16
    /// A JSON file, the only one with a caption, that holds no JSON object.
    case badJSON
    /// Weights that are not one number from 0 to 1e9 for each caption.
    case badCaptionWeights
    /// A picture above the limit for one entry.
    case tooLarge(bytes: Int)
    /// A table's row with another number of fields than its header.
    case raggedRow(fields: Int, expected: Int)
    /// The rest of a shard, which is cut off or damaged.
    case damagedShard(String)
    /// A file that could not be read.
    case unreadable(String)
    /// A picture that could not be decoded.
    case undecodable(String)

    public var description: String {
        switch self {
        case .noImage: "no picture"
        case .dottedName(let key, let rest):
            "no picture: WebDataset ends a name at its first dot, so that \"\(key).\(rest)\" is \"\(key)\" with the extension "
                + "\"\(rest)\"; write the shard with names without dots"
        case .noCaption: "no caption"
        case .captionNotUTF8: "the caption is not valid UTF-8"
        case .captionUTF16: "the caption is UTF-16, not UTF-8"
        case .badJSON: "the caption's JSON cannot be read"
        case .badCaptionWeights: "its weights are not one number from 0 for each of its captions"
        case .tooLarge(let bytes): "too large (\(bytes) bytes)"
        case .raggedRow(let fields, let expected): "\(fields) fields where the header has \(expected)"
        case .damagedShard(let detail): detail
        case .unreadable(let detail): detail
        case .undecodable(let detail): detail
        }
    }
}

extension SkipReason {
    /// The reason without its details, for counting.
    public var kind: String {
        switch self {
        case .noImage: "no picture"
        case .dottedName: "dots in names"
        case .noCaption: "no caption"
        case .captionNotUTF8, .captionUTF16: "caption not UTF-8"
        case .badJSON: "bad JSON"
        case .badCaptionWeights: "bad caption weights"
        case .tooLarge: "too large"
        case .raggedRow: "ragged row"
        case .damagedShard: "damaged shard"
        case .unreadable: "unreadable"
        case .undecodable: "undecodable"
        }
    }
}

/// How many pairs were left out, by reason.
public struct SkipSummary: Sendable, Equatable, CustomStringConvertible {
    /// By ``SkipReason/kind``.
    public private(set) var counts: [String: Int] = [:]

    /// Nothing left out yet.
    public init() {}

    /// Pairs left out for any reason.
    public var total: Int { counts.values.reduce(0, +) }

    /// Counts one more.
    public mutating func add(_ sample: SkippedSample) { counts[sample.reason.kind, default: 0] += 1 }

    /// The most frequent reason first: `12 undecodable, 3 no caption`.
    public var description: String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            .joined(separator: ", ")
    }
}

/// The pairs that a source can name before it reads them, so that they can be shuffled as a whole.
protocol PairList: Sendable {
    /// How many pairs there are, with those that turn out unusable.
    var count: Int { get }
    /// One of them.
    func pair(at index: Int) -> Result<PairSample, SkippedSample>
}
