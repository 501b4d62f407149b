import Torch
import TorchNN

/// CoCa's multimodal decoder (Yu et al., arXiv 2205.01917, section 3.2, as open_clip builds it): the text tower's states,
/// which nothing of the picture is in yet, attend in turn to one another and to the picture's tokens, and predict each
/// next word.
package final class CaptionDecoder: Module {
    package let blocks: [TransformerBlock]
    /// One after each of ``blocks``.
    package let crossBlocks: [CrossAttentionBlock]
    package let finalNorm: LayerNorm
    /// `[W, vocabulary]`
    package let projection: Parameter
    let configuration: CaptionDecoderConfiguration

    /// Initialized as the text tower.
    package init(_ configuration: CaptionDecoderConfiguration) throws {
        self.configuration = configuration
        let width = configuration.width
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation)
        }
        crossBlocks = try (0..<configuration.layers).map { _ in
            try CrossAttentionBlock(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation)
        }
        finalNorm = try LayerNorm(width)
        projection = try Parameter(zeros: width, configuration.vocabularySize)
        try blocks.initializeAsText(width: width)
        try Initializer.normal(1 / Double(width).squareRoot()).apply(to: projection)
    }

    /// - Parameters:
    ///   - states: the text tower's states before its final norm, `[B, L, W]`.
    ///   - pictureTokens: `[B, M, W]`, as ``TokenTower/embeddingAndTokens(_:)`` gives them.
    /// - Returns: for each place, the scores of what stands at the next: `[B, L, vocabulary]`.
    package func callAsFunction(_ states: Tensor, pictureTokens: Tensor) throws -> Tensor {
        var states = states
        for (block, cross) in zip(blocks, crossBlocks) {
            states = try cross(block(states, causal: true), over: cross.keysAndValues(pictureTokens))
        }
        return try scores(states)
    }

    func scores(_ states: Tensor) throws -> Tensor { try finalNorm(states).matmul(projection.tensor) }
}

/// A residual block with normalization before each part: attention to another sequence, then a feed-forward layer.
package final class CrossAttentionBlock: Module {
    package let norm1: LayerNorm
    /// Over the other sequence.
    package let inputNorm: LayerNorm
    package let attention: MultiHeadAttention
    package let norm2: LayerNorm
    package let feedForward: FeedForward

    package init(width: Int, headCount: Int, hidden: Int, activation: Activation) throws {
        norm1 = try LayerNorm(width)
        inputNorm = try LayerNorm(width)
        attention = try MultiHeadAttention(width: width, headCount: headCount)
        norm2 = try LayerNorm(width)
        feedForward = try FeedForward(width: width, hidden: hidden, activation: activation)
    }

    /// What the block needs of the other sequence, the same for every call: `[B, M, width] -> [2, B, heads, M, d]`.
    package func keysAndValues(_ other: Tensor) throws -> Tensor { try attention.keysAndValues(inputNorm(other)) }

    /// `[B, L, width] -> [B, L, width]`.
    package func callAsFunction(_ input: Tensor, over keysAndValues: Tensor) throws -> Tensor {
        let attended = try input + attention(queries: norm1(input), keysAndValues: keysAndValues)
        return try attended + feedForward(norm2(attended))
    }
}

extension ModelConfiguration {
    /// The decoder beside the towers, if there is one.
    /// - Throws: ``CLIPError/configuration(source:key:problem:)`` where the towers' widths do not fit it.
    func makeCaptionDecoder() throws -> CaptionDecoder? {
        guard let decoder = captionDecoder else { return nil }
        func refuse(_ key: String, _ problem: String) -> CLIPError {
            .configuration(source: "model_cfg", key: key, problem: problem)
        }
        guard let tower = vision as? VisionTransformerConfiguration, case .attentionalPooler = tower.pooling else {
            throw refuse("vision_cfg.attentional_pool", "the caption decoder needs an attentional pooler's tokens")
        }
        guard embeddingSize == decoder.width else {
            throw refuse("embed_dim", "\(embeddingSize) where the caption decoder's width \(decoder.width) is needed")
        }
        guard let words = text as? TextTransformerConfiguration, words.width == decoder.width else {
            throw refuse("text_cfg.width", "the caption decoder's width \(decoder.width) is needed")
        }
        return try CaptionDecoder(decoder)
    }
}

extension DualEncoder {
    /// What writes captions.
    struct Captioner {
        let visual: any TokenTower
        let text: TextTransformer
        let decoder: CaptionDecoder
    }

    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write.
    func captioner() throws -> Captioner {
        guard let captionDecoder, let visual = try visual.tokens, let text = try text as? TextTransformer else {
            throw CLIPError.noCaptionDecoder
        }
        return Captioner(visual: visual, text: text, decoder: captionDecoder)
    }
}
