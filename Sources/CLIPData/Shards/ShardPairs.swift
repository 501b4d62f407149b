import Foundation

/// The pairs of one shard, in its own order.
struct ShardPairs {
    private let reader: ShardReader
    private var samples = 0
    private var reported = 0
    private var isFinished = false

    private static let images = Set(PairSample.imageExtensions)

    /// - Parameter readsImages: Without, the pictures are empty: enough for counting.
    init(path: String, maximumEntryBytes: Int, readsImages: Bool = true) throws {
        reader = try ShardReader(path: path, maximumEntryBytes: maximumEntryBytes) { fileExtension in
            fileExtension == "txt" || fileExtension == "json" || readsImages && Self.images.contains(fileExtension)
        }
    }

    /// The next pair, or what was skipped in its place; `nil` at the end.
    ///
    /// - Throws: ``CLIPDataError``, also when the shard has no samples at all.
    mutating func next() throws -> Result<PairSample, SkippedSampleError>? {
        if !isFinished, let sample = try reader.next() {
            samples += 1
            return pair(sample)
        }
        isFinished = true
        if reported < reader.warnings.count {
            let warning = reader.warnings[reported]
            reported += 1
            let end = warning.lastEntry.map { "after \($0)" } ?? "from its beginning"
            let state = warning.problem == .truncated ? "cut off" : "damaged"
            let location = "\(reader.path): the rest"
            return .failure(SkippedSampleError(location, .damagedShard("\(state) \(end): \(warning.detail)")))
        }
        if samples == 0 { throw CLIPDataError.emptyShard(path: reader.path) }
        return nil
    }

    private func pair(_ sample: ShardSample) -> Result<PairSample, SkippedSampleError> {
        let entry = "\(reader.path): \(sample.key)"
        let candidates = PairSample.imageExtensions.filter(sample.extensions.contains)
        guard let preferred = candidates.first else { return .failure(SkippedSampleError(entry, .noImage)) }
        let oversized = sample.oversized
        guard let chosen = candidates.first(where: { name in !oversized.contains { $0.fileExtension == name } }) else {
            let bytes = oversized.first { $0.fileExtension == preferred }?.bytes ?? 0
            return .failure(SkippedSampleError("\(entry).\(preferred)", .tooLarge(bytes: bytes)))
        }
        let location = "\(entry).\(chosen)"
        switch CaptionRecord.read(text: sample["txt"], json: sample["json"]) {
        case .failure(let error): return .failure(SkippedSampleError(location, error.reason))
        case .success(let record):
            return .success(
                PairSample(
                    key: sample.key, image: .bytes(sample[chosen] ?? Data()),
                    imageName: "\(sample.key).\(chosen)", caption: record.caption,
                    alternatives: record.alternatives, keywords: record.keywords, category: record.category,
                    location: location))
        }
    }
}
