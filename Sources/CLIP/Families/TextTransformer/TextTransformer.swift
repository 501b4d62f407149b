import Torch
import TorchNN

/// A text transformer: token ids to embeddings `[B, E]` (arXiv 2103.00020, section 2.4; SigLIP's, arXiv 2303.15343;
/// CoCa's, arXiv 2205.01917).
package final class TextTransformer: TextTower {
    package let tokenEmbedding: Embedding
    /// `[context length, W]`, or one more with the class token's last.
    package let positionalEmbedding: Parameter
    /// `[W]`, the vector of the extra token after the text whose last state stands for it.
    package let classEmbedding: Parameter?
    package let blocks: [TransformerBlock]
    package let finalNorm: LayerNorm
    package let projection: any EmbeddingProjection
    let configuration: TextTransformerConfiguration

    package var shortcuts = TowerShortcuts()
    package var recomputesBlocks = false

    package var layerCount: Int { blocks.count }

    package func part(of parameter: String) -> TowerPart {
        part(
            of: parameter, embeddings: ["token_embedding", "positional_embedding", "class_embedding"],
            finalNorm: "final_norm")
    }

    /// Initialized as the paper's code.
    package init(_ configuration: TextTransformerConfiguration, embeddingSize: Int) throws {
        self.configuration = configuration
        let width = configuration.width
        tokenEmbedding = try Embedding(configuration.vocabularySize, width)
        positionalEmbedding = try Parameter(zeros: configuration.positionCount, width)
        classEmbedding = configuration.hasClassEmbedding ? try Parameter(zeros: width) : nil
        blocks = try (0..<configuration.layers).map { _ in
            try TransformerBlock(
                width: width, headCount: configuration.headCount, hidden: configuration.hiddenWidth,
                activation: configuration.activation, epsilon: configuration.epsilon,
                layerScale: configuration.layerScale)
        }
        finalNorm = try LayerNorm(width, epsilon: configuration.epsilon)
        projection = try configuration.projection.make(width, embeddingSize, tower: "TextTransformer")
        try initialize()
    }

    private func initialize() throws {
        let width = Double(configuration.width)
        try Initializer.normal(0.02).apply(to: tokenEmbedding.weight)
        try Initializer.normal(0.01).apply(to: positionalEmbedding)
        if let classEmbedding { try Initializer.normal(0.01).apply(to: classEmbedding) }
        try blocks.initializeAsText(width: configuration.width)
        try projection.initialize(.normal(1 / width.squareRoot()))
    }

    /// - Parameter captions: token ids with start and end of text. Where the tower reads no padding (causal attention, and
    ///   pooling of a token that ends the text), rows need none, and what stands after the pooled token is never seen.
    ///   Elsewhere rows are filled to the context length with ``TextTransformerConfiguration/padToken``, but
    ///   ``TextTransformerConfiguration/Pooling/last`` takes only rows that the tokenizer has filled itself.
    /// - Returns: embeddings `[B, E]`, not normalized.
    /// - Throws: `TorchError` for a caption without tokens, of a wrong length, with an id outside the vocabulary, or
    ///   without the token that is to be pooled.
    package func callAsFunction(_ captions: [[Int32]]) throws -> Tensor {
        let ends = try CaptionBatches.ends(of: captions, configuration: configuration)
        guard shortcuts.trimsToLongest, !configuration.readsPadding else {
            return try encode(captions, ends: ends, length: configuration.contextLength)
        }
        let packs =
            shortcuts.packsTokens && shortcuts.readsOnlyPooled && device.kind == .cpu && configuration.canPack
            && !blocks.isEmpty
        let passCost = packs ? CaptionBatches.packedPassCost : nil
        return try CaptionBatches(ends: ends, device: device, passCost: passCost).map(device: device) { rows in
            let ends = rows.map { ends[$0] }
            if packs { return try encodePacked(rows.map { captions[$0] }, ends: ends) }
            let length = CaptionBatches.columns(ends, limit: configuration.contextLength, on: device)
            return try encode(rows.map { captions[$0] }, ends: ends, length: length)
        }
    }

    var device: Device { positionalEmbedding.tensor.device }

    /// Captions as one rectangle of `length` columns.
    private func encode(_ captions: [[Int32]], ends: [Int], length: Int) throws -> Tensor {
        let input = try embed(captions, length: length, padToken: configuration.padToken)
        var states = input.states
        let (isCausal, mask) = (configuration.isCausal, try input.mask)
        for block in blocks.dropLast() {
            states = try block.run(states, recomputing: recomputesBlocks) {
                try block($0, causal: isCausal, mask: mask)
            }
        }
        let pooled = configuration.hasClassEmbedding ? ends.map { _ in length } : ends
        let places = try Tensor(pooled.map(Int64.init)).uploaded(to: device)  // [B]
        return try projection(finalNorm(state(states, at: places, input: input)))
    }

    /// Captions one after another, without padding.
    private func encodePacked(_ captions: [[Int32]], ends: [Int]) throws -> Tensor {
        let rows = try PackedRows(lengths: ends.map { $0 + 1 }, device: device)
        let tokens = zip(captions, ends).flatMap { $0.prefix($1 + 1) }
        var states =
            try tokenEmbedding(Tensor(tokens).moved(to: device)) + positionalEmbedding.tensor.rows(rows.positions)
        for block in blocks.dropLast() {
            states = try block.run(states, recomputing: recomputesBlocks) { try block(packed: $0, rows) }
        }
        if let last = blocks.last { states = try last(endsOfPacked: states, rows) }
        return try projection(finalNorm(states))
    }

    /// The last block's state at one place of each row: `[B, L, W] -> [B, W]`.
    private func state(_ states: Tensor, at places: Tensor, input: Input) throws -> Tensor {
        guard let last = blocks.last else { return try states.atPositions(places) }
        guard shortcuts.readsOnlyPooled else {
            return try last(states, causal: configuration.isCausal, mask: input.mask).atPositions(places)
        }
        var visible = input.visible
        if configuration.isCausal, !configuration.hasClassEmbedding {
            let later = try Tensor.range(states.shape[1], device: states.device).unsqueezed(0)
                .greater(than: places.unsqueezed(1))  // [B, L]
            visible = try Tensor.zeros(later.shape, dtype: states.dtype, device: states.device)
                .filled(where: later, with: -.infinity)
        }
        return try last(states, at: places, visible: visible)
    }

    /// What enters the first block.
    struct Input {
        /// `[B, L, W]`, or `[B, L + 1, W]` with the class token last.
        let states: Tensor
        /// What each row hides from attention, real `[B, L + 1]`; nil where nothing is hidden.
        let visible: Tensor?

        /// The same for whole sequences: `[B, 1, 1, L + 1]`.
        var mask: Tensor? { get throws { try visible?.unsqueezed(1).unsqueezed(1) } }
    }

    func embed(_ captions: [[Int32]], length: Int, padToken: Int32) throws -> Input {
        let tokens = try CaptionRows.rectangle(captions, length: length, padding: padToken, device: device)
        let states = try tokenEmbedding(tokens)  // [B, L, W]
        let positions = positionalEmbedding.tensor
        let placed = try states + positions.slice(0..<length)
        guard let classEmbedding else { return Input(states: placed, visible: nil) }
        let context = configuration.contextLength
        let classState = try (classEmbedding.tensor + positions.select(context))
            .expanded([captions.count, 1, configuration.width])
        let flags = captions.map { Self.visibility($0, length: length, context: context, padToken: padToken) }
        return Input(
            states: try Tensor.concatenated([placed, classState], dimension: 1),
            visible: try CaptionRows.visibility(flags, dtype: states.dtype, device: device))
    }

    /// What CoCa's published models were trained with: the class token was meant to be first when padding was hidden and
    /// stands last, so each place is hidden where the token before it is padding. The first padding is seen; the class
    /// token sees itself only in a row that is full.
    private static func visibility(_ caption: [Int32], length: Int, context: Int, padToken: Int32) -> [Bool] {
        let previous = (1..<max(1, length)).map { $0 - 1 < caption.count && caption[$0 - 1] != padToken }
        return [true] + previous + [caption.count >= context && caption[context - 1] != padToken]
    }
}

extension CaptionBatches {
    /// The place of each caption's pooled token; with a class token, of the last token it sees.
    /// - Throws: `TorchError` for a caption without tokens, of a wrong length, with an id outside the vocabulary, or
    ///   without the token that is to be pooled.
    static func ends(of captions: [[Int32]], configuration: TextTransformerConfiguration) throws -> [Int] {
        let rows = CaptionRows(
            tower: "TextTransformer", contextLength: configuration.contextLength,
            vocabularySize: configuration.vocabularySize)
        try rows.checkTokens(captions)
        if configuration.pooling == .last, !configuration.hasClassEmbedding { try rows.checkWhole(captions) }
        return try captions.enumerated().map { row, caption in
            if configuration.readsPadding || configuration.hasClassEmbedding {
                let last = caption.lastIndex { $0 != configuration.padToken } ?? 0
                try rows.checkEnd(last, row: row)
                if configuration.hasClassEmbedding { return min(last + 1, configuration.contextLength - 1) }
            }
            let end: Int
            switch configuration.pooling {
            case .highestToken: end = caption.max().flatMap(caption.firstIndex) ?? 0
            case .firstToken(let token):
                guard let place = caption.firstIndex(of: token) else {
                    throw rows.problem(row, "has no token \(token), which ends a text for this model")
                }
                end = place
            case .last: end = configuration.contextLength - 1
            case .first: end = 0
            }
            try rows.checkEnd(end, row: row)
            return end
        }
    }
}

extension [TransformerBlock] {
    /// As the paper's code initializes a text tower's blocks.
    func initializeAsText(width: Int) throws {
        let width = Double(width)
        let residual = 1 / (width * 2 * Double(count)).squareRoot()
        for block in self {
            try Initializer.normal(1 / width.squareRoot()).apply(to: block.attention.inWeight)
            try Initializer.normal(residual).apply(to: block.attention.outProjection.weight)
            try Initializer.normal(1 / (2 * width).squareRoot()).apply(to: block.feedForward.expand.weight)
            try Initializer.normal(residual).apply(to: block.feedForward.contract.weight)
        }
    }
}
