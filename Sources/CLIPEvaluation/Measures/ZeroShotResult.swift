import CLIP
import CLIPText
import Foundation
import Torch

/// Classes chosen by their names alone (arXiv 2103.00020, section 3.1).
public struct ZeroShotResult: Sendable, Equatable, Codable {
    /// What one way of asking gives.
    public struct Step: Sendable, Equatable, Codable {
        /// `bare names`, `one template`, `ensemble` or `sentences`.
        public let prompts: String
        /// Top-1 accuracy; for samples with several classes the mean average precision.
        public let accuracy: Interval
        /// What it brings beside the bare names; nil for those. By bootstrap over samples.
        public let gain: Interval?
    }

    /// With one class a sample; nil where samples have several.
    public let classification: ClassificationResult?
    /// With several classes a sample; nil where all have one.
    public let multiLabel: MultiLabelResult?
    /// From bare names to the ensemble (figure 4 of the paper).
    public let steps: [Step]
    /// Classes whose names share a word.
    public let sharedWords: [SharedWord]
    /// Sentences a class.
    public let promptsPerClass: Int
    /// For each sample whether its class came first; empty where samples have several.
    public let isRight: [Bool]
    /// For each sample the class that came first.
    public let predicted: [Int]

    init(
        classification: ClassificationResult?, multiLabel: MultiLabelResult?, steps: [Step], sharedWords: [SharedWord],
        promptsPerClass: Int, isRight: [Bool], predicted: [Int]
    ) {
        (self.classification, self.multiLabel, self.steps) = (classification, multiLabel, steps)
        (self.sharedWords, self.promptsPerClass) = (sharedWords, promptsPerClass)
        (self.isRight, self.predicted) = (isRight, predicted)
    }

    private enum CodingKeys: String, CodingKey {
        case steps, right, predicted
        case sharedWords
        case promptsPerClass
    }

    /// The figures of either kind lie beside the rest.
    public func encode(to encoder: any Encoder) throws {
        try classification?.encode(to: encoder)
        try multiLabel?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(steps, forKey: .steps)
        try container.encode(sharedWords, forKey: .sharedWords)
        try container.encode(promptsPerClass, forKey: .promptsPerClass)
        try container.encode(Marks(isRight), forKey: .right)
        try container.encode(predicted, forKey: .predicted)
    }

    /// What ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            classification: try? ClassificationResult(from: decoder), multiLabel: try? MultiLabelResult(from: decoder),
            steps: try container.decode([Step].self, forKey: .steps),
            sharedWords: try container.decode([SharedWord].self, forKey: .sharedWords),
            promptsPerClass: try container.decode(Int.self, forKey: .promptsPerClass),
            isRight: try container.decode(Marks.self, forKey: .right).values,
            predicted: try container.decode([Int].self, forKey: .predicted))
    }
}

/// Right and wrong, a digit each: ten thousand of them stay readable.
struct Marks: Codable {
    let values: [Bool]

    init(_ values: [Bool]) { self.values = values }

    init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode(String.self).map { $0 == "1" }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(values.map { $0 ? "1" : "0" }))
    }
}

extension Evaluator {
    /// Unit vectors of classes, float32 `[C, E]`: the mean of a class's sentences' unit vectors, normalized again.
    /// - Throws: ``EvaluationError/prompts(name:problem:)``, `CLIPError`.
    package func classVectors(_ prompts: ClassPrompts) throws -> Tensor {
        let texts = prompts.texts
        guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty }) else {
            throw EvaluationError.prompts(name: "classes", problem: "there are none, or one without a sentence")
        }
        if prompts.sentences == nil {
            // What is cut away may be the name itself: refused before anything is read.
            let asked = try ZeroShotPrompts(prompts.names, prompts.templates, for: clip.tokenizer)
            return try clip.classVectors(asked, cache: cache, fingerprint: fingerprint)
        }
        let vectors = try vectors(of: texts.flatMap { $0 })
        return try Engine.inference {
            var start = 0
            return try Tensor.concatenated(
                texts.map { own in
                    defer { start += own.count }
                    return try vectors.slice(start..<start + own.count).mean(along: 0, keep: true).normalized()
                })
        }
    }

    /// Cosines of a set's pictures with classes, float32 `[N, C]`.
    package func similarities(_ set: EmbeddedSet, _ prompts: ClassPrompts) throws -> Tensor {
        let classes = try classVectors(prompts)
        return try Engine.inference { try set.vectors.matmul(classes.transposed()) }
    }

    /// How well a set's classes are told by their names.
    /// - Throws: ``EvaluationError`` for names that do not fit the set.
    public func zeroShot(_ set: EmbeddedSet, _ prompts: ClassPrompts) throws -> ZeroShotResult {
        guard prompts.names.count == set.classNames.count else {
            let examples = set.classNames.prefix(3).joined(separator: ", ") + (set.classNames.count > 3 ? ", …" : "")
            throw EvaluationError.prompts(
                name: set.name,
                problem: set.classNames.isEmpty
                    ? "it has no classes; retrieval can be measured where it has captions"
                    : "\(prompts.names.count) names for \(set.classNames.count) classes (\(examples)): give one for each, in "
                        + "their order")
        }
        guard prompts.names.count > 1 else { throw EvaluationError.oneClass(name: set.name) }
        return set.isMultiLabel ? try severalLabels(set, prompts) : try oneLabel(set.labelled(), prompts)
    }

    private func oneLabel(_ set: EmbeddedSet, _ prompts: ClassPrompts) throws -> ZeroShotResult {
        let labels = try set.labels()
        var steps: [ZeroShotResult.Step] = []
        var bare: [Bool] = []
        var answers: [[Int]] = []
        for step in prompts.steps {
            answers = try ClassificationResult.answers(similarities(set, step.prompts), name: set.name)
            let isRight = zip(answers, labels).map { $0[0] == $1 }
            if steps.isEmpty { bare = isRight }
            let gain = zip(isRight, bare).map { ($0 ? 1.0 : 0) - ($1 ? 1.0 : 0) }
            steps.append(
                ZeroShotResult.Step(
                    prompts: step.name, accuracy: .wilson(isRight.count { $0 }, of: labels.count),
                    gain: steps.isEmpty ? nil : Bootstrap().mean(of: gain)))
        }
        let figures = try ClassificationResult(
            answers: answers, labels: labels, classNames: prompts.names, name: set.name)
        return ZeroShotResult(
            classification: figures, multiLabel: nil, steps: steps,
            sharedWords: SharedWord.all(prompts.names, confusion: figures.confusion),
            promptsPerClass: prompts.texts.map(\.count).max() ?? 0,
            isRight: zip(answers, labels).map { $0[0] == $1 }, predicted: answers.map { $0[0] })
    }

    private func severalLabels(_ set: EmbeddedSet, _ prompts: ClassPrompts) throws -> ZeroShotResult {
        var steps: [ZeroShotResult.Step] = []
        var last: MultiLabelResult?
        for step in prompts.steps {
            let result = try MultiLabelResult(
                scores: similarities(set, step.prompts), classes: set.samples.map(\.classes),
                undecided: set.samples.map { $0.undecided ?? [] }, classNames: prompts.names, name: set.name)
            last = result
            steps.append(ZeroShotResult.Step(prompts: step.name, accuracy: result.meanAveragePrecision, gain: nil))
        }
        return ZeroShotResult(
            classification: nil, multiLabel: last, steps: steps, sharedWords: [],
            promptsPerClass: prompts.texts.map(\.count).max() ?? 0, isRight: [], predicted: [])
    }

    /// How often a set's captions and pictures find one another.
    /// - Throws: ``EvaluationError/samples(name:problem:)`` for a set without captions.
    public func retrieval(_ set: EmbeddedSet, convention: RetrievalResult.Convention) throws -> RetrievalResult {
        let (texts, owners) = set.captions()
        guard !texts.isEmpty else {
            throw EvaluationError.samples(
                name: set.name, problem: "its pictures have no captions, which retrieval needs")
        }
        // Pictures without a caption cannot be found, and are not among the answers.
        let owning = Set(owners)
        guard owning.count == set.count else {
            return try retrieval(set.selecting(owning.sorted()), convention: convention)
        }
        return try RetrievalResult(
            pictures: set.vectors, texts: vectors(of: texts), owners: owners, convention: convention)
    }
}
