import CLIP
import Foundation
import Torch

/// How often the right text of a picture, and the right picture of a text, is among the first answers.
public struct RetrievalResult: Sendable, Equatable, Codable {
    /// What counts as found.
    public enum Convention: String, Sendable, Codable, CaseIterable {
        /// Any of a picture's captions, all captions being asked for: CLIP_benchmark's.
        case anyPositive = "any-positive"
        /// Each picture's first caption alone: open_clip's during training.
        case paired
    }

    /// In one direction.
    public struct Direction: Sendable, Equatable, Codable {
        /// The share found among the first.
        public let recallAt1: Interval
        /// The share found among the first five.
        public let recallAt5: Interval
        /// The share found among the first ten.
        public let recallAt10: Interval
        /// Where the right answer stands in the middle of all queries, from 1.
        public let medianRank: Double
        /// How many were asked.
        public let queries: Int
        /// Among how many each was looked for.
        public let answers: Int

        init(ranks: [Float], answers: Int) {
            func recall(_ depth: Float) -> Interval { .wilson(ranks.count { $0 < depth }, of: ranks.count) }
            (recallAt1, recallAt5, recallAt10) = (recall(1), recall(5), recall(10))
            let sorted = ranks.sorted()
            // The lower of two in the middle, rounded down, from 1: open_clip's floor(median) + 1.
            medianRank = sorted.isEmpty ? 0 : Double(Self.median(sorted).rounded(.down)) + 1
            (queries, self.answers) = (ranks.count, answers)
        }

        private static func median(_ sorted: [Float]) -> Float {
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        }

        /// What guessing gives at a depth, with one right answer.
        public func chance(_ depth: Int) -> Double { min(1, Double(depth) / Double(max(1, answers))) }

        enum CodingKeys: String, CodingKey {
            case recallAt1 = "R@1"
            case recallAt5 = "R@5"
            case recallAt10 = "R@10"
            case medianRank
            case queries
            case answers
        }
    }

    /// What counts as found.
    public let convention: Convention
    /// Pictures asked for their texts.
    public let imageToText: Direction
    /// Texts asked for their pictures.
    public let textToImage: Direction

    enum CodingKeys: String, CodingKey {
        case convention
        case imageToText
        case textToImage
    }

    /// - Parameters:
    ///   - pictures: unit vectors `[N, E]`.
    ///   - texts: unit vectors `[M, E]`.
    ///   - owners: the picture that each text belongs to; every picture has one at least.
    ///   - most: similarities held at a time.
    public init(
        pictures: Tensor, texts: Tensor, owners: [Int], convention: Convention,
        holding most: Int = RetrievalResult.mostSimilarities
    ) throws {
        self.convention = convention
        let count = pictures.shape[0]
        var captions = Array(repeating: [Int](), count: count)
        for (text, owner) in owners.enumerated() {
            guard captions.indices.contains(owner) else {
                throw EvaluationError.samples(
                    name: "text \(text)", problem: "it belongs to picture \(owner) of \(count)")
            }
            captions[owner].append(text)
        }
        if let without = captions.firstIndex(where: \.isEmpty) {
            throw EvaluationError.samples(name: "picture \(without)", problem: "it has no caption to be found by")
        }
        var (answers, pictureOf, right) = (texts, owners, captions)
        if convention == .paired {
            let first = captions.map { $0[0] }
            answers = try Engine.inference { try texts.rows(Tensor(first.map(Int64.init))) }
            (pictureOf, right) = (Array(0..<count), (0..<count).map { [$0] })
        }
        imageToText = Direction(
            ranks: try RetrievalRanks.best(queries: pictures, answers: answers, right: right, holding: most),
            answers: pictureOf.count)
        textToImage = Direction(
            ranks: try RetrievalRanks.best(
                queries: answers, answers: pictures, right: pictureOf.map { [$0] }, holding: most), answers: count)
    }

    /// Similarities held at a time, so that a million by a million fit in memory.
    public static let mostSimilarities = RetrievalRanks.mostSimilarities
}
