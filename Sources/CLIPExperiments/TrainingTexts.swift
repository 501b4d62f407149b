import CLIPData
import CLIPText

/// What the captions of a source may say in training, read once without decoding pictures.
package struct TrainingTexts: Sendable {
    /// Each pair's texts: its caption and, where training draws from them, the others and the keywords in one row.
    package let captions: [String]

    /// - Throws: `CLIPDataError` where the source cannot be read.
    package init(_ source: PairSource, sampling: CaptionSampling) throws {
        let stream = try PairStream(source: source, order: SampleOrder(seed: 0, isShuffled: false), epoch: 0)
        var texts: [String] = []
        while let step = try stream.next() {
            guard case .pair(let pair) = step else { continue }
            texts.append(pair.sample.caption)
            guard sampling != .first else { continue }
            texts += pair.sample.alternatives
            if !pair.sample.keywords.isEmpty { texts.append(pair.sample.keywords.joined(separator: ", ")) }
        }
        captions = texts
    }

    package var words: WordVocabulary { WordVocabulary(texts: captions) }

    package func tokens(_ tokenizer: any TextTokenizer) -> TokenVocabulary {
        TokenVocabulary(captions: captions.map { tokenizer.unpadded(tokenizer.tokenize($0).tokens) })
    }
}
