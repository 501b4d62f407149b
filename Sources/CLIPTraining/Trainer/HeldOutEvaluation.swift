import CLIP
import CLIPData
import Torch

/// How well a model does on pairs it has not seen.
public struct HeldOutEvaluation: Sendable, Equatable {
    public let retrieval: RetrievalMetrics
    /// Zero-shot accuracy over the pairs' categories; nil where none are named.
    public let categories: CategoryAccuracy?

    /// How often a picture's category is the first answer among all categories' names.
    public struct CategoryAccuracy: Sendable, Equatable {
        public let accuracy: Double
        public let pictureCount: Int
        public let categoryCount: Int
        /// What guessing gives.
        public var chance: Double { 1 / Double(max(1, categoryCount)) }
    }

    /// Runs a model over a source, once, in order.
    /// - Throws: ``RunStopped`` where `stop` asks for an end first.
    public init(
        _ clip: PretrainedModel, on source: PairSource, threads: Int = 2, stop: StopRequest? = nil,
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) throws {
        let decoder = PairDecoder(tokenizer: clip.tokenizer, preprocessor: clip.preprocessor, augmentation: nil)
        let loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 64, threads: threads), onSkip: onSkip
        ) { sample, seed in try decoder.decode(sample, seed: seed) }
        var pictures: [Tensor] = []
        var captions: [[Int32]] = []
        var categories: [String?] = []
        while let batch = try loader.next() {
            if stop?.isRequested == true { throw RunStopped() }
            let input = try decoder.batch(batch.items)
            pictures.append(
                try Engine.inference {
                    try clip.model.encode(pictures: input.pictures).converted(to: .float32).moved(to: .cpu)
                        .normalized()
                })
            captions += input.captions
            categories += batch.items.map(\.category)
        }
        let all = try Engine.inference { try Tensor.concatenated(pictures) }
        retrieval = try RetrievalMetrics(pictures: all, texts: clip.embed(captions: captions))
        self.categories = try Self.accuracy(clip, pictures: all, categories: categories)
    }

    private static func accuracy(
        _ clip: PretrainedModel, pictures: Tensor, categories: [String?]
    ) throws -> CategoryAccuracy? {
        let names = Set(categories.compactMap { $0 }).sorted()
        guard names.count > 1 else { return nil }
        let classifier = try ZeroShotClassifier(clip, labels: names)
        let answers = try Engine.inference { try classifier.similarities(pictures).argmax(along: 1) }
            .elements(Int64.self)
        let judged = zip(answers, categories).filter { $0.1 != nil }
        let right = judged.filter { names[Int($0.0)] == $0.1 }.count
        return CategoryAccuracy(
            accuracy: Double(right) / Double(max(1, judged.count)), pictureCount: judged.count,
            categoryCount: names.count)
    }
}
