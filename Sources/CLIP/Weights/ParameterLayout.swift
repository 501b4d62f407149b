/// How a family of checkpoints names and lays out the parameters this package's modules have: a table of name patterns,
/// read both ways.
public struct ParameterLayout: Sendable {
    /// How a module's parameter relates to the checkpoint's entries.
    enum Form: Sendable, Equatable {
        case same
        /// Rows and columns are exchanged.
        case transposed
        /// The checkpoint has this many more leading dimensions, of size 1.
        case leadingOnes(Int)
        /// The module's parameter is several of the checkpoint's, one above the other, with heights in these
        /// proportions.
        case stacked([Int])
    }

    /// One parameter's names; `*` stands for a number, and a trailing `**` for the rest.
    struct Rule: Sendable {
        let module: NamePattern
        let checkpoint: [NamePattern]
        let form: Form

        init(_ module: String, _ checkpoint: String, _ form: Form = .same) {
            self.init(NamePattern(module), [NamePattern(checkpoint)], form)
        }

        /// A parameter made of parts of equal height, or with heights in the given proportions.
        init(_ module: String, stacking checkpoint: [String], proportions: [Int]? = nil) {
            self.init(
                NamePattern(module), checkpoint.map(NamePattern.init),
                .stacked(proportions ?? checkpoint.map { _ in 1 }))
        }

        private init(_ module: NamePattern, _ checkpoint: [NamePattern], _ form: Form) {
            (self.module, self.checkpoint, self.form) = (module, checkpoint, form)
        }

        /// The same with every checkpoint name moved under a prefix such as "visual.".
        func prefixed(_ prefix: String) -> Rule {
            Rule(module, checkpoint.map { NamePattern(prefix + $0.text) }, form)
        }
    }

    /// What people call the layout.
    let name: String
    let rules: [Rule]
    /// Entries that hold nothing a model learns (constants, counters, parts that are never used), left out on reading.
    let ignored: [NamePattern]
    /// See ``TowerNaming/unneeded``.
    let unneeded: Set<String>

    /// - Parameters:
    ///   - vision: the image tower's names; nil for a text tower alone.
    ///   - text: the text tower's names; nil for an image tower alone.
    init(vision: TowerNaming?, text: TowerNaming?, captionDecoder: TowerNaming? = nil) {
        let parts = [vision, text, captionDecoder].compactMap { $0 }
        // Where towers are named by two projects, one is open_clip's, around another's tower.
        let project = parts.map(\.project).first { $0 != TowerNaming.openCLIP } ?? TowerNaming.openCLIP
        let variant = parts.first { $0.project == project && $0.variant != nil }?.variant
        name = variant.map { "\(project) (\($0))" } ?? project
        rules = parts.flatMap(\.rules) + Self.scalars
        ignored = parts.flatMap(\.ignored).map(NamePattern.init)
        unneeded = Set(parts.flatMap(\.unneeded))
    }

    private static let scalars = [Rule("logit_scale", "logit_scale"), Rule("logit_bias", "logit_bias")]

    /// A module parameter's place in a checkpoint.
    struct Place: Equatable {
        let names: [String]
        let form: Form
    }

    /// Where a module's parameter stands in the checkpoint; nil where no rule applies.
    func place(of name: String) -> Place? {
        for rule in rules {
            guard let match = rule.module.match(name) else { continue }
            return Place(names: rule.checkpoint.map { $0.name(with: match) }, form: rule.form)
        }
        return nil
    }

    /// The module's parameter that a checkpoint's entry belongs to, and which part of it the entry is; nil where no rule
    /// applies.
    ///
    /// Towers of different kinds may call different parameters by one name (`visual.conv1.weight`): where several rules
    /// apply, the first that gives a name the model has is taken, or the very first if none does.
    /// - Parameter isKnown: whether the model has a parameter or buffer of a name.
    func parameter(
        of entry: String, isKnown: (String) -> Bool = { _ in true }
    ) -> (name: String, part: Int, rule: Rule)? {
        var first: (name: String, part: Int, rule: Rule)?
        for rule in rules {
            for (part, pattern) in rule.checkpoint.enumerated() {
                guard let match = pattern.match(entry) else { continue }
                let name = rule.module.name(with: match)
                if isKnown(name) { return (name, part, rule) }
                if first == nil { first = (name, part, rule) }
            }
        }
        return first
    }

    func isIgnored(_ entry: String) -> Bool {
        ignored.contains { $0.match(entry) != nil }
    }
}
