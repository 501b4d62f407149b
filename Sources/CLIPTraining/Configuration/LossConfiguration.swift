/// What a step's loss is.
public struct LossConfiguration: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The symmetric cross-entropy of CLIP (arXiv 2103.00020, figure 3).
        case softmax
        /// The pairwise sigmoid loss of SigLIP (arXiv 2303.15343), for models with a bias.
        case sigmoid
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

    public var kind = Kind.softmax
    public var duplicates = Duplicates.negatives
    /// The weight of the teacher's share, added to the contrastive loss; nil for training without a teacher.
    public var distillationWeight: Double?
    /// Whether the temperature stays as it is.
    public var fixesTemperature = false

    public init(kind: Kind = .softmax, duplicates: Duplicates = .negatives) {
        self.kind = kind
        self.duplicates = duplicates
    }

    func validate() throws {
        guard let weight = distillationWeight else { return }
        if kind == .sigmoid {
            throw TrainingError.invalidOption(
                name: "distillation", problem: "a teacher's answers are distributions, which the softmax loss alone has"
            )
        }
        if !(weight > 0 && weight.isFinite) {
            throw TrainingError.invalidOption(name: "distillation weight", problem: "a number above 0 is needed")
        }
    }
}
