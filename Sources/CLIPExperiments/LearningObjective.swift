import CLIP
import CLIPTraining
import Torch
import TorchNN

/// What an image tower can be taught by captions (arXiv 2103.00020, section 2.3 and figure 2).
package enum ObjectiveKind: String, Sendable, Codable, CaseIterable {
    /// Which caption of the batch belongs to which picture.
    case contrastive
    /// Which words the caption has.
    case words
    /// The caption itself, token after token.
    case captions

    package var title: String {
        switch self {
        case .contrastive: "Contrastive (CLIP)"
        case .words: "Bag of words prediction"
        case .captions: "Transformer language model"
        }
    }
}

/// How well each of several texts fits pictures: `[B, 3, S, S]` to float32 `[B, texts]` on the CPU, higher for better.
package typealias ZeroShotScorer = (_ pictures: Tensor) throws -> Tensor

/// One way of teaching an image tower by captions, and of asking it about texts afterwards.
package protocol LearningObjective: AnyObject {
    /// Learnable values, the image tower's included.
    var parameterCount: Int { get }
    /// Takes one step.
    /// - Parameter batch: with its captions' texts too, row for row.
    /// - Returns: the loss before it.
    func train(on batch: TrainingBatch) throws -> Double
    /// What tells which of `texts` fits a picture.
    func scorer(for texts: [String]) throws -> ZeroShotScorer
}

/// CLIP's objective, taught by the trainer that `clip train` uses. A text's score is the cosine of its embedding with the
/// picture's.
package final class ContrastiveObjective: LearningObjective {
    private let clip: CLIPModel
    private let trainer: Trainer

    package init(_ clip: CLIPModel, configuration: TrainingConfiguration) throws {
        self.clip = clip
        trainer = try Trainer(model: clip.model, configuration: configuration)
    }

    package var parameterCount: Int { clip.model.parameterCount }

    package func train(on batch: TrainingBatch) throws -> Double { try trainer.train(on: batch).loss }

    package func scorer(for texts: [String]) throws -> ZeroShotScorer {
        let model = clip.model
        let precision = trainer.configuration.precision.autocastType
        func unit(_ encode: () throws -> Tensor) throws -> Tensor {
            try Engine.inference {
                try Engine.autocast(precision, on: model.device, encode).converted(to: .float32).moved(to: .cpu)
                    .normalized()
            }
        }
        let tokenizer = try clip.tokenizer
        let captions = texts.map { tokenizer.tokenize($0).tokens }
        let classes = try unit { try model.encode(captions: captions) }  // [texts, E]
        return { pictures in
            let embeddings = try unit { try model.encode(pictures: pictures) }
            return try Engine.inference { try embeddings.matmul(classes.transposed()) }
        }
    }
}
