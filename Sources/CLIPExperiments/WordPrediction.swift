import CLIP
import CLIPTraining
import Torch
import TorchNN

/// The words that captions are predicted to have.
package struct WordVocabulary: Sendable, Equatable {
    /// The commonest first; equally common ones by their Unicode scalars.
    package let words: [String]
    private let places: [String: Int]

    /// - Parameters:
    ///   - texts: what captions say.
    ///   - minimumCount: how often a word has to occur to be predicted.
    package init(texts: [String], minimumCount: Int = 3) {
        var counts: [String: Int] = [:]
        for text in texts {
            for word in Self.words(of: text) { counts[word, default: 0] += 1 }
        }
        let kept = counts.filter { $0.value >= minimumCount }
        self.init(words: kept.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key))
    }

    init(words: [String]) {
        self.words = words
        places = Dictionary(words.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var count: Int { words.count }

    /// Runs of letters and digits, in small letters.
    package static func words(of text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// The places in ``words`` of a text's words, again and again where they are repeated; others are left out.
    package func indices(of text: String) -> [Int] { Self.words(of: text).compactMap { places[$0] } }

    /// Each text's share of every word, float32 `[N, words]`: rows add up to 1, or to 0 where no word is known.
    func bags(_ texts: [String]) throws -> Tensor {
        var shares = [Float](repeating: 0, count: texts.count * count)
        for (row, text) in texts.enumerated() {
            let known = indices(of: text)
            for index in known { shares[row * count + index] += 1 / Float(known.count) }
        }
        return try Tensor(shares, shape: [texts.count, count])
    }
}

/// Predicts which words a caption has: a linear layer on the picture's embedding, under the softmax cross-entropy with the
/// caption's bag of words, each word at its share (Joulin et al., "Learning Visual Features from Large Weakly Supervised
/// Data", arXiv 1511.02251, section 3).
///
/// A text's score is the mean logarithm of its words' predicted probabilities; words that training captions hardly have
/// are left out, and a text that has no others comes last.
package final class WordPrediction: CaptionPrediction {
    package let model: DualEncoder
    package let vocabulary: WordVocabulary
    /// `[B, E] -> [B, words]`
    package let head: Linear
    private let visual: any ImageTower

    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for an empty vocabulary.
    package init(_ model: DualEncoder, vocabulary: WordVocabulary) throws {
        guard vocabulary.count > 1 else {
            throw TrainingError.invalidOption(
                name: "training pairs",
                problem: "its captions repeat too few words to predict any; more pairs are needed"
            )
        }
        self.model = model
        visual = try model.visual
        self.vocabulary = vocabulary
        head = try Linear(model.configuration.embeddingSize, vocabulary.count)
        try Initializer.normal(1 / Double(model.configuration.embeddingSize).squareRoot()).apply(to: head.weight)
        if let bias = head.bias { try Initializer.constant(0).apply(to: bias) }
        try head.convert(device: model.device)
    }

    package var learned: [(name: String, parameter: Parameter)] {
        visual.namedParameters.map { ("visual." + $0.name, $0.parameter) }
            + head.namedParameters.map { ("head." + $0.name, $0.parameter) }
    }

    /// The logarithm of every word's probability, float32 `[B, words]`.
    private func logarithms(_ pictures: Tensor) throws -> Tensor {
        try head(model.encode(pictures: pictures)).converted(to: .float32).logSoftmax(along: 1)
    }

    package func loss(pictures: Tensor, captions: [String], tokens: [[Int32]]) throws -> Tensor {
        try Self.loss(logarithms: logarithms(pictures), bags: vocabulary.bags(captions).moved(to: model.device))
    }

    /// The mean cross-entropy over the rows that have words.
    static func loss(logarithms: Tensor, bags: Tensor) throws -> Tensor {
        let rows = max(1, try bags.sum().item().rounded())
        return try -((logarithms * bags).sum() / rows)
    }

    package func scorer(for texts: [String]) throws -> (_ pictures: Tensor) throws -> Tensor {
        let bags = try vocabulary.bags(texts).moved(to: model.device)
        let empty: [Float] = texts.map { vocabulary.indices(of: $0).isEmpty ? -.infinity : 0 }
        let penalty = try Tensor(empty, shape: [1, texts.count]).moved(to: model.device)
        return { pictures in
            let logarithms = try self.logarithms(pictures)
            // Products in half precision would make near scores equal.
            return try Engine.autocast(nil, on: self.model.device) {
                try logarithms.matmul(bags.transposed()) + penalty
            }
        }
    }
}
