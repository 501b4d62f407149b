import CLIP
import Torch
import TorchNN

/// The decoder of a ``CaptionLanguageModel``: what stands behind the image tower.
final class CaptionNetwork: Module {
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

    private var device: Device { positionalEmbedding.tensor.device }

    /// The mean cross-entropy of a token.
    /// - Parameter tokens: the patches of each row's picture, `[N, M, picture width]`.
    func loss(_ text: CaptionRectangle, over tokens: Tensor) throws -> Tensor {
        let input = try Tensor(text.input, shape: [text.count, text.length]).moved(to: device)
        let states = try states(input, over: keysAndValues(tokens))
        let scores = try scores(states, at: Tensor(text.places).moved(to: device))
        return try scores.crossEntropy(targets: Tensor(text.targets).moved(to: device))
    }

    /// Every text's log-probability given each of `P` pictures, `[P, texts]`.
    /// - Parameter pictures: as ``keysAndValues(_:)`` gives them.
    func likelihoods(of text: CaptionRectangle, over pictures: [Tensor]) throws -> Tensor {
        let texts = text.count
        let count = pictures.first?.shape[1] ?? 0
        let input = try Tensor(text.input, shape: [1, texts, text.length]).moved(to: device)
            .expanded([count, texts, text.length]).reshaped([count * texts, text.length])
        let states = try states(input, over: pictures)
        var sums: [Tensor] = []
        let places = try Tensor(text.places).moved(to: device)
        let targets = try Tensor(text.targets).moved(to: device)
        // One row for each text, 1 where a place is the text's.
        var members = [Float](repeating: 0, count: text.rows.count * texts)
        for (place, row) in text.rows.enumerated() { members[place * texts + row] = 1 }
        let sum = try Tensor(members, shape: [text.rows.count, texts]).moved(to: device)
        let perPicture = try states.reshaped([count, texts * text.length, states.shape[2]])
        for picture in 0..<count {
            let scores = try scores(perPicture.select(picture).unsqueezed(0), at: places)
            let chosen = try scores.logSoftmax(along: 1).atPositions(targets).unsqueezed(0)  // [1, places]
            sums.append(try Engine.autocast(nil, on: device) { try chosen.matmul(sum) })
        }
        return try Tensor.concatenated(sums)
    }
}
