import CLIP
import CLIPData
import CLIPText
import Imaging
import Torch

/// A whole source as a model takes it, once and in order: no shuffling, no augmentation, a pair's first caption. In another
/// language than the main one these are the pairs that people called something in it.
package struct DecodedPairs {
    package struct Pair: Sendable {
        /// uint8 `[3, S, S]`.
        package let picture: Tensor
        package let caption: String
        package let text: TokenizedText
        package let category: String?
    }

    private let loader: PairLoader<Pair?>

    /// - Parameters:
    ///   - language: the tag of the captions' language; nil for the main one.
    ///   - onSkip: told of every pair that is left out, on another thread.
    package init(
        _ source: PairSource, for clip: CLIPModel, language: String? = nil, threads: Int,
        onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws {
        let (tokenizer, preprocessor) = (try clip.tokenizer, try clip.preprocessor)
        loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 64, threads: threads), onSkip: onSkip
        ) { sample, seed in
            let said = language == nil ? sample.caption : sample.otherLanguages[language ?? ""]?.captions.first
            guard let caption = said else { return nil }
            let picture = try Picture.decode(sample.imageBytes(), name: sample.location)
            let bytes = try Engine.onThisThreadAlone {
                try Engine.withoutGradients { try preprocessor.bytes(picture) }
            }
            return Pair(picture: bytes, caption: caption, text: tokenizer.tokenize(caption), category: sample.category)
        }
    }

    /// Hands the pairs over, 64 at a time.
    package func read(_ body: (_ batch: [Pair]) throws -> Void) throws {
        defer { loader.cancel() }
        while let batch = try loader.next() {
            let pairs = batch.content.compactMap { $0 }
            if !pairs.isEmpty { try body(pairs) }
        }
    }
}
