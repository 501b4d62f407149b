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
        let module: String
        let checkpoint: [String]
        let form: Form

        init(_ module: String, _ checkpoint: String, _ form: Form = .same) {
            self.module = module
            self.checkpoint = [checkpoint]
            self.form = form
        }

        /// A parameter made of parts of equal height, or with heights in the given proportions.
        init(_ module: String, stacking checkpoint: [String], proportions: [Int]? = nil) {
            self.module = module
            self.checkpoint = checkpoint
            form = .stacked(proportions ?? checkpoint.map { _ in 1 })
        }
    }

    /// What people call the layout.
    let name: String
    let rules: [Rule]
    /// Entries that hold nothing a model learns (constants, counters, parts that are never used), left out on reading.
    let ignored: [String]
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
        ignored = parts.flatMap(\.ignored)
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
            let names = rule.checkpoint.compactMap { NamePattern.translate(name, from: rule.module, to: $0) }
            if names.count == rule.checkpoint.count { return Place(names: names, form: rule.form) }
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
                guard let name = NamePattern.translate(entry, from: pattern, to: rule.module) else { continue }
                if isKnown(name) { return (name, part, rule) }
                if first == nil { first = (name, part, rule) }
            }
        }
        return first
    }

    func isIgnored(_ entry: String) -> Bool {
        ignored.contains { NamePattern.translate(entry, from: $0, to: $0) != nil }
    }
}

/// Dotted names with `*` for a number and a trailing `**` for the rest.
enum NamePattern {
    /// The name spelled by `target`, if it fits `source`; nil if not.
    static func translate(_ name: String, from source: String, to target: String) -> String? {
        guard mayFit(name, source) else { return nil }
        let parts = name.split(separator: ".")
        let pattern = source.split(separator: ".")
        var captured: [Substring] = []
        var rest: [Substring] = []
        for (index, piece) in pattern.enumerated() {
            if piece == "**" {
                rest = Array(parts.dropFirst(index))
                if rest.isEmpty { return nil }
                break
            }
            guard index < parts.count else { return nil }
            if piece == "*" {
                guard parts[index].allSatisfy(\.isNumber) else { return nil }
                captured.append(parts[index])
            } else if piece != parts[index] {
                return nil
            }
        }
        guard pattern.last == "**" || parts.count == pattern.count else { return nil }
        var numbers = captured[...]
        let result = target.split(separator: ".").flatMap { piece -> [Substring] in
            switch piece {
            case "*": [numbers.popFirst() ?? "*"]
            case "**": rest
            default: [piece]
            }
        }
        return result.joined(separator: ".")
    }

    /// Whether a name begins and ends as a pattern does outside of its stars. Every name of a checkpoint is held against
    /// every rule: this tells nearly all of them apart without taking one to pieces.
    private static func mayFit(_ name: String, _ pattern: String) -> Bool {
        let star = UInt8(ascii: "*")
        return name.utf8.starts(with: pattern.utf8.prefix { $0 != star })
            && name.utf8.reversed().starts(with: pattern.utf8.reversed().prefix { $0 != star })
    }
}
