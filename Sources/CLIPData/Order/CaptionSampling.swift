/// Which of a pair's captions is used.
public enum CaptionSampling: Sendable, Equatable {
    /// Always the main caption.
    case first
    /// With the given probability another one, else the main caption. The others are the alternatives and, where the
    /// pair has keywords, one made of some of them, half the time after the main caption; each is as likely.
    case random(alternativeProbability: Double)
    /// One of the main caption and the alternatives, by the pair's own weights; without weights each is as likely.
    case weighted

    /// The caption for a pair with this seed.
    public func caption(of sample: PairSample, seed: UInt64) -> String {
        switch self {
        case .first: sample.caption
        case .weighted: Self.weighted(sample, seed: seed)
        case .random(let probability): Self.random(sample, alternatives: probability, seed: seed)
        }
    }

    private static func random(_ sample: PairSample, alternatives probability: Double, seed: UInt64) -> String {
        // A sequence of its own: the choice must not go along with the augmentation drawn from the same seed.
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 4))
        return oneOf(
            [sample.caption], sample.alternatives, sample.keywords, alternatives: probability, separator: ", ",
            &generator) ?? sample.caption
    }

    /// One of the whole captions, or with the given probability one of the alternatives or some keywords.
    /// - Returns: nil where there is nothing at all.
    fileprivate static func oneOf(
        _ captions: [String], _ alternatives: [String], _ keywords: [String], alternatives probability: Double,
        separator: String, _ generator: inout SplitMix64
    ) -> String? {
        func main() -> String? {
            captions.count > 1 ? captions[generator.integer(below: captions.count)] : captions.first
        }
        let choices = alternatives.count + (keywords.isEmpty ? 0 : 1)
        guard choices > 0 else { return main() }
        guard captions.isEmpty || generator.unit() < probability else { return main() }
        let choice = generator.integer(below: choices)
        if choice < alternatives.count { return alternatives[choice] }
        var words = keywords
        generator.shuffle(&words)
        let some = words.prefix(1 + generator.integer(below: words.count))
        let leading = generator.unit() < 0.5 ? main() : nil
        return ([leading].compactMap { $0 } + some).joined(separator: separator)
    }

    private static func weighted(_ sample: PairSample, seed: UInt64) -> String {
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 4))
        let captions = [sample.caption] + sample.alternatives
        let total = sample.captionWeights.reduce(0, +)
        guard total > 0 else { return captions[generator.integer(below: captions.count)] }
        var rest = generator.unit() * total
        for (caption, weight) in zip(captions, sample.captionWeights) {
            if rest < weight { return caption }
            rest -= weight
        }
        return captions.indices.last { sample.captionWeights[$0] > 0 }.map { captions[$0] } ?? sample.caption
    }
}

/// How often a pair's caption is one in another language, for a model that is to read several.
public struct LanguageSampling: Sendable, Equatable, Codable {
    /// Language tags, such as `zh` and `zh-Hant`; of those that a pair has, each is as likely.
    public var languages: [String]
    /// The share of uses in which a pair that has any of them is called in one, from 0 to 1.
    public var share: Double

    public init(languages: [String] = [], share: Double = 0) {
        self.languages = languages
        self.share = share
    }

    /// The caption in another language for a pair with this seed; nil where the main language is to be used.
    /// People's captions go before a dictionary's, which go before keywords.
    /// - Parameter sampling: how often others stand in for a whole caption.
    public func caption(of sample: PairSample, like sampling: CaptionSampling, seed: UInt64) -> String? {
        guard share > 0 else { return nil }
        let present = languages.filter { sample.otherLanguages[$0]?.isEmpty == false }
        guard !present.isEmpty else { return nil }
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 5))
        guard generator.unit() < share else { return nil }
        guard let said = sample.otherLanguages[present[generator.integer(below: present.count)]] else { return nil }
        let alternatives = if case .random(let probability) = sampling { probability } else { 0.0 }
        return CaptionSampling.oneOf(
            said.captions.isEmpty ? said.glosses : said.captions, [], said.keywords, alternatives: alternatives,
            separator: " ", &generator)
    }
}
