import CLIPText
import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP
@testable import CLIPExperiments
@testable import CLIPTraining

/// The three objectives on a tiny model.
@Suite struct ObjectiveTests {
    /// A model with random weights, drawn from one seed.
    private func clip() throws -> CLIPModel {
        let vision = VisionTransformerConfiguration(imageSize: 16, patchSize: 8, width: 16, layers: 2, headWidth: 8)
        var text = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        text.contextLength = 12
        let configuration = ModelConfiguration(embeddingSize: 8, vision: vision, text: text)
        return CLIPModel(
            name: "tiny", model: try withSeed(7) { try DualEncoder(configuration) },
            tokenizer: try CLIPTokenizer(contextLength: 12),
            preprocessor: PicturePreprocessor(PreprocessConfiguration(size: 16)))
    }

    private static let captions = ["a red dog", "one blue cat", "green birds", "my house"]

    private func batch(_ clip: CLIPModel) throws -> TrainingBatch {
        let pictures = try Tensor.normal([4, 3, 16, 16])
        return TrainingBatch(
            pictures: pictures, captions: try Self.captions.map { try clip.tokenizer.tokenize($0).tokens },
            texts: Self.captions)
    }

    private var configuration: TrainingConfiguration {
        var configuration = TrainingConfiguration(batchSize: 4, totalSteps: 40)
        configuration.learningRate = 5e-3
        configuration.warmupSteps = 2
        configuration.gradientNorm = 1
        return configuration
    }

    private func words() -> WordVocabulary { WordVocabulary(texts: Self.captions, minimumCount: 1) }

    private func prediction(_ clip: CLIPModel, _ words: WordVocabulary) throws -> WordPrediction {
        try withSeed(8) { try WordPrediction(clip.model, vocabulary: words) }
    }

    private func language(_ clip: CLIPModel) throws -> CaptionLanguageModel {
        let tokens = TokenVocabulary(captions: try Self.captions.map { try clip.tokenizer.tokenize($0).tokens })
        return try withSeed(8) {
            try CaptionLanguageModel(clip.model, tokenizer: clip.tokenizer, vocabulary: tokens)
        }
    }

    /// Every way of training begins with the same image tower.
    @Test func theImageTowerBeginsAlike() throws {
        func tower(_ make: (CLIPModel) throws -> Void) throws -> [String: Tensor] {
            try withSeed(7) {
                let clip = try clip()
                try make(clip)
                return try clip.model.visual.state()
            }
        }
        let plain = try tower { _ in }
        let others = [
            try tower { _ = try prediction($0, words()) }, try tower { _ = try language($0) },
        ]
        for other in others {
            for (name, values) in plain { try expectClose(#require(other[name]), values, tolerance: 0, name) }
        }
    }

    @Test func theContrastiveObjectiveIsTheTrainers() throws {
        try withSeed(3) {
            let (one, other) = (try clip(), try clip())
            try other.model.load(one.model.state().mapValues { try $0.copied() })
            let batch = try batch(one)
            let objective = try ContrastiveObjective(one, configuration: configuration)
            let trainer = try Trainer(model: other.model, configuration: configuration)
            for _ in 0..<3 {
                #expect(try objective.train(on: batch) == trainer.train(on: batch).loss)
            }
            #expect(try one.model.temperatureScale() == other.model.temperatureScale())
            #expect(objective.parameterCount == one.model.parameterCount)
        }
    }

    /// After forty steps on four pictures, each objective prefers each picture's own caption.
    @Test(arguments: ObjectiveKind.allCases) func everyObjectiveLearns(_ kind: ObjectiveKind) throws {
        try withSeed(5) {
            let clip = try clip()
            let objective: any LearningObjective =
                switch kind {
                case .contrastive: try ContrastiveObjective(clip, configuration: configuration)
                case .words:
                    try PredictiveObjective(
                        prediction(clip, words()), configuration: configuration)
                case .captions: try PredictiveObjective(language(clip), configuration: configuration)
                }
            let batch = try batch(clip)
            let losses = try (0..<40).map { _ in try objective.train(on: batch) }
            #expect(losses[39] < 0.8 * losses[0], "\(losses)")
            let scores = try objective.scorer(for: Self.captions)(batch.pictures)
            #expect(scores.shape == [4, 4] && scores.dtype == .float32)
            let values = try scores.elements(Float.self)
            #expect(try ZeroShotTask.choices(scores) == [0, 1, 2, 3], "\(values)")
        }
    }

    /// Halves and quarters by hand: with probabilities 1/2, 1/4, 1/4 of cat, dog and red, "red cat" scores the mean of
    /// ln 1/4 and ln 1/2, and a text without known words comes last.
    @Test func aTextScoresTheMeanOfItsWords() throws {
        try withSeed(1) {
            let clip = try clip()
            let prediction = try prediction(clip, WordVocabulary(words: ["cat", "dog", "red"]))
            try prediction.head.weight.tensor.detached().fillInPlace(0)
            let bias = try #require(prediction.head.bias)
            try bias.tensor.detached().copyInPlace(Tensor([Float(log(2.0)), 0, 0]))
            let score = try prediction.scorer(for: ["red cat", "the dog", "an owl"])
            let found = try Engine.inference { try score(Tensor.normal([1, 3, 16, 16])) }.elements(Float.self)
            #expect(abs(Double(found[0]) - (log(0.25) + log(0.5)) / 2) < 1e-5)
            #expect(abs(Double(found[1]) - log(0.25)) < 1e-5)
            #expect(found[2] == -.infinity)
        }
    }

    @Test func tooFewWordsAreRefused() throws {
        let clip = try clip()
        #expect(throws: TrainingError.self) {
            try prediction(clip, WordVocabulary(texts: ["one word each"]))
        }
    }

    @Test func aLossThatIsNoNumberStops() throws {
        try withSeed(2) {
            let clip = try clip()
            let objective = try PredictiveObjective(
                prediction(clip, words()), configuration: configuration)
            let good = try batch(clip)
            let bad = TrainingBatch(
                pictures: try good.pictures * .nan, captions: good.captions, texts: good.texts,
                locations: ["bad.tar: a"])
            #expect(throws: TrainingError.notFinite(step: 0, what: "loss", samples: ["bad.tar: a"])) {
                try objective.train(on: bad)
            }
        }
    }
}
