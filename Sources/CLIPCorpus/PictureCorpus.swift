import CLIPData
import Foundation
import Imaging

/// Builds a training set of real pictures with captions from Debian's packages of drawings, stamps and emoji.
public struct PictureCorpus: Sendable {
    /// The packages a corpus is made of.
    public enum Source: String, Sendable, CaseIterable {
        case openclipart
        case tuxpaintStamps = "tuxpaint-stamps"
        case notoEmoji = "noto-emoji"
    }

    /// What goes into a corpus, and how it is written.
    public struct Options: Sendable {
        /// Pixels of a stored picture's shortest side; smaller pictures stay as they are.
        public var pictureSize = 224
        /// The share of pairs held out, about.
        public var heldOutFraction = 0.075
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
        /// Threads that read pictures.
        public var threads = ProcessInfo.processInfo.activeProcessorCount

        public init() {}
    }

    private let options: Options

    public init(_ options: Options = Options()) {
        self.options = options
    }

    /// Writes `train-0000.tar`, ... and `val-0000.tar`, ... into `directory`, which is made if need be. Shards of an
    /// earlier build there are replaced or removed. The same packages and options give the same bytes.
    ///
    /// Each pair is `KEY.jpg`, `KEY.txt` (the caption) and `KEY.json` (``CorpusRecord``).
    ///
    /// - Parameter progress: Called now and then, from one thread at a time.
    /// - Throws: ``CorpusError``, ``CLIPDataError``.
    public func build(
        to directory: String, progress: @escaping @Sendable (CorpusProgress) -> Void = { _ in }
    ) throws -> CorpusSummary {
        try check()
        progress(CorpusProgress(stage: .listing, done: 0, total: options.sources.count))
        var summary = CorpusSummary(sources: options.sources.map { CorpusSummary.Source(name: $0.rawValue) })
        let candidates = try list(into: &summary)
        var entries = read(candidates, into: &summary, progress: progress)
        let outcome = compare(&entries, into: &summary, progress: progress)
        guard !entries.isEmpty else { throw CorpusError.nothingKept }
        let heldOut = split(entries, related: outcome)
        try CorpusWriter(options: options, directory: directory).write(
            entries, heldOut: heldOut, into: &summary, progress: progress)
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
    }

    private func check() throws {
        if options.pictureSize < 16 || options.pictureSize > 4096 {
            throw CorpusError.invalidOption(name: "pictureSize", reason: "\(options.pictureSize) is not in 16...4096")
        }
        if !(options.heldOutFraction >= 0 && options.heldOutFraction < 1) {
            throw CorpusError.invalidOption(
                name: "heldOutFraction", reason: "\(options.heldOutFraction) is not in 0..<1")
        }
        let counts = [("picturesPerCaption", options.picturesPerCaption), ("pairsPerShard", options.pairsPerShard)]
        for (name, value) in counts where value < 1 {
            throw CorpusError.invalidOption(name: name, reason: "\(value) is less than 1")
        }
        if options.sources.isEmpty { throw CorpusError.invalidOption(name: "sources", reason: "none is named") }
    }

    private func list(into summary: inout CorpusSummary) throws -> [CorpusCandidate] {
        let index = Dictionary(
            uniqueKeysWithValues: Set(options.sources).map { source in
                (source, options.sources.firstIndex(of: source) ?? 0)
            })
        let clipart = index[.openclipart].map { ClipartSource(root: options.root, source: $0) }
        let stamps = index[.tuxpaintStamps].map { StampSource(root: options.root, source: $0) }
        let emoji = index[.notoEmoji].map { EmojiSource(root: options.root, source: $0) }
        let missing = (clipart?.missing ?? []) + (stamps?.missing ?? []) + (emoji?.missing ?? [])
        guard missing.isEmpty else { throw CorpusError.missingPackages(missing) }

        var lexicon = CaptionLexicon()
        var candidates: [CorpusCandidate] = []
        func take(_ listing: CorpusListing, _ source: Int) {
            summary.sources[source].found = listing.candidates.count + listing.dropped.values.reduce(0, +)
            for (reason, count) in listing.dropped { summary.sources[source].dropped[reason.rawValue] = count }
            candidates += listing.candidates
        }
        // Of look-alikes the first listed stays: the sources with the most careful captions come first.
        if let stamps {
            let listing = stamps.listing()
            for candidate in listing.candidates { lexicon.add(candidate.caption) }
            take(listing, stamps.source)
        }
        if let emoji {
            let english = emoji.english()
            for (sequence, name) in english.names {
                lexicon.add(name)
                for keyword in english.keywords[sequence] ?? [] { lexicon.add(keyword) }
            }
            take(emoji.listing(english: english), emoji.source)
        }
        if let clipart { take(clipart.listing(lexicon: lexicon), clipart.source) }
        return candidates
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

    private func split(_ entries: [Entry], related: [(Int, Int)]) -> [Bool] {
        var split = HeldOutSplit(count: entries.count)
        for (a, b) in related { split.join(a, b) }
        split.join(
            captions: entries.map { entry in
                [entry.normalized] + entry.candidate.alternatives.map(CaptionWords.normalized)
            })
        return split.heldOut(captions: entries.map(\.normalized), fraction: options.heldOutFraction)
    }
}

extension CorpusSummary {
    mutating func drop(_ reason: CorpusDropReason, source: Int) {
        sources[source].dropped[reason.rawValue, default: 0] += 1
    }
}
