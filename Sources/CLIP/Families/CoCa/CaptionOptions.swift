import Torch

/// How captions are written. Defaults are open_clip's `CoCa.generate`'s.
public struct CaptionOptions: Sendable, Equatable {
    /// How the next token is chosen.
    public enum Search: Sendable, Equatable {
        /// The likeliest each time.
        case greedy
        /// Drawn from the likeliest `topK`, with scores divided by `temperature`.
        case sampling(topK: Int, temperature: Double)
        /// The best of several captions written side by side. One beam is greedy.
        case beams(Int, scoredBy: BeamScore)
    }

    /// What a beam search adds up over a caption's tokens; captions are then compared by its mean.
    public enum BeamScore: Sendable, Equatable {
        /// The decoder's scores as they are: what open_clip does.
        case scores
        /// Their logarithmic softmax, so that the sum is the caption's log-probability: what transformers does.
        case logProbabilities
    }

    /// open_clip asks for 6 beams in 3 groups. It gives groups nothing to differ by, so each finds what 2 beams find.
    public var search = Search.beams(2, scoredBy: .scores)
    /// The most tokens, with start and end.
    public var maximumLength = 30
    /// A caption does not end before it has this many tokens, with start.
    public var minimumLength = 5
    /// Scores of tokens that are in the caption already are divided by it (multiplied where negative); 1 changes nothing
    /// (Keskar et al., arXiv 1909.05858, section 4.1).
    public var repetitionPenalty = 1.0
    /// The id that a caption begins with; the default is CLIP's.
    public var startToken: Int32 = 49_406
    /// The id that ends a caption; the default is CLIP's.
    public var endToken: Int32 = 49_407

    public init() {}

    /// - Throws: `TorchError` naming what cannot be.
    func check(contextLength: Int, vocabularySize: Int) throws {
        func refuse(_ message: String) -> TorchError { TorchError(context: "captions", message: message) }
        guard (2...max(2, contextLength)).contains(maximumLength) else {
            throw refuse("maximum length \(maximumLength) given where 2 to \(contextLength) is possible")
        }
        guard (0..<maximumLength).contains(minimumLength) else {
            throw refuse("minimum length \(minimumLength) given where 0 to \(maximumLength - 1) is possible")
        }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw refuse("repetition penalty \(repetitionPenalty) given where a positive number is needed")
        }
        for token in [startToken, endToken] where !(0..<Int32(clamping: vocabularySize)).contains(token) {
            throw refuse("token \(token) is outside the vocabulary of \(vocabularySize)")
        }
        switch search {
        case .greedy: break
        case .sampling(let topK, let temperature):
            guard topK > 0 else { throw refuse("the likeliest \(topK) tokens cannot be drawn from") }
            guard temperature > 0, temperature.isFinite else {
                throw refuse("temperature \(temperature) given where a positive number is needed")
            }
        case .beams(let count, _):
            // Twice as many continuations are looked at.
            guard count > 0, count <= vocabularySize / 2, count <= 1024 else {
                throw refuse("\(count) beams given where 1 to \(min(1024, vocabularySize / 2)) are possible")
            }
        }
    }
}
