import CLIP
import CLIPText
import Torch
import TorchNN

/// Predicts a caption token after token with a transformer that attends to the picture's patches: the image tower and a
/// text decoder learned together from nothing, as VirTex does (Desai and Johnson, arXiv 2006.06666) and the paper's first
/// attempt did (arXiv 2103.00020, section 2.3).
///
/// The decoder has as many blocks as the model's text tower and its width: pairs of a causal self-attention block and a
/// block that attends to the patches. Its loss is the mean cross-entropy of a token. A text's score is its
/// log-probability given the picture, the sum over its tokens and its end.
package final class CaptionLanguageModel: CaptionPrediction {
    package let model: DualEncoder
    package let vocabulary: TokenVocabulary
    let network: CaptionNetwork
    private let visual: any ImageTower
    private let tokenizer: any TextTokenizer
    private let contextLength: Int

    package init(_ model: DualEncoder, tokenizer: any TextTokenizer, vocabulary: TokenVocabulary) throws {
        self.model = model
        visual = try model.visual
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        let tower = try model.configuration.textTower()
        let shape = tower.blocks
        contextLength = tower.contextLength
        var decoder = CaptionDecoderConfiguration(
            width: shape.width, headCount: shape.headCount, layers: max(1, shape.layers / 2))
        decoder.contextLength = contextLength
        decoder.vocabularySize = vocabulary.count
        decoder.activation = shape.activation
        network = try CaptionNetwork(
            pictureWidth: visual.tokens?.tokenWidth ?? model.configuration.embeddingSize, contextLength: contextLength,
            decoder: decoder)
        try network.convert(device: model.device)
    }

    package var learned: [(name: String, parameter: Parameter)] {
        visual.namedParameters.map { ("visual." + $0.name, $0.parameter) }
            + network.namedParameters.map { ("decoder." + $0.name, $0.parameter) }
    }

    /// The tokens of a tower that gives any; of others the embedding alone, as a sequence of one: `[B, M, picture width]`.
    private func pictureTokens(_ pictures: Tensor) throws -> Tensor {
        guard let tower = visual.tokens else {
            return try model.encode(pictures: pictures).unsqueezed(1)
        }
        return try tower.embeddingAndTokens(pictures.moved(to: model.device).converted(to: model.dtype)).tokens
    }

    private func rectangle(_ captions: [[Int32]]) -> CaptionRectangle {
        CaptionRectangle(captions.map { vocabulary.numbers(tokenizer.unpadded($0)) }, contextLength: contextLength)
    }

    package func loss(pictures: Tensor, captions: [String], tokens: [[Int32]]) throws -> Tensor {
        try network.loss(rectangle(tokens), over: pictureTokens(pictures))
    }

    /// Texts scored at a time: this bounds the memory.
    private static let textsAtOnce = 64
    /// Pictures scored at a time.
    private static let picturesAtOnce = 16

    package func scorer(for texts: [String]) throws -> (_ pictures: Tensor) throws -> Tensor {
        let parts = stride(from: 0, to: texts.count, by: Self.textsAtOnce).map { start in
            rectangle(
                texts[start..<min(start + Self.textsAtOnce, texts.count)].map { tokenizer.tokenize($0).tokens })
        }
        return { pictures in
            let count = pictures.shape[0]
            return try Tensor.concatenated(
                stride(from: 0, to: count, by: Self.picturesAtOnce).map { start in
                    let tokens = try self.pictureTokens(pictures.slice(start..<min(start + Self.picturesAtOnce, count)))
                    let keysAndValues = try self.network.keysAndValues(tokens)
                    return try Tensor.concatenated(
                        parts.map { try self.network.likelihoods(of: $0, over: keysAndValues) }, dimension: 1)
                })
        }
    }
}
