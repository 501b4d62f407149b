import CLIP
import CLIPData
import CLIPText
import Torch

/// Retrieval over a source's pairs, and zero-shot accuracy over their categories. Of a folder whose subfolders are classes
/// there is no retrieval: its pictures have no captions of their own.
public struct PairEvaluation: HeldOutEvaluator {
    /// What categories are called and read in.
    public struct Choices: Sendable {
        /// Names in place of the categories' own: one for each of them in alphabetical order, or, where all the categories'
        /// own names are among them, those to choose from. Nil for the categories' own.
        public var labels: [String]?
        /// Sentences with `{}` for the label; several are ensembled.
        public var templates: [PromptTemplate]

        public init(labels: [String]? = nil, templates: [PromptTemplate] = [.plain]) {
            self.labels = labels
            self.templates = templates
        }
    }

    private let source: PairSource
    private let choices: Choices
    private let language: String?
    private let cache: EmbeddingCache?
    private let threads: Int
    private let onSkip: @Sendable (SkippedSample) -> Void
    private let onProgress: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - source: read once, in order.
    ///   - choices: what categories are called.
    ///   - language: the tag of the language whose captions are used (`zh`), and only pairs that have one; nil for the
    ///     main captions.
    ///   - cache: where the categories' vectors are kept; nil for a model that is being trained, whose weights change.
    ///   - threads: that decode pictures.
    ///   - onSkip: told of every pair that is left out, on another thread.
    ///   - onProgress: told how many pairs have been encoded so far.
    public init(
        _ source: PairSource, choices: Choices = Choices(), language: String? = nil,
        cache: EmbeddingCache? = nil, threads: Int = 2,
        onSkip: @escaping @Sendable (SkippedSample) -> Void = { _ in },
        onProgress: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.source = source
        self.choices = choices
        self.language = language
        self.cache = cache
        self.threads = threads
        self.onSkip = onSkip
        self.onProgress = onProgress
    }

    /// Runs a model over the source, once, in order.
    /// - Throws: `CancellationError` where `shouldStop` says so; what reading the source throws;
    ///   `CLIPDataError.invalidOption(name:reason:)` for labels that are not the categories'.
    public func evaluate(_ clip: CLIPModel, shouldStop: () -> Bool = { false }) throws -> HeldOutEvaluation {
        var pictures: [Tensor] = []
        var captions: [[Int32]] = []
        var categories: [String?] = []
        var truncation = TextTruncation(contextLength: try clip.tokenizer.contextLength)
        try DecodedPairs(source, for: clip, language: language, threads: threads, onSkip: onSkip).read { batch in
            if shouldStop() { throw CancellationError() }
            pictures.append(try clip.vectors(pictureBytes: batch.map(\.picture)))
            captions += batch.map(\.text.tokens)
            if source.classNames == nil { for pair in batch { truncation.add(pair.caption, pair.text) } }
            categories += batch.map(\.category)
            onProgress(captions.count)
        }
        guard !pictures.isEmpty else { throw CLIPError.emptyChoices(what: "pictures") }
        let all = try Engine.inference { try Tensor.concatenated(pictures) }
        let retrieval =
            source.classNames == nil
            ? try RetrievalMetrics(pictures: all, texts: clip.vectors(captions: captions)) : nil
        let judged = try CategoryJudgement(categories, choices).map { judgement in
            let classifier = try ZeroShotClassifier(
                clip, labels: judgement.labels, templates: choices.templates, cache: cache)
            truncation.add(classifier.truncation)
            return try judgement.accuracy(of: classifier.similarities(all))
        }
        return HeldOutEvaluation(retrieval: retrieval, categories: judged, truncation: truncation)
    }
}

/// Which of the choices is right for each picture.
private struct CategoryJudgement {
    let labels: [String]
    /// Indices into ``labels``; nil for pictures that name no category.
    let answers: [Int?]

    /// - Returns: nil where there is nothing to choose from.
    init?(_ categories: [String?], _ choices: PairEvaluation.Choices) throws {
        let names = Set(categories.compactMap { $0 }).sorted()
        guard names.count > 1 || choices.labels != nil && !names.isEmpty else { return nil }
        labels = choices.labels ?? names
        let indices: [String: Int]
        if let given = choices.labels, !Set(names).isSubset(of: given) {
            guard given.count == names.count else {
                let examples = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
                throw CLIPDataError.invalidOption(
                    name: "labels",
                    reason: "\(given.count) labels for \(names.count) classes (\(examples)): give one for each, in the "
                        + "alphabetical order of the classes, or labels that have all the classes' names among them")
            }
            indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        } else {
            indices = Dictionary(labels.enumerated().map { ($1, $0) }) { first, _ in first }
        }
        answers = categories.map { $0.flatMap { indices[$0] } }
    }

    /// - Parameter similarities: `[pictures, labels]`.
    func accuracy(of similarities: Tensor) throws -> HeldOutEvaluation.CategoryAccuracy {
        let depth = min(5, labels.count)
        let best = try Engine.inference { try similarities.largest(depth, along: 1).indices }.elements(Int64.self)
        var (first, five, count) = (0, 0, 0)
        var perClass: [Int: (right: Int, count: Int)] = [:]
        for (row, answer) in answers.enumerated() {
            guard let answer else { continue }
            let found = best[row * depth..<(row + 1) * depth]
            let isFirst = found.first == Int64(answer)
            count += 1
            if isFirst { first += 1 }
            if found.contains(Int64(answer)) { five += 1 }
            let before = perClass[answer] ?? (0, 0)
            perClass[answer] = (before.right + (isFirst ? 1 : 0), before.count + 1)
        }
        let recalls = perClass.values.map { Double($0.right) / Double($0.count) }
        return HeldOutEvaluation.CategoryAccuracy(
            accuracy: Double(first) / Double(max(1, count)),
            top5: labels.count > 5 ? Double(five) / Double(max(1, count)) : nil,
            meanPerClassRecall: recalls.reduce(0, +) / Double(max(1, recalls.count)), pictureCount: count,
            categoryCount: labels.count)
    }
}
