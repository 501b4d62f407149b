import Foundation
import Imaging
import TestSupport
import Testing
import Torch

@testable import CLIP

@Suite struct ZeroShotTests {
    private func clip() throws -> CLIPModel {
        try ModelCatalog.description(of: FixtureModel(name: "words").directory()).loaded()
    }

    @Test func templatesAreFilledWhereverTheyHaveAPlace() throws {
        #expect(try PromptTemplate("a photo of a {}, a {}").filled(with: "cat") == "a photo of a cat, a cat")
        #expect(try PromptTemplate("{}").filled(with: "{}") == "{}")
        #expect(PromptTemplate.plain.filled(with: "猫") == "猫")
        #expect(throws: CLIPError.template("a photo")) { try PromptTemplate("a photo") }
    }

    @Test func severalTemplatesAreEnsembled() throws {
        let clip = try clip()
        let templates = try ["a photo of a {}", "a drawing of a {}"].map { try PromptTemplate($0) }
        let classifier = try ZeroShotClassifier(clip, labels: ["dog", "cat"], templates: templates)
        let one = try clip.vectors(texts: ["a photo of a dog"])
        let two = try clip.vectors(texts: ["a drawing of a dog"])
        try expectClose(classifier.weights.select(0), ((one + two) / 2).normalized().select(0), tolerance: 1e-5)
    }

    @Test func scoresAreTheSoftmaxAtTheModelsTemperatureBestFirst() throws {
        let clip = try clip()
        let picture = try Picture.read(path: FixtureModel.picturePath("photo.jpg"))
        let embedding = try clip.vectors(pictures: [picture])
        let labels = ["a dog", "a cat", "日本語", "a diagram"]
        let choices = try ZeroShotClassifier(clip, labels: labels).rank(embedding)[0]
        #expect(choices.count == 4)
        #expect(zip(choices, choices.dropFirst()).allSatisfy { $0.similarity >= $1.similarity })
        let scale = try clip.model.temperatureScale()
        let total = choices.map { exp($0.similarity * scale) }.reduce(0, +)
        for choice in choices {
            #expect(abs(choice.score - exp(choice.similarity * scale) / total) < 1e-5)
            #expect(labels[choice.index] == choice.label)
        }
    }

    @Test(arguments: [[], ["cat", ""], ["  "]]) func labelsThatSayNothingAreRefused(_ labels: [String]) throws {
        let clip = try clip()
        #expect(throws: CLIPError.emptyChoices(what: "labels")) { try ZeroShotClassifier(clip, labels: labels) }
    }

    @Test func aTemplateThatCutsItsLabelAwayIsRefused() async throws {
        let clip = try clip()
        let length = try clip.tokenizer.contextLength
        func template(_ words: Int, after: Int = 0) throws -> PromptTemplate {
            try PromptTemplate(
                String(repeating: "very ", count: words) + "{}" + String(repeating: " very", count: after))
        }
        // Start, words, the label, end: the last that fits.
        let fitting = try ZeroShotClassifier(clip, labels: ["cat", "dog"], templates: [template(length - 3)])
        #expect(fitting.truncation.cutCount == 0 && fitting.truncation.textCount == 2)
        for words in [length - 2, length + 40] {
            let error = #expect(throws: CLIPError.self) {
                try ZeroShotClassifier(clip, labels: ["cat", "dog"], templates: [.plain, template(words)])
            }
            guard case .labelCutAway(_, "cat", words + 3, length) = error else {
                Issue.record("\(words): \(String(describing: error))")
                continue
            }
        }
        // What follows the label may be lost, with a count.
        let cut = try await clip.classifier(labels: ["cat", "dog"], templates: [template(2, after: length)])
        #expect(cut.truncation.cutCount == 2 && cut.truncation.lostTokens == 2 * 5)
        // Of labels that begin alike only what they share would be left.
        #expect(throws: CLIPError.self) {
            try ZeroShotClassifier(clip, labels: ["red cat", "red dog"], templates: [template(length - 3)])
        }
        let apart = try ZeroShotClassifier(clip, labels: ["red cat", "big dog"], templates: [template(length - 3)])
        #expect(apart.truncation.cutCount == 2)
    }

    @Test func recallCountsWhoRanksBefore() throws {
        // Unit vectors in the plane: the first two pairs agree, the third picture lies nearest to the first caption.
        let pictures = try Tensor([1, 0, 0, 1, 0.8, 0.6] as [Float], shape: [3, 2])
        let texts = try Tensor([1, 0, 0, 1, -1, 0] as [Float], shape: [3, 2])
        let metrics = try RetrievalMetrics(pictures: pictures, texts: texts)
        #expect(abs((metrics.imageToText[1] ?? 0) - 2.0 / 3) < 1e-9)
        #expect(metrics.imageToText[5] == 1)
        #expect(abs((metrics.textToImage[1] ?? 0) - 2.0 / 3) < 1e-9)
        #expect(abs(metrics.chance(1) - 1.0 / 3) < 1e-9)
    }

    @Test func equalVectorsAreNotFoundForFree() throws {
        let same = try Tensor.ones([8, 1])
        let metrics = try RetrievalMetrics(pictures: same, texts: same)
        #expect(metrics.imageToText[1] == 0)
    }

    @Test func anUnknownModelNamesTheKnownOnes() {
        let error = #expect(throws: CLIPError.self) { try ModelCatalog.description(of: "ViT-Q-99") }
        #expect(error?.description.contains("ViT-B-32") == true)
    }

    @Test func anArchitectureWithoutWeightsSaysSo() throws {
        let description = try ModelCatalog.description(of: "ViT-B-32")
        #expect(throws: CLIPError.weightsNeeded(model: "ViT-B-32")) { try description.loaded() }
    }

    /// SigLIP scores each pair by itself: another label changes nothing, and scores need not add up to one.
    @Test func aModelWithABiasScoresEachPairWithASigmoid() throws {
        let clip = try ModelCatalog.description(of: FixtureModel.root() + "/families/hf-siglip").loaded()
        let bias = try #require(clip.model.logitBias).tensor.item()
        let scale = try clip.model.temperatureScale()
        let vector = try Engine.inference {
            try Tensor((0..<16).map { Float($0 % 5) - 2 }, shape: [1, 16]).normalized()
        }
        let both = try ZeroShotClassifier(clip, labels: ["a cat", "two dogs"]).rank(vector)[0]
        let alone = try ZeroShotClassifier(clip, labels: ["a cat"]).rank(vector)[0][0]
        for choice in both {
            let expected = 1 / (1 + exp(-(choice.similarity * scale + bias)))
            #expect(abs(choice.score - expected) < 1e-6, "\(choice.label)")
        }
        #expect(abs(try #require(both.first { $0.label == "a cat" }).score - alone.score) < 1e-7)
        #expect(abs(both.reduce(0) { $0 + $1.score } - 1) > 1e-3)
    }
}
