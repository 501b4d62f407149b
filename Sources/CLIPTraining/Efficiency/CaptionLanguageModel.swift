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
public final class CaptionLanguageModel: CaptionPrediction {
    public let model: DualEncoder
    public let vocabulary: TokenVocabulary
    let network: Network
    private let tokenizer: any TextTokenizer
    private let contextLength: Int

    /// What stands behind the image tower.
    final class Network: Module {
        let tokenEmbedding: Embedding
        /// `[context length, W]`
        let positionalEmbedding: Parameter
        /// From the patches' width to the decoder's.
        let bridge: Linear
        let decoder: CaptionDecoder

        init(pictureWidth: Int, contextLength: Int, decoder configuration: CaptionDecoderConfiguration) throws {
            let width = configuration.width
            tokenEmbedding = try Embedding(configuration.vocabularySize, width)
            positionalEmbedding = try Parameter(zeros: contextLength, width)
            bridge = try Linear(pictureWidth, width)
            decoder = try CaptionDecoder(configuration)
            try Initializer.normal(0.02).apply(to: tokenEmbedding.weight)
            try Initializer.normal(0.01).apply(to: positionalEmbedding)
        }

        /// What cross-attention blocks need of pictures: `[B, M, picture width]` to `[2, B, heads, M, d]` for each block.
        func keysAndValues(_ tokens: Tensor) throws -> [Tensor] {
            let bridged = try bridge(tokens)
            return try decoder.crossBlocks.map { try $0.keysAndValues(bridged) }
        }

        /// States of `B · k` captions, those of a picture side by side: `[B · k, L] -> [B · k, L, W]`.
        func states(_ input: Tensor, over pictures: [Tensor]) throws -> Tensor {
            let (rows, length) = (input.shape[0], input.shape[1])
            let count = pictures.first?.shape[1] ?? rows
            var states = try tokenEmbedding(input) + positionalEmbedding.tensor.slice(0..<length)
            let shape = states.shape
            for (index, block) in decoder.blocks.enumerated() {
                states = try block(states, causal: true)
                // Attending to a picture, a token does not see others: a picture's captions can ask side by side.
                states = try decoder.crossBlocks[index](
                    states.reshaped([count, rows / max(1, count) * length, shape[2]]), over: pictures[index])
                states = try states.reshaped(shape)
            }
            return states
        }

        /// Scores of the next token at some of all places: `[places, vocabulary]`.
        func scores(_ states: Tensor, at places: Tensor) throws -> Tensor {
            let flat = try states.reshaped([-1, states.shape[2]]).rows(places)
            return try decoder.finalNorm(flat).matmul(decoder.projection.tensor).converted(to: .float32)
        }
    }

    public init(_ model: DualEncoder, tokenizer: any TextTokenizer, vocabulary: TokenVocabulary) throws {
        self.model = model
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        let shape = TextShape(model.configuration.text)
        contextLength = shape.contextLength
        var decoder = CaptionDecoderConfiguration(
            width: shape.width, headCount: shape.headCount, layers: max(1, shape.layers / 2))
        decoder.contextLength = shape.contextLength
        decoder.vocabularySize = vocabulary.count
        decoder.activation = shape.activation
        network = try Network(
            pictureWidth: Self.pictureWidth(model), contextLength: shape.contextLength, decoder: decoder)
        try network.convert(device: model.device)
    }

    public var learned: [(name: String, parameter: Parameter)] {
        model.visual.namedParameters.map { ("visual." + $0.name, $0.parameter) }
            + network.namedParameters.map { ("decoder." + $0.name, $0.parameter) }
    }

    private static func pictureWidth(_ model: DualEncoder) -> Int {
        (model.visual as? VisionTransformer)?.postNorm.weight.shape.first ?? model.configuration.embeddingSize
    }

    /// A vision transformer's patches; of other towers the embedding alone, as a sequence of one: `[B, M, picture width]`.
    private func pictureTokens(_ pictures: Tensor) throws -> Tensor {
        guard let tower = model.visual as? VisionTransformer else {
            return try model.encode(pictures: pictures).unsqueezed(1)
        }
        return try tower.embeddingAndTokens(pictures.moved(to: model.device).converted(to: model.dtype)).tokens
    }

    private func rectangle(_ captions: [[Int32]]) -> CaptionRectangle {
        CaptionRectangle(captions.map { vocabulary.numbers(tokenizer.unpadded($0)) }, contextLength: contextLength)
    }

    public func loss(pictures: Tensor, captions: [String], tokens: [[Int32]]) throws -> Tensor {
        let text = rectangle(tokens)
        let input = try Tensor(text.input, shape: [tokens.count, text.length]).moved(to: model.device)
        let states = try network.states(input, over: network.keysAndValues(pictureTokens(pictures)))
        let scores = try network.scores(states, at: Tensor(text.places).moved(to: model.device))
        return try scores.crossEntropy(targets: Tensor(text.targets).moved(to: model.device))
    }

    /// Texts scored at a time: this bounds the memory.
    private static let textsAtOnce = 64
    /// Pictures scored at a time.
    private static let picturesAtOnce = 16

    public func scorer(for texts: [String]) throws -> (_ pictures: Tensor) throws -> Tensor {
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
                        parts.map { try self.likelihoods(of: $0, over: keysAndValues) }, dimension: 1)
                })
        }
    }

    /// Every text's log-probability given each of `P` pictures, `[P, texts]`.
    private func likelihoods(of text: CaptionRectangle, over pictures: [Tensor]) throws -> Tensor {
        let texts = text.input.count / text.length
        let count = pictures.first?.shape[1] ?? 0
        let device = model.device
        let input = try Tensor(text.input, shape: [1, texts, text.length]).moved(to: device)
            .expanded([count, texts, text.length]).reshaped([count * texts, text.length])
        let states = try network.states(input, over: pictures)
        var sums: [Tensor] = []
        let places = try Tensor(text.places).moved(to: device)
        let targets = try Tensor(text.targets).moved(to: device)
        // One row for each text, 1 where a place is the text's.
        var members = [Float](repeating: 0, count: text.rows.count * texts)
        for (place, row) in text.rows.enumerated() { members[place * texts + row] = 1 }
        let sum = try Tensor(members, shape: [text.rows.count, texts]).moved(to: device)
        let perPicture = try states.reshaped([count, texts * text.length, states.shape[2]])
        for picture in 0..<count {
            let scores = try network.scores(perPicture.select(picture).unsqueezed(0), at: places)
            let chosen = try scores.logSoftmax(along: 1).atPositions(targets).unsqueezed(0)  // [1, places]
            sums.append(try Engine.autocast(nil, on: device) { try chosen.matmul(sum) })
        }
        return try Tensor.concatenated(sums)
    }
}

/// What a decoder takes over from a model's text tower.
private struct TextShape {
    let contextLength: Int
    let width: Int
    let headCount: Int
    let layers: Int
    let activation: Activation

    init(_ text: ModelConfiguration.Text) {
        contextLength = text.contextLength
        switch text {
        case .transformer(let tower):
            (width, headCount, layers, activation) = (tower.width, tower.headCount, tower.layers, tower.activation)
        case .bert(let tower):
            (width, headCount, layers, activation) = (tower.width, tower.headCount, tower.layers, tower.activation)
        }
    }
}
