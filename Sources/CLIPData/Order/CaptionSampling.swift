/// Which of a pair's captions is used.
public enum CaptionSampling: Sendable, Equatable {
    /// Always the main caption.
    case first
    /// With the given probability one of the alternatives, each as likely as the others; else the main caption.
    case random(alternativeProbability: Double)

    /// The caption for a pair with this seed.
    public func caption(of sample: PairSample, seed: UInt64) -> String {
        guard case .random(let probability) = self, !sample.alternatives.isEmpty else { return sample.caption }
        // A sequence of its own: the choice must not go along with the augmentation drawn from the same seed.
        var generator = SplitMix64(seed: SplitMix64.seed(seed, 4))
        guard generator.unit() < probability else { return sample.caption }
        return sample.alternatives[generator.integer(below: sample.alternatives.count)]
    }
}
