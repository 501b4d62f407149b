import CLIPData
import Foundation
import Imaging

/// Builds a training set of real pictures with captions, in English and Chinese, from Debian's packages of drawings,
/// stamps, emoji, flags, icons and games.
public struct PictureCorpus: Sendable {
    /// What goes into a corpus, and how it is written.
    public struct Options: Sendable {
        /// Pixels of a stored picture's shortest side; smaller pictures stay as they are.
        public var pictureSize = 224
        /// Pairs wanted for tests, where the packages have as many.
        public var testPairs = 1650
        /// Pairs wanted for validation, where the packages have as many.
        public var validationPairs = 800
        /// The share of a source's concepts that tests take at most; validation takes half of it.
        public var heldOutShare = 0.2
        /// Pictures that may share one caption.
        public var picturesPerCaption = 20
        /// Pairs in one shard.
        public var pairsPerShard = 1000
        /// How pictures are stored.
        public var encoding = PictureEncoding.jpeg(quality: 92)
        /// Orders the pairs; the split does not depend on it.
        public var seed: UInt64 = 0
        /// The packages to read.
        public var sources: [Source] = Source.allCases
        /// Where packages install their data.
        public var root = "/usr/share"
        /// A dictionary in CC-CEDICT's format, plain or compressed with gzip, for glosses of pictures that people did not
        /// caption in Chinese. None gives no glosses.
        public var dictionary: String?
        /// Threads that read pictures.
        public var threads = ProcessInfo.processInfo.activeProcessorCount

        public init() {}
    }

    let options: Options

    public init(_ options: Options = Options()) {
        self.options = options
    }

    /// Writes `train-0000.tar`, ... and the other parts' shards (``CorpusPart``) into `directory`, which is made if need
    /// be. Shards of an earlier build there are replaced or removed. The same packages and options give the same bytes.
    ///
    /// Each pair is `KEY.jpg`, `KEY.txt` (the caption) and `KEY.json` (``CorpusRecord``).
    ///
    /// - Parameter progress: Called now and then, from one thread at a time.
    /// - Throws: ``CorpusError``, ``CLIPDataError``.
    public func build(
        to directory: String, progress: @escaping @Sendable (CorpusProgress) -> Void = { _ in }
    ) throws -> CorpusSummary {
        try check()
        // Read first: a path that leads nowhere should not cost the minutes that pictures take.
        let words = try options.dictionary.map { (path: $0, bytes: try ChineseDictionary.contents($0)) }
        progress(CorpusProgress(stage: .listing, done: 0, total: options.sources.count))
        var summary = CorpusSummary(sources: options.sources.map { CorpusSummary.Source(name: $0.rawValue) })
        let candidates = try list(into: &summary)
        var entries = read(candidates, into: &summary, progress: progress)
        let outcome = compare(&entries, into: &summary, progress: progress)
        guard !entries.isEmpty else { throw CorpusError.nothingKept }
        let parts = split(entries, related: outcome)
        for (entry, parts) in zip(entries, parts) where parts.isEmpty {
            summary.drop(.heldOutGroup, source: entry.candidate.source)
        }
        let common = Set(
            entries.flatMap { entry in
                [entry.candidate.byLanguage["zh"]].compactMap { $0 } + (entry.candidate.keywordsByLanguage["zh"] ?? [])
            })
        let dictionary = try words.map { try ChineseDictionary($0.bytes, path: $0.path, common: common) }
        try CorpusWriter(options: options, directory: directory).write(
            entries, parts: parts, dictionary: dictionary, into: &summary, progress: progress)
        return summary
    }

    /// A picture that is good enough, with what is said about it.
    struct Entry: Sendable {
        let candidate: CorpusCandidate
        let picture: CorpusPicture
        /// The main caption as it is compared.
        let normalized: String

        /// The main caption and the others, as they are compared.
        var allCaptions: [String] { [normalized] + candidate.alternatives.map(CaptionWords.normalized) }

        /// What people call it in Chinese, in both scripts, as captions are compared.
        var chineseCaptions: [String] {
            ["zh", "zh-Hant"].compactMap { candidate.byLanguage[$0] }.map(CaptionWords.normalized).filter {
                !$0.isEmpty
            }
        }
    }

    private func check() throws {
        if options.pictureSize < 16 || options.pictureSize > 4096 {
            throw CorpusError.invalidOption(name: "pictureSize", reason: "\(options.pictureSize) is not in 16...4096")
        }
        if !(options.heldOutShare >= 0 && options.heldOutShare < 0.5) {
            throw CorpusError.invalidOption(name: "heldOutShare", reason: "\(options.heldOutShare) is not in 0..<0.5")
        }
        let counts = [
            ("picturesPerCaption", options.picturesPerCaption, 1), ("pairsPerShard", options.pairsPerShard, 1),
            ("testPairs", options.testPairs, 0), ("validationPairs", options.validationPairs, 0),
        ]
        for (name, value, least) in counts where value < least {
            throw CorpusError.invalidOption(name: name, reason: "\(value) is less than \(least)")
        }
        if options.sources.isEmpty { throw CorpusError.invalidOption(name: "sources", reason: "none is named") }
    }

    private func read(
        _ candidates: [CorpusCandidate], into summary: inout CorpusSummary,
        progress: @escaping @Sendable (CorpusProgress) -> Void
    ) -> [Entry] {
        let (size, encoding) = (options.pictureSize, options.encoding)
        let results = ParallelMap.run(candidates, threads: options.threads) { candidate in
            CorpusPicture.load(candidate.origin, size: size, encoding: encoding)
        } progress: { done in
            progress(CorpusProgress(stage: .reading, done: done, total: candidates.count))
        }
        var entries: [Entry] = []
        for (candidate, result) in zip(candidates, results) {
            switch result {
            case .success(let picture):
                let normalized = CaptionWords.normalized(candidate.caption)
                entries.append(Entry(candidate: candidate, picture: picture, normalized: normalized))
            case .failure(let error): summary.drop(error.reason, source: candidate.source)
            }
        }
        return entries
    }

    /// Drops copies and captions' surplus, and answers which of the entries left look alike.
    private func compare(
        _ entries: inout [Entry], into summary: inout CorpusSummary, progress: (CorpusProgress) -> Void
    ) -> [(Int, Int)] {
        let total = entries.count
        let outcome = DuplicateFilter.run(entries.map(\.picture), captions: entries.map(\.normalized)) { done in
            if done % 500 == 0 { progress(CorpusProgress(stage: .comparing, done: done, total: total)) }
        }
        var dropped = outcome.dropped
        var perCaption: [String: Int] = [:]
        // The limit takes pictures by a hash of their place, not the first of a folder.
        let order = entries.indices.filter { dropped[$0] == nil }.sorted { a, b in
            let (left, right) = (entries[a].candidate.place, entries[b].candidate.place)
            let (isFreeLeft, isFreeRight) = (!Self.isReserved(left), !Self.isReserved(right))
            if isFreeLeft != isFreeRight { return isFreeRight }
            return (StableHash.of(left), left) < (StableHash.of(right), right)
        }
        for index in order {
            perCaption[entries[index].normalized, default: 0] += 1
            if perCaption[entries[index].normalized, default: 0] > options.picturesPerCaption {
                dropped[index] = .captionLimit
            }
        }
        var kept: [Entry] = []
        var newIndex: [Int: Int] = [:]
        for (index, entry) in entries.enumerated() {
            if let reason = dropped[index] {
                summary.drop(reason, source: entry.candidate.source)
            } else {
                newIndex[index] = kept.count
                kept.append(entry)
            }
        }
        entries = kept
        return outcome.related.compactMap { pair in
            guard let a = newIndex[pair.0], let b = newIndex[pair.1] else { return nil }
            return (a, b)
        }
    }

    private static func isReserved(_ place: String) -> Bool {
        CorpusPart.reserved.values.contains { $0.contains(place) }
    }

    private func split(_ entries: [Entry], related: [(Int, Int)]) -> [Set<CorpusPart>] {
        let items = entries.map { entry in
            CorpusSplit.Item(
                captions: entry.allCaptions,
                shared: entry.chineseCaptions + [entry.candidate.concept].compactMap { $0 },
                place: entry.candidate.place, source: options.sources[entry.candidate.source].rawValue,
                hasChinese: entry.candidate.byLanguage["zh"] != nil)
        }
        return CorpusSplit.parts(
            of: items, related: related,
            sizes: .init(test: options.testPairs, validation: options.validationPairs, share: options.heldOutShare))
    }
}

extension CorpusSummary {
    mutating func drop(_ reason: CorpusDropReason, source: Int) {
        sources[source].dropped[reason.rawValue, default: 0] += 1
    }
}
