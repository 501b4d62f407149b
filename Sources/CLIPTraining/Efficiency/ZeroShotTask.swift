import CLIP
import CLIPData
import Torch

/// Held-out pictures with the categories they are to be put into, kept decoded: they are asked about again and again.
public struct ZeroShotTask: Sendable {
    /// The categories' names in alphabetical order.
    public let categories: [String]
    /// What is said about a category, in their order.
    public let texts: [String]
    /// uint8 `[N, 3, S, S]`.
    private let pictures: Tensor
    /// Each picture's category.
    private let answers: [Int]
    private let preprocessor: PicturePreprocessor

    public var pictureCount: Int { answers.count }
    /// What guessing gives.
    public var chance: Double { 1 / Double(categories.count) }

    /// Reads the pictures that name a category.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` where they do not name at least two.
    public init(
        _ clip: PretrainedModel, source: PairSource, template: PromptTemplate, threads: Int,
        onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws {
        let decoder = PairDecoder(tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: nil)
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 64, threads: threads), onSkip: onSkip
        ) { sample, seed in try decoder.decode(sample, seed: seed) }
        var judged: [(picture: Tensor, category: String)] = []
        while let batch = try loader.next() {
            judged += batch.items.compactMap { item in item.category.map { (item.picture, $0) } }
        }
        let names = Set(judged.map(\.category)).sorted()
        guard names.count > 1 else {
            throw TrainingError.invalidOption(
                name: "--val-data",
                problem: "its pictures name \(names.count) categories where at least two are needed to choose from; "
                    + "shards name them in the json's \"category\"")
        }
        categories = names
        texts = names.map(template.filled)
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        answers = judged.compactMap { places[$0.category] }
        pictures = try Tensor.stacked(judged.map(\.picture))
        preprocessor = clip.preprocessor
    }

    /// The share of pictures whose own category has the highest score; of equal scores the first counts.
    public func accuracy(_ scorer: ZeroShotScorer) throws -> Double {
        var right = 0
        for start in stride(from: 0, to: answers.count, by: 64) {
            let range = start..<min(start + 64, answers.count)
            let input = try Engine.withoutGradients { try preprocessor.normalize(pictures.slice(range)) }
            right += try Self.countRight(scorer(input), answers: answers[range])
        }
        return Double(right) / Double(answers.count)
    }

    static func countRight(_ scores: Tensor, answers: some Collection<Int>) throws -> Int {
        let chosen = try Engine.inference { try scores.argmax(along: 1) }.elements(Int64.self)
        return zip(chosen, answers).count { Int($0) == $1 }
    }
}
