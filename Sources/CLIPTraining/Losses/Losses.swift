/// The losses there are.
public enum Losses {
    /// In the order in which they are offered.
    public static let all: [any EmbeddingLoss.Type] = [
        SoftmaxLoss.self,
        SigmoidLoss.self,
        SogCLRLoss.self,
    ]

    /// Every term of every loss, each once.
    static let terms: [LossTerm] = (all.flatMap { $0.terms } + [.anchors]).reduce(into: []) { terms, term in
        if !terms.contains(where: { $0.name == term.name }) { terms.append(term) }
    }

    /// Whether the loss of that name, with nothing set, needs a model with a bias.
    static func needsLogitBias(_ name: String) -> Bool {
        let configuration = LossConfiguration(kind: LossConfiguration.Kind(rawValue: name))
        return (try? configuration.needs().logitBias) ?? false
    }
}

extension LossConfiguration.Kind: CaseIterable {
    /// Of every loss there is.
    public static var allCases: [LossConfiguration.Kind] { Losses.all.map { Self(rawValue: $0.name) } }

    /// The loss, or nil where there is none of this name.
    public var loss: (any EmbeddingLoss.Type)? { Losses.all.first { $0.name == rawValue } }

    /// The first loss that a model can be trained by.
    /// - Parameter hasLogitBias: whether the model adds a bias to its similarities.
    public static func suiting(hasLogitBias: Bool) -> LossConfiguration.Kind {
        allCases.first { Losses.needsLogitBias($0.rawValue) == hasLogitBias } ?? .softmax
    }
}

extension LossConfiguration {
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for a name that no loss has.
    func type() throws -> any EmbeddingLoss.Type {
        if let loss = kind.loss { return loss }
        let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw TrainingError.invalidOption(
            name: "loss", problem: "there is none called \"\(kind.rawValue)\"; there are \(names)")
    }

    /// What the loss needs of a model and of a batch.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for settings that it cannot have.
    public func needs() throws -> LossNeeds { try type().needs(self) }

    /// - Parameter tileBytes: memory for the tiles of similarities; nil for what suits the device.
    /// - Throws: ``TrainingError/invalidOption(name:problem:)`` for a loss that there is not.
    public func makeLoss(tileBytes: Int? = nil) throws -> any EmbeddingLoss {
        try type().init(self, tiling: Tiling(bytes: tileBytes))
    }

    /// - Throws: ``TrainingError/invalidOption(name:problem:)``.
    func validate() throws {
        let type = try type()
        if let weight = distillationWeight, !(weight > 0 && weight.isFinite) {
            throw TrainingError.invalidOption(name: "distillation weight", problem: "a number above 0 is needed")
        }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            guard let parameter = type.parameters.first(where: { $0.name == name }) else {
                throw TrainingError.invalidOption(
                    name: "loss", problem: "the \(kind.rawValue) loss has no parameter called \"\(name)\"")
            }
            let bounds = parameter.bounds
            guard value > bounds.lowerBound, value <= bounds.upperBound else {
                throw TrainingError.invalidOption(
                    name: "\(kind.rawValue) \(name)",
                    problem: "a number above \(bounds.lowerBound) and up to \(bounds.upperBound) is needed")
            }
        }
        _ = try type.needs(self)
    }

    /// For losses whose targets are no distributions.
    func refuseTeacher() throws {
        guard distillationWeight != nil else { return }
        throw TrainingError.invalidOption(
            name: "distillation", problem: "a teacher's answers are distributions, which the softmax loss alone has")
    }
}
