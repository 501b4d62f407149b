import Torch
import TorchNN

/// States between a tower's blocks, for models that take more from CLIP than one vector.
extension TextTransformer {
    /// Every token's state after a layer: `[B, context length, W]`. Stable Diffusion takes the last with the final norm,
    /// or the last but one (`layer: -2`), with it in its second version and without it in SDXL.
    ///
    ///     let states = try text.hiddenStates(tokens, layer: -2, padToken: 49407)
    ///
    /// - Parameters:
    ///   - captions: token ids with start and end of text.
    ///   - layer: as the index of transformers' `hidden_states`: 0 is what enters the first block, n what leaves the nth;
    ///     negative numbers count from the end, -1 the last block's.
    ///   - normalized: whether the final norm is applied: with the last layer, transformers' `last_hidden_state`.
    ///   - padToken: what fills rows. Users of these states read the padding's too, so it has to be theirs: CLIP's
    ///     end-of-text (49407) or 0; nil is ``TextTransformerConfiguration/padToken``.
    /// - Throws: `TorchError` for a layer there is not, a caption without tokens, too long, or with an id outside the
    ///   vocabulary.
    public func hiddenStates(
        _ captions: [[Int32]], layer: Int = -1, normalized: Bool = false, padToken: Int32? = nil
    ) throws -> Tensor {
        let count = try blocks.countRun(forStatesAfter: layer, tower: "TextTransformer")
        let padToken = padToken ?? configuration.padToken
        let context = configuration.contextLength
        let rows = CaptionRows(
            tower: "TextTransformer", contextLength: context, vocabularySize: configuration.vocabularySize)
        try rows.checkTokens(captions + [[padToken]])
        for (row, caption) in captions.enumerated() { try rows.checkEnd(caption.count - 1, row: row) }
        let input = try embed(captions, length: context, padToken: padToken)
        var states = input.states
        for block in blocks.prefix(count) {
            states = try block(states, causal: configuration.isCausal, mask: input.mask)
        }
        // The class token stands after the text.
        if configuration.hasClassEmbedding { states = try states.slice(0..<context, dimension: 1) }
        return normalized ? try finalNorm(states) : states
    }
}

extension VisionTransformer {
    /// Every token's state after a layer, the class token's first where there is one: `[B, tokens, W]`.
    /// - Parameters:
    ///   - pictures: preprocessed, `[B, 3, S, S]`.
    ///   - layer: as the index of transformers' `hidden_states`: 0 is what enters the first block, n what leaves the nth;
    ///     negative numbers count from the end, -1 the last block's.
    ///   - normalized: whether the final norm is applied, which transformers does for the pooled state only.
    /// - Throws: `TorchError` for a layer there is not, pictures of another size, or a final norm of another width (after
    ///   an attentional pooler).
    public func hiddenStates(_ pictures: Tensor, layer: Int = -1, normalized: Bool = false) throws -> Tensor {
        let count = try blocks.countRun(forStatesAfter: layer, tower: "VisionTransformer")
        let states = try run(blocks.prefix(count), on: embed(pictures))
        if normalized, !head.normalizesStates {
            throw TorchError(
                context: "VisionTransformer", message: "the final norm is of what the attentional pooler gives")
        }
        return normalized ? try head.postNorm(states) : states
    }

    /// Every patch's state after a layer, row by row: `[B, grid², W]`. LLaVA takes the last but one (`layer: -2`).
    /// Parameters are ``hiddenStates(_:layer:normalized:)``'s.
    public func patchStates(_ pictures: Tensor, layer: Int = -1, normalized: Bool = false) throws -> Tensor {
        let states = try hiddenStates(pictures, layer: layer, normalized: normalized)
        return configuration.hasClassToken ? try states.slice(1..<states.shape[1], dimension: 1) : states
    }
}

extension [TransformerBlock] {
    /// How many blocks are run for the states with this index.
    fileprivate func countRun(forStatesAfter layer: Int, tower: String) throws -> Int {
        let place = layer < 0 ? count + 1 + layer : layer
        guard (0...count).contains(place) else {
            throw TorchError(
                context: tower, message: "layer \(layer) given where \(-count - 1) to \(count) are possible")
        }
        return place
    }
}
