import CLIP
import CLIPData
import Torch

/// What a model learns of a classifier's classes beside its pictures: states that the classifier's network would pool from
/// pictures of a class go through what follows the network, and have to name the class among others, as sure of each as the
/// classifier is (``ClassAnchors``). Without it, a model that began with a network trained on photographs forgets, on
/// drawings alone, what photographs show.
public struct AnchorLoss: Sendable {
    /// What is known of the classes.
    public let anchors: ClassAnchors
    private let tokens: [[Int32]]

    /// Classes of one step.
    static let count = 192
    /// What cosines are multiplied by. The temperature that the model learns is the pairs' alone.
    static let scale = 30.0

    /// - Parameters:
    ///   - anchors: what is known of the classes.
    ///   - clip: the model to train, with its tokenizer.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for a model whose image tower is no such network.
    public init(_ anchors: ClassAnchors, for clip: CLIPModel) throws {
        self.anchors = anchors
        let tokenizer = try clip.tokenizer
        tokens = anchors.names.map { tokenizer.tokenize($0).tokens }
        guard let tower = try clip.model.visual as? any ClassifierTower,
            try tower.stateMoments().mean.count == anchors.width
        else {
            throw TrainingError.invalidOption(
                name: "anchors", problem: "they are of another network than the model's image tower")
        }
    }

    /// Adds the gradients of the loss, times a weight, to those of the parameters.
    /// - Returns: the loss, not weighted.
    func addGradients(
        to model: DualEncoder, step: Int, seed: UInt64, weight: Double, precision: Precision
    ) throws -> Double {
        guard let tower = try model.visual as? any ClassifierTower else { return 0 }
        var generator = SplitMix64(seed: SplitMix64.seed(SplitMix64.seed(seed, UInt64(step)), 6))
        var all = Array(tokens.indices)
        generator.shuffle(&all)
        let classes = Array(all.prefix(Self.count))
        var others = classes
        generator.shuffle(&others)
        let (states, answers) = try Engine.withoutGradients { try anchors.draw(classes, mixedWith: others) }
        let loss = try Engine.autocast(precision.autocastType, on: model.device) {
            let pictures = try tower.embedding(ofState: states.moved(to: model.device))
            return (pictures, try model.encode(captions: classes.map { tokens[$0] }))
        }
        let pictures = try loss.0.converted(to: .float32).normalized()
        let texts = try loss.1.converted(to: .float32).normalized()
        let scores = try pictures.matmul(texts.transposed()) * Self.scale
        let value = try (answers.moved(to: model.device) * scores.logSoftmax(along: 1)).sum(along: 1).mean() * -1
        try (value * weight).backward()
        return try value.detached().item()
    }
}
