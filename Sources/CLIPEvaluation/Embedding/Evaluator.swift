import CLIP
import CLIPData
import CLIPText
import Foundation
import Imaging
import Torch

/// A model to be measured, with what it has encoded so far.
public struct Evaluator: Sendable {
    /// What is done to each picture before the model sees it.
    public struct Change: Sendable {
        /// Tells it from other changes: part of what embeddings are kept by.
        public let name: String
        let apply: @Sendable (_ picture: Picture, _ place: Int) throws -> Picture

        /// - Parameters:
        ///   - name: another change, another name.
        ///   - apply: given the picture and its place in the set.
        public init(_ name: String, _ apply: @escaping @Sendable (_ picture: Picture, _ place: Int) throws -> Picture) {
            (self.name, self.apply) = (name, apply)
        }
    }

    /// The model.
    public let clip: CLIPModel
    /// Tells its embeddings from those of other models, or in another precision.
    public let fingerprint: String
    /// Where embeddings are kept; nil to encode everything anew.
    public let cache: EmbeddingCache?
    private let recent = RecentSets()
    private let onProgress: @Sendable (_ done: Int, _ name: String) -> Void
    private let onSkip: @Sendable (_ key: String, _ reason: String) -> Void

    /// Pictures encoded at a time.
    private static let batchSize = 64
    /// Of the files' form: files of another are made anew.
    private static let version = "1"

    /// - Parameters:
    ///   - fingerprint: of a model whose weights are not those of its file; nil for that of its file.
    ///   - onProgress: told how many pictures of a set have been encoded.
    ///   - onSkip: told of pictures that cannot be read.
    /// - Throws: what hashing the model's weights throws.
    public init(
        _ clip: CLIPModel, cache: EmbeddingCache?, fingerprint: String? = nil,
        onProgress: @escaping @Sendable (_ done: Int, _ name: String) -> Void = { _, _ in },
        onSkip: @escaping @Sendable (_ key: String, _ reason: String) -> Void = { _, _ in }
    ) throws {
        self.clip = clip
        self.cache = cache
        (self.onProgress, self.onSkip) = (onProgress, onSkip)
        self.fingerprint = try fingerprint ?? "\(clip.space(normalized: true).fingerprint)-\(clip.computing)"
    }

    /// Whether a fingerprint is of this model: another precision changes digits, not what features mean.
    package func isSameModel(as other: String) -> Bool {
        fingerprint.prefix { $0 != "-" } == other.prefix { $0 != "-" }
    }

    /// A set's embeddings: from the cache, or encoded now.
    /// - Throws: ``EvaluationError`` for a set without a readable picture; what reading it throws.
    public func embedded(_ set: EvaluationSet, change: Change? = nil) throws -> EmbeddedSet {
        guard let cache else { return try recent.value(of: change == nil ? set : nil) { try encode(set, change) } }
        let parts = ["pictures", Self.version, fingerprint, set.fingerprint, change?.name ?? ""]
        let description =
            "\(set.name)\(change.map { ", \($0.name)" } ?? "") by \(clip.name) in \(clip.precision.rawValue)"
        let tensors = try cache.tensors(parts, description) { try encode(set, change).tensors() }
        if let kept = EmbeddedSet(tensors, of: set) { return kept }
        return try encode(set, change)
    }

    /// Unit vectors of texts: float32 `[N, E]`, from the cache, or encoded now, each different text once.
    public func vectors(of texts: [String]) throws -> Tensor {
        guard let cache else { return try clip.vectors(texts: texts) }
        let parts = ["texts", Self.version, fingerprint] + texts
        let description = "\(texts.count) texts by \(clip.name) in \(clip.precision.rawValue)"
        let kept = try cache.tensors(parts, description) { ["vectors": try clip.vectors(texts: texts)] }
        return try kept["vectors"] ?? clip.vectors(texts: texts)
    }

    // MARK: Pictures

    private func encode(_ set: EvaluationSet, _ change: Change?) throws -> EmbeddedSet {
        var gathered = Gathered()
        var batch: [(sample: EvaluationSample, place: Int)] = []
        var place = 0
        func flush() throws {
            guard !batch.isEmpty else { return }
            try gathered.add(try encode(batch, change), of: batch.count)
            batch.removeAll(keepingCapacity: true)
            onProgress(gathered.samples.count, set.name)
        }
        try set.source.read { sample in
            batch.append((sample, place))
            place += 1
            if batch.count == Self.batchSize { try flush() }
        }
        try flush()
        guard !gathered.samples.isEmpty else {
            throw EvaluationError.samples(
                name: set.name,
                problem: place == 0 ? "it holds no picture" : "none of its \(place) pictures is readable")
        }
        return EmbeddedSet(
            name: set.name, classNames: set.classNames, templates: set.templates, fingerprint: set.fingerprint,
            skipped: gathered.skipped, vectors: try Tensor.concatenated(gathered.vectors),
            states: try Tensor.concatenated(gathered.states), samples: gathered.samples, hashes: gathered.hashes)
    }

    /// What has been encoded of a set.
    private struct Gathered {
        var samples: [EmbeddedSet.Sample] = []
        var hashes: [PerceptualHash] = []
        var vectors: [Tensor] = []
        var states: [Tensor] = []
        var skipped = 0

        mutating func add(_ batch: EncodedBatch?, of count: Int) throws {
            skipped += count - (batch?.samples.count ?? 0)
            guard let batch else { return }
            samples += batch.samples
            hashes += batch.hashes
            vectors.append(batch.vectors)
            states.append(batch.states)
        }
    }

    private struct EncodedBatch {
        let samples: [EmbeddedSet.Sample]
        let hashes: [PerceptualHash]
        let vectors: Tensor
        let states: Tensor
    }

    /// A sample's pictures as the model takes them.
    private struct Prepared: Sendable {
        /// uint8 `[3, S, S]` each.
        let frames: [Tensor]
        let hash: PerceptualHash
    }

    private func encode(
        _ batch: [(sample: EvaluationSample, place: Int)], _ change: Change?
    ) throws -> EncodedBatch? {
        let preprocessor = try clip.preprocessor
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let prepared = ParallelMap.run(batch, threads: cores) { item in
            Result {
                let pictures = try item.sample.pictures().map { picture in
                    try change.map { try $0.apply(picture, item.place) } ?? picture
                }
                guard let first = pictures.first else { throw CLIPError.emptyChoices(what: "frames") }
                let frames = try Engine.onThisThreadAlone {
                    try Engine.withoutGradients { try pictures.map { try preprocessor.bytes($0) } }
                }
                return Prepared(frames: frames, hash: PerceptualHash(first))
            }
        }
        var kept: [(sample: EvaluationSample, prepared: Prepared)] = []
        for (item, result) in zip(batch, prepared) {
            switch result {
            case .success(let ready): kept.append((item.sample, ready))
            case .failure(let error): onSkip(item.sample.key, "\(error)")
            }
        }
        guard !kept.isEmpty else { return nil }
        let (states, vectors) = try encode(kept.map(\.prepared.frames))
        return EncodedBatch(
            samples: kept.map { item in
                EmbeddedSet.Sample(
                    key: item.sample.key, classes: item.sample.classes,
                    undecided: item.sample.undecided.isEmpty ? nil : item.sample.undecided,
                    captions: item.sample.captions, group: item.sample.group)
            }, hashes: kept.map(\.prepared.hash), vectors: vectors, states: states)
    }

    /// A clip's vector is the mean of its frames' vectors, brought to unit length again.
    private func encode(_ frames: [[Tensor]]) throws -> (states: Tensor, vectors: Tensor) {
        let flat = frames.flatMap { $0 }
        var (states, vectors): ([Tensor], [Tensor]) = ([], [])
        for start in stride(from: 0, to: flat.count, by: Self.batchSize) {
            let part = try clip.statesAndVectors(
                pictureBytes: Array(flat[start..<min(flat.count, start + Self.batchSize)]))
            states.append(part.states)
            vectors.append(part.vectors)
        }
        return try Engine.inference {
            let (allStates, allVectors) = (try Tensor.concatenated(states), try Tensor.concatenated(vectors))
            guard frames.contains(where: { $0.count > 1 }) else { return (allStates, allVectors) }
            var start = 0
            var (means, units): ([Tensor], [Tensor]) = ([], [])
            for frame in frames {
                let range = start..<start + frame.count
                means.append(try allStates.slice(range).mean(along: 0, keep: true))
                units.append(try allVectors.slice(range).mean(along: 0, keep: true).normalized())
                start += frame.count
            }
            return (try Tensor.concatenated(means), try Tensor.concatenated(units))
        }
    }
}

/// The sets embedded last, where no disk keeps them: figures of one set ask for it several times.
private final class RecentSets: @unchecked Sendable {
    /// A test set, what was learned from, a validation split, and a sample.
    private static let most = 4

    private let lock = NSLock()
    private var kept: [EmbeddedSet] = []  // guarded by `lock`

    /// - Parameter set: nil for what is not to be kept.
    func value(of set: EvaluationSet?, _ make: () throws -> EmbeddedSet) throws -> EmbeddedSet {
        guard let set else { return try make() }
        if let known = lock.withLock({ kept.first { $0.fingerprint == set.fingerprint } }) { return known }
        let made = try make()
        lock.withLock { kept = Array(([made] + kept).prefix(Self.most)) }
        return made
    }
}
