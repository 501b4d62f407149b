import CLIP
import CLIPData
import CLIPEvaluation
import CLIPTraining
import Torch

/// Held-out pictures with the categories they are to be put into, kept decoded: they are asked about again and again.
package struct ZeroShotTask: Sendable {
    /// The categories' names in alphabetical order.
    package let categories: [String]
    /// What is said about a category, in their order.
    package let texts: [String]
    /// uint8 `[N, 3, S, S]`.
    private let pictures: Tensor
    /// Each picture's category.
    private let answers: [Int]
    private let preprocessor: PicturePreprocessor

    package var pictureCount: Int { answers.count }
    /// What guessing gives.
    package var chance: Double { 1 / Double(categories.count) }

    /// Reads the pictures that name a category.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where they do not name at least two.
    package init(
        _ clip: CLIPModel, source: PairSource, template: PromptTemplate, threads: Int,
        onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws {
        var judged: [(picture: Tensor, category: String)] = []
        try DecodedPairs(source, for: clip, threads: threads, onSkip: onSkip).read { batch in
            judged += batch.compactMap { pair in pair.category.map { (pair.picture, $0) } }
        }
        let names = Set(judged.map(\.category)).sorted()
        guard names.count > 1 else {
            throw TrainingError.invalidOption(
                name: "held-out pairs",
                problem: "its pictures name \(names.count) categories where at least two are needed to choose from; "
                    + "shards name them in the json's \"category\"")
        }
        categories = names
        texts = names.map(template.filled)
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        answers = judged.compactMap { places[$0.category] }
        pictures = try Tensor.stacked(judged.map(\.picture))
        preprocessor = try clip.preprocessor
    }

    /// How many pictures' own category has the highest score; of equal scores the first counts.
    package func accuracy(_ scorer: ZeroShotScorer) throws -> ZeroShotAccuracy {
        var chosen: [Int] = []
        for start in stride(from: 0, to: answers.count, by: 64) {
            let input = try Engine.withoutGradients {
                try preprocessor.normalize(pictures.slice(start..<min(start + 64, answers.count)))
            }
            chosen += try Self.choices(scorer(input))
        }
        return ZeroShotAccuracy(chosen: chosen, answers: answers)
    }

    /// The place of each row's highest score.
    static func choices(_ scores: Tensor) throws -> [Int] {
        try Engine.inference { try scores.argmax(along: 1) }.elements(Int64.self).map(Int.init)
    }
}

/// How often a picture's category is chosen.
package struct ZeroShotAccuracy: Sendable, Equatable {
    /// The mean over categories of the share of their pictures that are right: always giving one answer, however common,
    /// is worth no more than guessing.
    package let categoryMean: Double
    /// The share of all pictures that are right.
    package let pictureShare: Double

    init(chosen: [Int], answers: [Int]) {
        var counts: [Int: (right: Int, all: Int)] = [:]
        for (choice, answer) in zip(chosen, answers) {
            counts[answer, default: (0, 0)].right += choice == answer ? 1 : 0
            counts[answer, default: (0, 0)].all += 1
        }
        let shares = counts.sorted { $0.key < $1.key }.map { Double($0.value.right) / Double($0.value.all) }
        categoryMean = shares.reduce(0, +) / Double(max(1, shares.count))
        pictureShare = Double(counts.values.reduce(0) { $0 + $1.right }) / Double(max(1, answers.count))
    }
}
