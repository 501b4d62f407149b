import CLIPText
import Torch

/// One of several choices with how well a picture fits it.
public struct ScoredChoice: Sendable, Equatable {
    /// Its place among the choices given.
    public let index: Int
    /// The label, or the caption, as it was given.
    public let label: String
    /// Probability among the choices: softmax of the similarities at the model's temperature. For a model with a bias
    /// (SigLIP), the probability that picture and text belong together, whatever the other choices are.
    public let score: Double
    /// Cosine of the angle between picture and text, -1 to 1; of a classifier that was learned, the score before the softmax.
    public let similarity: Double

    package init(index: Int, label: String, score: Double, similarity: Double) {
        (self.index, self.label, self.score, self.similarity) = (index, label, score, similarity)
    }
}

extension ScoredChoice {
    /// The more similar one first; of equal ones the one that was given first.
    package static func isBetter(_ first: ScoredChoice, than second: ScoredChoice) -> Bool {
        (first.similarity, second.index) > (second.similarity, first.index)
    }
}

/// What a picture is called, and every choice for it.
public struct Classification: Sendable, Equatable {
    /// The picture's `Picture.name`.
    public let picture: String
    /// Every choice, best first.
    public let choices: [ScoredChoice]
}

/// Chooses among labels or captions that it has read once (arXiv 2103.00020, section 3.1).
///
///     let classifier = try await clip.classifier(labels: ["cat", "dog"])
///     for answer in try await classifier.classify(pictures) { print(answer.picture, answer.choices[0].label) }
public struct ZeroShotClassifier: Sendable {
    /// The labels or captions, as they were given.
    public let choices: [String]
    /// Unit vectors, float32 `[N, E]`.
    public let weights: Tensor
    /// How much of the sentences that were read did not fit in the model's context.
    public let truncation: TextTruncation
    let clip: CLIPModel
    private let scale: Double
    /// Added to scaled similarities by models that score each pair with a sigmoid; nil for those with a softmax.
    private let bias: Double?

    /// Reads labels through templates.
    /// - Parameters:
    ///   - what: what messages call the labels.
    ///   - cache: where their vectors are kept; nil to encode them.
    /// - Throws: ``CLIPError/emptyChoices(what:)`` for no labels, or an empty one; ``CLIPError/labelCutAway(template:label:tokens:contextLength:)``
    ///   for a template that leaves no room for a label.
    package init(
        _ clip: CLIPModel, labels: [String], templates: [PromptTemplate] = [.plain], called what: String = "labels",
        cache: EmbeddingCache? = nil
    ) throws {
        let prompts = try ZeroShotPrompts(labels, templates, for: clip.tokenizer, called: what)
        try self.init(clip, prompts, weights: clip.classVectors(prompts, cache: cache))
    }

    /// - Parameter weights: the labels' unit vectors, float32 `[N, E]`.
    package init(_ clip: CLIPModel, _ prompts: ZeroShotPrompts, weights: Tensor) throws {
        self.clip = clip
        self.weights = weights
        truncation = prompts.truncation
        choices = prompts.labels
        scale = try clip.model.temperatureScale()
        bias = try clip.model.logitBias?.tensor.item()
    }

    /// Cosines of pictures' unit vectors `[B, E]` with every choice: `[B, N]`.
    package func similarities(_ pictures: Tensor) throws -> Tensor {
        try Engine.inference { try pictures.matmul(weights.transposed()) }
    }

    /// Every choice for each picture, best first.
    /// - Parameter pictures: unit vectors, float32 `[B, E]`.
    package func rank(_ pictures: Tensor) throws -> [[ScoredChoice]] {
        let cosines = try similarities(pictures)
        let scores = try Engine.inference {
            let logits = try cosines * scale
            // arXiv 2303.15343, section 3.2: a pair's logit is its own, so there is nothing to normalize over.
            let shares = try bias.map { try (logits + $0).sigmoid() } ?? logits.softmax(along: -1)
            return try shares.elements(Float.self)
        }
        let values = try cosines.elements(Float.self)
        return (0..<pictures.shape[0]).map { row in
            let start = row * choices.count
            return choices.indices
                .map { column in
                    ScoredChoice(
                        index: column, label: choices[column], score: Double(scores[start + column]),
                        similarity: Double(values[start + column]))
                }
                .sorted(by: ScoredChoice.isBetter)
        }
    }
}
