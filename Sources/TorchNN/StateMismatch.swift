import Torch

/// What stands in the way of loading a set of tensors into a module.
public struct StateMismatch: Error, Sendable, Equatable {
    /// A tensor whose shape is not the needed one.
    public struct Shape: Sendable, Equatable {
        /// As the loader knows it, or as a checkpoint spells it: see ``StateMismatch/renamed(_:)``.
        public let name: String
        /// What is needed.
        public let expected: [Int]
        /// What was given.
        public let found: [Int]

        /// One mis-shaped tensor.
        public init(name: String, expected: [Int], found: [Int]) {
            self.name = name
            self.expected = expected
            self.found = found
        }
    }

    /// Names that are needed and not there.
    public let missing: [String]
    /// Names that are there and not needed.
    public let unexpected: [String]
    /// Names that agree with shapes that do not.
    public let misshaped: [Shape]

    /// What a comparison found.
    public init(missing: [String], unexpected: [String], misshaped: [Shape]) {
        self.missing = missing
        self.unexpected = unexpected
        self.misshaped = misshaped
    }

    /// Whether nothing stands in the way.
    public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty }

    /// The same mismatch with names as a checkpoint spells them.
    public func renamed(_ newName: (String) -> String) -> StateMismatch {
        StateMismatch(
            missing: missing.map(newName), unexpected: unexpected.map(newName),
            misshaped: misshaped.map { Shape(name: newName($0.name), expected: $0.expected, found: $0.found) })
    }
}

extension StateMismatch {
    /// Compares tensors with the names and shapes that are needed.
    /// - Throws: ``StateMismatch``, with what is missing or mis-shaped in the order of `own`.
    static func check(
        _ tensors: [String: Tensor], against own: [(name: String, shape: [Int])], optional: Set<String> = []
    ) throws {
        let names = Set(own.map(\.name))
        let mismatch = StateMismatch(
            missing: own.map(\.name).filter { tensors[$0] == nil && !optional.contains($0) },
            unexpected: tensors.keys.filter { !names.contains($0) }.sorted(),
            misshaped: own.compactMap { name, shape in
                guard let found = tensors[name], found.shape != shape else { return nil }
                return Shape(name: name, expected: shape, found: found.shape)
            })
        if !mismatch.isEmpty { throw mismatch }
    }

    /// Writes a saved state's values into tensors, those of an optimizer or of an average, under the same names.
    /// - Throws: ``StateMismatch``, with nothing written, unless names and shapes agree exactly.
    static func copy(_ saved: [String: Tensor], into own: [String: Tensor]) throws {
        let tensors = own.sorted { $0.key < $1.key }
        try check(saved, against: tensors.map { ($0.key, $0.value.shape) })
        for (name, tensor) in tensors {
            if let values = saved[name] { try tensor.copyInPlace(values) }
        }
    }
}

extension StateMismatch: CustomStringConvertible {
    /// All names on one line.
    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("missing: " + missing.joined(separator: ", ")) }
        if !unexpected.isEmpty { parts.append("unexpected: " + unexpected.joined(separator: ", ")) }
        if !misshaped.isEmpty {
            let shapes = misshaped.map { "\($0.name) is \($0.found) where \($0.expected) is needed" }
            parts.append("mis-shaped: " + shapes.joined(separator: ", "))
        }
        return parts.joined(separator: "; ")
    }
}
