import Foundation
import Testing
import Torch
import TorchNN

@testable import CLIP

/// The tiny models of other families, and what the projects that publish such models make of them: see
/// `Fixtures/families`.
struct FamilyModel: Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let layout: ParameterLayout
    let configuration: ModelConfiguration
    var testDescription: String { name }

    func path() throws -> String { try FixtureModel.root() + "/families/" + name }

    func checkpoint() throws -> Checkpoint { try Checkpoint(path: path() + "/" + file) }

    func model() throws -> DualEncoder {
        let model = try Initializer.skipping { try DualEncoder(configuration) }
        let source = WeightsSource(
            checkpoint: try checkpoint(), layout: layout, configuration: configuration, resamplesPositions: false)
        try Weights.load(source, into: model, called: name)
        return model
    }

    func expected() throws -> [String: Tensor] { try TensorFile.read(path() + "/expected.safetensors") }

    func captions() throws -> [[Int32]] { try FixtureModel.rows(#require(expected()["tokens"])) }
}

extension FamilyModel {
    static let sigLIP = FamilyModel(
        name: "siglip-open_clip", file: "open_clip_model.safetensors", layout: .sigLIPTimm,
        configuration: sigLIPShape(vocabulary: 300, pictureHidden: 64, textHidden: 48))
    static let sigLIP2 = FamilyModel(
        name: "siglip2-open_clip", file: "open_clip_model.safetensors", layout: .sigLIPTimm,
        configuration: sigLIPShape(vocabulary: 300, pictureHidden: 64, textHidden: 48, text: .tanhGELU))
    static let sigLIPHuggingFace = FamilyModel(
        name: "hf-siglip", file: "model.safetensors", layout: .sigLIPHuggingFace,
        configuration: sigLIPShape(
            vocabulary: 67, pictureHidden: 40, textHidden: 32, pictures: .tanhGELU, text: .tanhGELU))
    static let clipHuggingFace = FamilyModel(
        name: "hf-clip", file: "model.safetensors", layout: .huggingFace,
        configuration: clipShape(vocabulary: 574, pooling: .highestToken))
    static let clipHuggingFaceEnd = FamilyModel(
        name: "hf-clip-eos", file: "model.safetensors", layout: .huggingFace,
        configuration: clipShape(vocabulary: 567, pooling: .firstToken(563)))
    static let chinese = FamilyModel(
        name: "chinese-clip-vit", file: "clip_cn_vit-b-16.pt", layout: .chineseCLIP,
        configuration: chineseShape(
            vocabulary: 140, hidden: 40, pictureHidden: 64, pictures: .quickGELU, contextLength: 12))
    static let chineseHuggingFace = FamilyModel(
        name: "hf-chinese-clip", file: "model.safetensors", layout: .chineseCLIPHuggingFace,
        configuration: chineseShape(
            vocabulary: 112, hidden: 32, pictureHidden: 40, pictures: .quickGELU, contextLength: 12))
    static let bert = FamilyModel(
        name: "bert-open_clip", file: "open_clip_model.safetensors", layout: .openCLIPBERT,
        configuration: bertShape(pooling: .mean, projection: .mlp))
    static let bertFirst = FamilyModel(
        name: "bert-first-open_clip", file: "open_clip_model.safetensors", layout: .openCLIPBERT,
        configuration: bertShape(pooling: .first, projection: .matrix))
    static let clipA = FamilyModel(
        name: "open_clip-clipa", file: "open_clip_model.safetensors", layout: .openCLIP, configuration: clipAShape)
    static let coCa = FamilyModel(
        name: "coca-open_clip", file: "open_clip_model.safetensors", layout: .coCa, configuration: coCaShape)

    private static func pictures(hidden: Int, activation: Activation) -> VisionTransformerConfiguration {
        var tower = VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, layers: 2, headWidth: 8)
        tower.feedForwardRatio = TransformerShape.ratio(hidden, over: 16)
        tower.activation = activation
        return tower
    }

    private static func sigLIPShape(
        vocabulary: Int, pictureHidden: Int, textHidden: Int, pictures: Activation = .gelu, text: Activation = .gelu
    ) -> ModelConfiguration {
        var vision = VisionTransformerConfiguration.sigLIP(
            imageSize: 32, patchSize: 8, width: 16, layers: 2, headCount: 2, hiddenWidth: pictureHidden)
        vision.activation = pictures
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        words.contextLength = 16
        words.vocabularySize = vocabulary
        words.feedForwardRatio = TransformerShape.ratio(textHidden, over: 12)
        words.activation = text
        words.epsilon = 1e-6
        words.isCausal = false
        words.pooling = .last
        words.projection = .linear
        var model = ModelConfiguration(embeddingSize: 16, vision: vision, text: words)
        model.initialLogitBias = -10
        return model
    }

    private static func clipShape(
        vocabulary: Int, pooling: TextTransformerConfiguration.Pooling
    ) -> ModelConfiguration {
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        words.contextLength = 16
        words.vocabularySize = vocabulary
        words.feedForwardRatio = TransformerShape.ratio(32, over: 12)
        words.activation = .quickGELU
        words.pooling = pooling
        return ModelConfiguration(
            embeddingSize: 20, vision: pictures(hidden: 40, activation: .quickGELU),
            text: words)
    }

    private static func chineseShape(
        vocabulary: Int, hidden: Int, pictureHidden: Int, pictures activation: Activation, contextLength: Int
    ) -> ModelConfiguration {
        var words = BERTConfiguration(width: 12, headCount: 2, layers: 2, hiddenWidth: hidden)
        words.contextLength = contextLength
        words.vocabularySize = vocabulary
        words.positionCount = 24
        return ModelConfiguration(
            embeddingSize: 20, vision: pictures(hidden: pictureHidden, activation: activation),
            text: words)
    }

    private static func bertShape(
        pooling: BERTConfiguration.Pooling, projection: BERTConfiguration.Projection
    ) -> ModelConfiguration {
        var words = BERTConfiguration(width: 16, headCount: 2, layers: 2, hiddenWidth: 40)
        (words.contextLength, words.vocabularySize, words.positionCount) = (12, 115, 24)
        (words.pooling, words.projection, words.isOpenCLIPs) = (pooling, projection, true)
        return ModelConfiguration(
            embeddingSize: 20, vision: pictures(hidden: 64, activation: .gelu), text: words)
    }

    private static var clipAShape: ModelConfiguration {
        var vision = pictures(hidden: 78, activation: .gelu)
        vision.hasPreNorm = false
        vision.pooling = .average(normAfter: true)
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        words.contextLength = 16
        words.vocabularySize = 300
        words.isCausal = false
        words.pooling = .last
        return ModelConfiguration(embeddingSize: 20, vision: vision, text: words)
    }

    private static var coCaShape: ModelConfiguration {
        var vision = pictures(hidden: 64, activation: .gelu)
        vision.pooling = .attentionalPooler(queries: 6, headCount: 2)
        var words = TextTransformerConfiguration(width: 12, headCount: 2, layers: 2)
        words.contextLength = 11
        words.vocabularySize = 300
        words.hasClassEmbedding = true
        var model = ModelConfiguration(embeddingSize: 12, vision: vision, text: words)
        var decoder = CaptionDecoderConfiguration(width: 12, headCount: 2, layers: 2)
        decoder.contextLength = 11
        decoder.vocabularySize = 300
        model.captionDecoder = decoder
        return model
    }
}
