import CLIP
import CLIPData
import Foundation
import Torch

/// What pictures that a model may have learned from do to a set's figures (arXiv 2103.00020, section 5).
public struct OverlapResult: Sendable, Equatable, Codable {
    /// A picture and what it is most like among those that were learned from.
    public struct Pair: Sendable, Equatable, Codable {
        /// Of the set.
        public let key: String
        /// Of what was learned from.
        public let training: String
        /// Cosine.
        public let similarity: Double
        /// Bits that differ, of 64.
        public let hashDistance: Int
    }

    /// The three figures, and what they say.
    public let report: OverlapReport
    /// What counts as the same picture.
    public let threshold: OverlapThreshold
    /// What is counted right: `zero-shot`, or `retrieval` where there are no classes.
    public let measure: String
    /// Pictures that were learned from.
    public let trainingCount: Int
    /// The most alike of those that count as the same, twenty of them at most.
    public let pairs: [Pair]
}

/// How duplicates are found.
public struct Overlap: Sendable {
    /// A file of labelled pairs to choose the threshold by; nil to choose it by changed copies of the set's own pictures.
    public var labels: String?
    /// Perceptual hashes of at most so many different bits are of one picture too; nil to go by the embeddings alone.
    public var hashDistance: Int? = 6
    /// Pictures that changed copies are made of.
    public var copied = 200
    /// Draws them.
    public var seed: UInt64 = 0

    /// Changed copies, and 6 bits.
    public init() {}
}

extension Evaluator {
    /// Accuracy on the pictures of a set that a training set has too, and on the others.
    /// - Parameters:
    ///   - training: what the model may have learned from.
    ///   - progress: told what is done next.
    public func overlap(
        _ overlap: Overlap, _ set: EvaluationSet, training: EvaluationSet, prompts: ClassPrompts,
        progress: (String) -> Void = { _ in }
    ) throws -> OverlapResult {
        var own = try embedded(set)
        if own.classNames.count > 1, !own.isMultiLabel { own = try own.labelled() }
        let learned = try embedded(training)
        let pictures = try OverlapPictures(name: own.name, hashes: own.hashes, vectors: own.vectors)
        let others = try OverlapPictures(name: learned.name, hashes: learned.hashes, vectors: learned.vectors)
        progress("chooses the threshold")
        let threshold: OverlapThreshold
        if let path = overlap.labels {
            let rows = try OverlapThreshold.rows(
                OverlapLabel.read(path), path: path, evaluation: pictures, evaluationKeys: own.samples.map(\.key),
                training: others, trainingKeys: learned.samples.map(\.key))
            threshold = try OverlapThreshold.choose(rows, hashDistance: overlap.hashDistance)
        } else {
            threshold = try self.threshold(overlap, set, others)
        }
        progress("compares \(own.count) pictures with \(learned.count)")
        let nearest = try OverlapScan.nearest(of: pictures, in: others)
        let isOverlap = nearest.map(threshold.isDuplicate)
        let (isRight, measure) = try judged(own, prompts)
        let pairs = nearest.enumerated().filter { isOverlap[$0.offset] }
            .sorted { ($1.element.similarity, $0.offset) < ($0.element.similarity, $1.offset) }.prefix(20)
            .map { place, found in
                let isByHash = found.similarity < threshold.similarity
                return OverlapResult.Pair(
                    key: own.samples[place].key,
                    training: learned.samples[isByHash ? found.hashPlace : found.place].key,
                    similarity: found.similarity, hashDistance: found.hashDistance)
            }
        return OverlapResult(
            report: try OverlapReport(name: set.name, isRight: isRight, isOverlap: isOverlap), threshold: threshold,
            measure: measure, trainingCount: learned.count, pairs: pairs)
    }

    /// Whether each picture's class, or one of its captions, comes first.
    private func judged(_ set: EmbeddedSet, _ prompts: ClassPrompts) throws -> ([Bool], String) {
        if set.classNames.count > 1, !set.isMultiLabel {
            return (try zeroShot(set, prompts).isRight, "zero-shot")
        }
        let (texts, owners) = set.captions()
        guard Set(owners).count == set.count else {
            throw EvaluationError.samples(
                name: set.name, problem: "its pictures have neither a class nor a caption each")
        }
        var captions = Array(repeating: [Int](), count: set.count)
        for (text, owner) in owners.enumerated() { captions[owner].append(text) }
        let ranks = try RetrievalRanks.best(queries: set.vectors, answers: vectors(of: texts), right: captions)
        return (ranks.map { $0 < 1 }, "retrieval")
    }

    /// Between what changed copies of pictures are like them and what other pictures are like them.
    private func threshold(
        _ overlap: Overlap, _ set: EvaluationSet, _ training: OverlapPictures
    ) throws -> OverlapThreshold {
        let sample = try set.sampled(overlap.copied, seed: overlap.seed)
        let own = try embedded(sample)
        var positives: [Double] = []
        for (place, name) in ["JPEG", "halved", "cropped", "brightened"].enumerated() {
            let changed = try embedded(
                sample,
                change: Change("\(name) copies by \(overlap.seed)") { picture, index in
                    try OverlapThreshold.variants(
                        of: picture, seed: SplitMix64.seed(overlap.seed, UInt64(index)))[place]
                })
            guard changed.samples.map(\.key) == own.samples.map(\.key) else { continue }
            positives += try Engine.inference { try (changed.vectors * own.vectors).sum(along: 1) }
                .elements(Float.self).map { Double($0) }
        }
        var generator = SplitMix64(seed: overlap.seed)
        let drawn = (0..<training.count).shuffled(using: &generator).prefix(overlap.copied).map(Int64.init)
        let negatives = try Engine.inference {
            try own.vectors.matmul(training.vectors.rows(Tensor(Array(drawn))).transposed())
                .maximum(along: 1)
        }.elements(Float.self).map { Double($0) }
        return try OverlapThreshold.choose(
            positives: positives, negatives: negatives, hashDistance: overlap.hashDistance)
    }
}
