/// One of the ways of training that an experiment compares.
package struct ExperimentArm: Sendable, Codable, Equatable {
    /// How embeddings are made of a tower's states.
    package enum Projection: String, Sendable, Codable, CaseIterable {
        case linear
        case mlp
    }

    /// What its files are called: small letters, digits and hyphens.
    package var name: String
    /// What tables and plots call it.
    package var title: String
    package var objective: ObjectiveKind
    /// Pairs in a step; nil for the experiment's own.
    package var batchSize: Int?
    /// Whether the temperature stays where it began.
    package var fixesTemperature = false
    package var projection = Projection.linear

    package init(name: String, title: String, objective: ObjectiveKind) {
        self.name = name
        self.title = title
        self.objective = objective
    }

    package init(_ objective: ObjectiveKind) {
        self.init(name: objective.rawValue, title: objective.title, objective: objective)
    }
}
