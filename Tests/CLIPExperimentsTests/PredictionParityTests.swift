import Foundation
import TestSupport
import Testing
import Torch
import TorchNN

@testable import CLIP
@testable import CLIPExperiments

/// Losses and scores of predicted captions and words; `Fixtures/make_efficiency.py` computed what PyTorch gives.
@Suite struct PredictionParityTests {
    private struct Expected: Decodable {
        let width: Int
        let heads: Int
        let layers: Int
        let vocabulary: Int
        let context: Int
        let pictureWidth: Int
        let captions: [[Int32]]
        let texts: [[Int32]]
        let loss: Double
        let wordLoss: Double
    }

    private let expected: Expected
    private let tensors: [String: Tensor]

    init() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        expected = try decoder.decode(
            Expected.self, from: Data(contentsOf: folder.appendingPathComponent("efficiency.json")))
        tensors = try TensorFile.read(folder.appendingPathComponent("efficiency.safetensors").path)
    }

    private func tensor(_ name: String) throws -> Tensor { try #require(tensors[name], "\(name)").copied() }

    private func network() throws -> CaptionNetwork {
        var decoder = CaptionDecoderConfiguration(
            width: expected.width, headCount: expected.heads, layers: expected.layers)
        decoder.contextLength = expected.context
        decoder.vocabularySize = expected.vocabulary
        // All weights are loaded: none is drawn, and the generator is other tests' to use.
        let network = try Initializer.skipping {
            try CaptionNetwork(
                pictureWidth: expected.pictureWidth, contextLength: expected.context, decoder: decoder)
        }
        let prefix = "weights."
        let own = tensors.filter { $0.key.hasPrefix(prefix) }
        try network.load(
            Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
        return network
    }

    @Test func captionLossAndEveryGradientArePyTorchs() throws {
        let network = try network()
        let text = CaptionRectangle(expected.captions, contextLength: expected.context)
        #expect(text.count == 3 && text.length == 5)
        let loss = try network.loss(text, over: tensor("patches"))
        #expect(abs(try loss.item() - expected.loss) < 1e-5 * expected.loss)
        try loss.backward()
        for (name, parameter) in network.namedParameters {
            let gradient = try #require(try parameter.tensor.gradient(), "\(name) has no gradient")
            try expectClose(gradient, tensor("gradients.\(name)"), tolerance: 2e-5, name)
        }
    }

    @Test func textsAreAsLikelyAsInPyTorch() throws {
        let network = try network()
        let found = try Engine.inference {
            try network.likelihoods(
                of: CaptionRectangle(expected.texts, contextLength: expected.context),
                over: network.keysAndValues(tensor("patches")))
        }
        try expectClose(found, tensor("likelihoods"), tolerance: 1e-5)
    }

    @Test func wordLossAndItsGradientArePyTorchs() throws {
        let scores = try tensor("word_scores").setRequiresGradient()
        let loss = try WordPrediction.loss(logarithms: scores.logSoftmax(along: 1), bags: tensor("word_bags"))
        #expect(abs(try loss.item() - expected.wordLoss) < 1e-6)
        try loss.backward()
        try expectClose(#require(try scores.gradient()), tensor("word_gradient"), tolerance: 1e-5)
    }

    @Test func captionsWithoutKnownWordsDoNotCount() throws {
        // Two words, both as likely: the caption with one of them costs ln 2 whatever stands beside it in the batch.
        let logarithms = try Tensor.zeros([2, 2]).logSoftmax(along: 1)
        let bags = try WordVocabulary(words: ["cat", "dog"]).bags(["a dog", "nothing of it"])
        #expect(try bags.elements(Float.self) == [0, 1, 0, 0])
        #expect(abs(try WordPrediction.loss(logarithms: logarithms, bags: bags).item() - log(2)) < 1e-6)
    }
}
