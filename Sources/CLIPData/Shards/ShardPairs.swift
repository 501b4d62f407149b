import Files
import Foundation

/// The pairs of one shard, in its own order.
struct ShardPairs {
    private let reader: ShardReader
    private let number: Int
    private let start: EntryPlace
    private var samples = 0
    private var reported = 0
    private var isFinished = false

    /// - Parameters:
    ///   - number: The shard's; see ``PairSample/number(entry:ofShard:)``.
    ///   - start: The sample to begin with.
    ///   - selects: Which samples are read; the others come out as without a picture.
    ///   - readsImages: Without, the pictures are empty: enough for counting.
    init(
        path: String, number: Int = 0, from start: EntryPlace = EntryPlace(), maximumEntryBytes: Int,
        readsImages: Bool = true, interruption: ReadInterruption? = nil,
        selects: @escaping (_ sample: Int) -> Bool = { _ in true }
    ) throws {
        self.number = number
        self.start = start
        reader = try ShardReader(
            path: path, from: start, maximumEntryBytes: maximumEntryBytes, selects: selects, interruption: interruption
        ) {
            fileExtension in
            fileExtension == "txt" || fileExtension == "json" || readsImages && PairSample.isImage(fileExtension)
        }
    }

    var path: String { reader.path }

    /// The place of the sample given last.
    var lastPlace: EntryPlace {
        EntryPlace(ordinal: start.ordinal, entry: reader.sampleCount - 1, offset: reader.sampleOffset)
    }
    /// The place of what comes next; `nil` where nothing more will come.
    var nextPlace: EntryPlace? {
        if reader.isAtEnd, reported == reader.warnings.count { return nil }
        return EntryPlace(ordinal: start.ordinal, entry: reader.sampleCount, offset: reader.nextOffset)
    }

    /// The next pair, or what was skipped in its place; `nil` at the end.
    ///
    /// - Throws: ``CLIPDataError``, also when the shard has no samples at all.
    mutating func next() throws -> Result<PairSample, SkippedSample>? {
        if !isFinished, let sample = try reader.next() {
            samples += 1
            return pair(sample)
        }
        isFinished = true
        if reported < reader.warnings.count {
            defer { reported += 1 }
            return .failure(reader.warnings[reported].skippedRest)
        }
        if samples == 0, start.entry == 0 { throw CLIPDataError.emptyShard(path: reader.path) }
        return nil
    }

    private func pair(_ sample: ShardSample) -> Result<PairSample, SkippedSample> {
        let entry = "\(reader.path): \(sample.key)"
        let candidates = PairSample.imageExtensions.filter(sample.extensions.contains)
        guard let preferred = candidates.first else {
            let dotted = sample.extensions.sorted().first { name in
                name.split(separator: ".").last.map { PairSample.isImage(String($0)) } == true
            }
            let name = Folder.name(of: sample.key)
            return .failure(
                SkippedSample(location: entry, reason: dotted.map { .dottedName(key: name, rest: $0) } ?? .noImage))
        }
        let oversized = sample.oversized
        guard let chosen = candidates.first(where: { name in !oversized.contains { $0.fileExtension == name } }) else {
            let bytes = oversized.first { $0.fileExtension == preferred }?.bytes ?? 0
            return .failure(SkippedSample(location: "\(entry).\(preferred)", reason: .tooLarge(bytes: bytes)))
        }
        let location = "\(entry).\(chosen)"
        switch CaptionRecord.read(text: sample["txt"], json: sample["json"]) {
        case .failure(let reason): return .failure(SkippedSample(location: location, reason: reason))
        case .success(let record):
            return .success(
                PairSample(
                    key: sample.key, image: .bytes(sample[chosen] ?? Data()),
                    imageName: "\(sample.key).\(chosen)", caption: record.caption,
                    alternatives: record.alternatives, keywords: record.keywords, category: record.category,
                    captionWeights: record.weights, otherLanguages: record.otherLanguages, location: location,
                    number: PairSample.number(entry: lastPlace.entry, ofShard: number)))
        }
    }
}
