/// What a step's loss is.
public struct LossConfiguration: Sendable, Equatable {
    /// A loss by its name; ``Losses/all`` has those there are.
    public struct Kind: RawRepresentable, Sendable, Hashable, Codable {
        /// The loss's name, see ``EmbeddingLoss/name``.
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// The symmetric cross-entropy of CLIP (arXiv 2103.00020, figure 3).
        public static let softmax = Kind(rawValue: SoftmaxLoss.name)
        /// The pairwise sigmoid loss of SigLIP (arXiv 2303.15343), for models with a bias.
        public static let sigmoid = Kind(rawValue: SigmoidLoss.name)
    }

    /// What pairs of one batch that have the same caption are to each other.
    public enum Duplicates: String, Sendable, Codable, CaseIterable {
        /// Negatives like all others, as in the paper.
        case negatives
        /// Neither: left out of each other's comparison.
        case excluded
        /// Positives: a picture's caption is right wherever it stands. Under the softmax, the target is spread evenly.
        case positives
    }

    /// Which loss.
    public var kind = Kind.softmax
    /// What the loss has been given of its own ``EmbeddingLoss/parameters``, by name.
    public var parameters: [String: Double] = [:]
    /// What equal captions mean; not every loss can have every answer.
    public var duplicates = Duplicates.negatives
    /// The weight of the teacher's share, added to the contrastive loss; nil for training without a teacher.
    public var distillationWeight: Double?
    /// Whether the temperature stays as it is.
    public var fixesTemperature = false

    public init(kind: Kind = .softmax, duplicates: Duplicates = .negatives) {
        self.kind = kind
        self.duplicates = duplicates
    }

    /// What a parameter is: as it was given, or as it is otherwise.
    public func value(of parameter: LossParameter) -> Double { parameters[parameter.name] ?? parameter.standard }
}

extension LossConfiguration: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, parameters, duplicates, distillationWeight, fixesTemperature
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try values.decode(Kind.self, forKey: .kind)
        // Runs from before a loss had any are without.
        parameters = try values.decodeIfPresent([String: Double].self, forKey: .parameters) ?? [:]
        duplicates = try values.decode(Duplicates.self, forKey: .duplicates)
        distillationWeight = try values.decodeIfPresent(Double.self, forKey: .distillationWeight)
        fixesTemperature = try values.decode(Bool.self, forKey: .fixesTemperature)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(kind, forKey: .kind)
        if !parameters.isEmpty { try values.encode(parameters, forKey: .parameters) }
        try values.encode(duplicates, forKey: .duplicates)
        try values.encodeIfPresent(distillationWeight, forKey: .distillationWeight)
        try values.encode(fixesTemperature, forKey: .fixesTemperature)
    }
}
