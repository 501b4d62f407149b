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
        let probability: Double
        switch self {
        case .first: return sample.caption
        case .weighted: return Self.weighted(sample, seed: seed)
        case .random(let alternativeProbability): probability = alternativeProbability
        }
        let choices = sample.alternatives.count + (sample.keywords.isEmpty ? 0 : 1)
        guard choices > 0 else { return sample.caption }
        // A sequence of its own: the choice must not go along with the augmentation drawn from the same seed.
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 4))
        guard generator.unit() < probability else { return sample.caption }
        let choice = generator.integer(below: choices)
        if choice < sample.alternatives.count { return sample.alternatives[choice] }
        var words = sample.keywords
        generator.shuffle(&words)
        let some = words.prefix(1 + generator.integer(below: words.count))
        let parts = generator.unit() < 0.5 ? [sample.caption] + some : Array(some)
        return parts.joined(separator: ", ")
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
