import CLIP
import CLIPData
import CLIPText
import Imaging
import Torch

/// A whole source as a model takes it, once and in order: no shuffling, no augmentation, a pair's first caption.
package struct DecodedPairs {
    package struct Pair: Sendable {
        /// uint8 `[3, S, S]`.
        package let picture: Tensor
        package let caption: String
        package let text: TokenizedText
        package let category: String?
    }

    private let loader: PairLoader<Pair>

    /// - Parameter onSkip: told of every pair that is left out, on another thread.
    package init(
        _ source: PairSource, for clip: CLIPModel, threads: Int,
        onSkip: @escaping @Sendable (SkippedSample) -> Void
    ) throws {
        let (tokenizer, preprocessor) = (try clip.tokenizer, try clip.preprocessor)
        loader = try PairLoader(
            source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0,
            options: PairLoaderOptions(batchSize: 64, threads: threads), onSkip: onSkip
        ) { sample, seed in
            let picture = try Picture.decode(sample.imageBytes(), name: sample.location)
            let bytes = try Engine.onThisThreadAlone {
                try Engine.withoutGradients { try preprocessor.bytes(picture) }
            }
            let caption = CaptionSampling.first.caption(of: sample, seed: seed)
            return Pair(picture: bytes, caption: caption, text: tokenizer.tokenize(caption), category: sample.category)
        }
    }

    /// Hands the pairs over, 64 at a time.
    package func read(_ body: (_ batch: [Pair]) throws -> Void) throws {
        defer { loader.cancel() }
        while let batch = try loader.next() { try body(batch.content) }
    }
}
