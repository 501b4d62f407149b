import CLIP
import CLIPData
import Torch

/// Retrieval over a source's pairs, and zero-shot accuracy over their categories.
public struct PairEvaluation: HeldOutEvaluator {
    private let source: PairSource
    private let threads: Int
    private let onSkip: @Sendable (SkippedSample) -> Void

    /// - Parameters:
    ///   - source: read once, in order.
    ///   - threads: that decode pictures.
    ///   - onSkip: told of every pair that is left out, on another thread.
    public init(
        _ source: PairSource, threads: Int = 2, onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in }
    ) {
        self.source = source
        self.threads = threads
        self.onSkip = onSkip
    }

    /// Runs a model over the source, once, in order.
    /// - Throws: `CancellationError` where `shouldStop` says so; what reading the source throws.
    public func evaluate(_ clip: CLIPModel, shouldStop: () -> Bool = { false }) throws -> HeldOutEvaluation {
        var pictures: [Tensor] = []
        var captions: [[Int32]] = []
        var categories: [String?] = []
        try DecodedPairs(source, for: clip, threads: threads, onSkip: onSkip).read { batch in
            if shouldStop() { throw CancellationError() }
            pictures.append(try clip.vectors(pictureBytes: batch.map(\.picture)))
            captions += batch.map(\.tokens)
            categories += batch.map(\.category)
        }
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        let all = try Engine.inference { try Tensor.concatenated(pictures) }
        return HeldOutEvaluation(
            retrieval: try RetrievalMetrics(pictures: all, texts: clip.vectors(captions: captions)),
            categories: try Self.accuracy(clip, pictures: all, categories: categories))
    }

    private static func accuracy(
        _ clip: CLIPModel, pictures: Tensor, categories: [String?]
    ) throws -> HeldOutEvaluation.CategoryAccuracy? {
        let names = Set(categories.compactMap { $0 }).sorted()
        guard names.count > 1 else { return nil }
        let classifier = try ZeroShotClassifier(clip, labels: names)
        let answers = try Engine.inference { try classifier.similarities(pictures).argmax(along: 1) }
            .elements(Int64.self)
        let judged = zip(answers, categories).filter { $0.1 != nil }
        let right = judged.filter { names[Int($0.0)] == $0.1 }.count
        return HeldOutEvaluation.CategoryAccuracy(
            accuracy: Double(right) / Double(max(1, judged.count)), pictureCount: judged.count,
            categoryCount: names.count)
    }
}
