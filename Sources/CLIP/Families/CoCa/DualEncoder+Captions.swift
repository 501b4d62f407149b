import Torch

extension DualEncoder {
    /// Captions of pictures.
    ///
    ///     let tokens = try model.captions(for: pixels)
    ///     let sentences = tokens.map { tokenizer.decode($0) }
    ///
    /// - Parameters:
    ///   - pictures: preprocessed, `[B, 3, S, S]`.
    ///   - options: how words are searched for.
    ///   - prompt: tokens that every caption begins with, after start-of-text.
    ///   - generator: what ``CaptionOptions/Search/sampling(topK:temperature:)`` draws from; a seeded one gives the
    ///     same captions again.
    /// - Returns: for each picture its tokens, from start-of-text to end-of-text; a beam search may run out of places before
    ///   end-of-text.
    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write, `TorchError` for options that cannot be.
    public func captions(
        for pictures: Tensor, options: CaptionOptions = CaptionOptions(), beginningWith prompt: [Int32] = [],
        using generator: inout some RandomNumberGenerator
    ) throws -> [[Int32]] {
        let captioner = try captioner()
        let (visual, text, captionDecoder) = (captioner.visual, captioner.text, captioner.decoder)
        let limit = min(text.configuration.contextLength, captionDecoder.configuration.contextLength)
        let vocabulary = min(text.configuration.vocabularySize, captionDecoder.configuration.vocabularySize)
        try options.check(contextLength: limit, vocabularySize: vocabulary)
        let start = [options.startToken] + prompt
        guard start.count < options.maximumLength, prompt.allSatisfy({ (0..<Int32(vocabulary)).contains($0) }) else {
            throw TorchError(
                context: "captions",
                message:
                    "a prompt of \(prompt.count) tokens does not fit in \(options.maximumLength), or has others than "
                    + "the vocabulary's \(vocabulary)")
        }
        return try Engine.inference {
            let tokens = try visual.embeddingAndTokens(pictures.moved(to: device).converted(to: dtype)).tokens
            var beams = 1
            if case .beams(let count, _) = options.search { beams = count }
            let writer = try CaptionWriter(text: text, decoder: captionDecoder, pictureTokens: tokens, copies: beams)
            let rules = ScoreRules(options: options, padToken: text.configuration.padToken)
            guard beams > 1 else {
                return try StepwiseSearch(rules: rules).captions(writer, start: start, using: &generator)
            }
            return try BeamSearch(rules: rules, beamCount: beams).captions(writer, start: start)
        }
    }

    /// The same, drawing from the system's generator where it draws.
    public func captions(
        for pictures: Tensor, options: CaptionOptions = CaptionOptions(), beginningWith prompt: [Int32] = []
    ) throws -> [[Int32]] {
        var generator = SystemRandomNumberGenerator()
        return try captions(for: pictures, options: options, beginningWith: prompt, using: &generator)
    }

    /// The scores of each caption's next tokens at every place: `[B, L, vocabulary]` for `L` ids.
    /// - Parameters:
    ///   - pictures: preprocessed, `[B, 3, S, S]`.
    ///   - captions: token ids from start-of-text on, one row for each picture and all of one length.
    /// - Throws: ``CLIPError/noCaptionDecoder`` for a model that cannot write, `TorchError` for rows that do not fit.
    package func captionScores(for pictures: Tensor, captions: [[Int32]]) throws -> Tensor {
        let captioner = try captioner()
        let (visual, text, captionDecoder) = (captioner.visual, captioner.text, captioner.decoder)
        let length = captions.first?.count ?? 0
        guard length > 0, captions.allSatisfy({ $0.count == length }), pictures.shape.first == captions.count else {
            throw TorchError(
                context: "captionScores", message: "as many captions as pictures are needed, all of one length")
        }
        let tokens = try visual.embeddingAndTokens(pictures.moved(to: device).converted(to: dtype)).tokens
        let states = try text.hiddenStates(captions, padToken: text.configuration.padToken)
        let limit = captionDecoder.configuration.contextLength
        guard length <= limit else {
            throw TorchError(context: "captionScores", message: "\(length) tokens given where at most \(limit) fit")
        }
        return try captionDecoder(states.slice(0..<length, dimension: 1), pictureTokens: tokens)
    }
}

/// What changes scores before a token is chosen, in transformers' order.
struct ScoreRules {
    let options: CaptionOptions
    let padToken: Int32

    /// Whether nothing follows a token. open_clip takes padding's id, which is a word's too, for an end.
    func ends(_ token: Int32) -> Bool { token == options.endToken || token == padToken }

    /// - Parameter scores: one caption's, `[vocabulary]`.
    func apply(to scores: inout ArraySlice<Float>, caption: [Int32]) {
        let first = scores.startIndex
        if caption.count < options.minimumLength { scores[first + Int(options.endToken)] = -.infinity }
        guard options.repetitionPenalty != 1 else { return }
        let penalty = Float(options.repetitionPenalty)
        for token in Set(caption) {
            let score = scores[first + Int(token)]
            scores[first + Int(token)] = score < 0 ? score * penalty : score / penalty
        }
    }

    /// All captions' scores, `[B, vocabulary]`, changed.
    func applied(to scores: Tensor, captions: [[Int32]]) throws -> [Float] {
        var values = try scores.elements(Float.self)
        let vocabulary = scores.shape[1]
        for (row, caption) in captions.enumerated() {
            apply(to: &values[row * vocabulary..<(row + 1) * vocabulary], caption: caption)
        }
        return values
    }
}
