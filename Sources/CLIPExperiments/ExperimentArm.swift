/// One of the ways of training that an experiment compares.
public struct ExperimentArm: Sendable, Codable, Equatable {
    /// How embeddings are made of a tower's states.
    public enum Projection: String, Sendable, Codable, CaseIterable {
        case linear
        case mlp
    }

    /// What its files are called: small letters, digits and hyphens.
    public var name: String
    /// What tables and plots call it.
    public var title: String
    public var objective: ObjectiveKind
    /// Pairs in a step; nil for the experiment's own.
    public var batchSize: Int?
    /// Whether the temperature stays where it began.
    public var fixesTemperature = false
    public var projection = Projection.linear

    public init(name: String, title: String, objective: ObjectiveKind) {
        self.name = name
        self.title = title
        self.objective = objective
    }

    public init(_ objective: ObjectiveKind) {
        self.init(name: objective.rawValue, title: objective.title, objective: objective)
    }
}
