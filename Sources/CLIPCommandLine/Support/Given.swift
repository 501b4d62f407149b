import ArgumentParser

/// An option's value, and whether it was given or is the default: a run that goes on is asked only for what is given.
@dynamicMemberLookup
struct Given<Value> {
    var value: Value
    private(set) var isGiven = false

    /// The default.
    init(_ value: Value) { self.value = value }

    /// Nil where it was not given.
    var given: Value? { isGiven ? value : nil }

    subscript<Part>(dynamicMember part: KeyPath<Value, Part>) -> Part { value[keyPath: part] }
}

extension Given: Sendable where Value: Sendable {}

extension Given: ExpressibleByArgument where Value: ExpressibleByArgument {
    init?(argument: String) {
        guard let value = Value(argument: argument) else { return nil }
        self.value = value
        isGiven = true
    }

    var defaultValueDescription: String { value.defaultValueDescription }
    static var allValueStrings: [String] { Value.allValueStrings }
    static var allValueDescriptions: [String: String] { Value.allValueDescriptions }
    static var defaultCompletionKind: CompletionKind { Value.defaultCompletionKind }
}
