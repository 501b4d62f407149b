import Torch

/// A part of a network: its stored properties that are parameters, buffers, modules, or arrays of modules make up its
/// state, named by the path of properties that leads to them (`visual.blocks.0.attention.out_projection.weight`).
///
/// Property names are written in snake case in those paths. Layouts of existing checkpoints are mapped to and from
/// these names by tables of rules, outside the modules.
public protocol Module: AnyObject {}

extension Module {
    /// Every parameter with its dotted name, in the order of declaration.
    public var namedParameters: [(name: String, parameter: Parameter)] {
        ModuleTree.leaves(of: self).compactMap { name, leaf in
            (leaf as? Parameter).map { (name, $0) }
        }
    }

    /// Every buffer with its dotted name, in the order of declaration.
    public var namedBuffers: [(name: String, buffer: Buffer)] {
        ModuleTree.leaves(of: self).compactMap { name, leaf in
            (leaf as? Buffer).map { (name, $0) }
        }
    }

    public var parameters: [Parameter] { namedParameters.map(\.parameter) }

    /// The number of learnable values.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// Every module of a type in the tree below this one, itself included.
    public func modules<Kind>(of kind: Kind.Type = Kind.self) -> [Kind] {
        ModuleTree.modules(of: self).compactMap { $0 as? Kind }
    }

    /// Moves or converts every parameter. Buffers are moved only: they keep their element type.
    public func convert(to dtype: DType? = nil, device: Device? = nil) throws {
        for parameter in parameters { try parameter.convert(to: dtype, device: device) }
        guard let device else { return }
        for (_, buffer) in namedBuffers { try buffer.move(to: device) }
    }

    /// The shapes of all parameters and buffers by name: what ``load(_:)`` takes.
    public var stateShapes: [String: [Int]] {
        var shapes: [String: [Int]] = [:]
        for (name, parameter) in namedParameters { shapes[name] = parameter.shape }
        for (name, buffer) in namedBuffers { shapes[name] = buffer.shape }
        return shapes
    }

    /// Names that a state may lack; see ``Buffer/isOptional``.
    public var optionalNames: Set<String> { Set(namedBuffers.filter(\.buffer.isOptional).map(\.name)) }

    /// Replaces every parameter and buffer by the tensor of its name, converted to its element type and device.
    ///
    /// Strict: nothing is changed unless names and shapes agree exactly, but for optional buffers, which may be absent
    /// and then start afresh.
    /// - Throws: ``StateMismatch`` naming every missing, unexpected and mis-shaped entry at once.
    public func load(_ tensors: [String: Tensor]) throws {
        let (parameters, buffers) = (namedParameters, namedBuffers)
        let own =
            parameters.map { (name: $0.name, shape: $0.parameter.shape, isOptional: false) }
            + buffers.map { (name: $0.name, shape: $0.buffer.shape, isOptional: $0.buffer.isOptional) }
        let names = Set(own.map(\.name))
        let mismatch = StateMismatch(
            missing: own.filter { tensors[$0.name] == nil && !$0.isOptional }.map(\.name),
            unexpected: tensors.keys.filter { !names.contains($0) }.sorted(),
            misshaped: own.compactMap { name, shape, _ in
                guard let found = tensors[name], found.shape != shape else { return nil }
                return StateMismatch.Shape(name: name, expected: shape, found: found.shape)
            })
        if !mismatch.isEmpty { throw mismatch }
        for (name, parameter) in parameters {
            guard let values = tensors[name] else { continue }
            let device = parameter.tensor.device
            try parameter.replace(with: values.converted(to: parameter.tensor.dtype).moved(to: device))
        }
        for (name, buffer) in buffers {
            if let values = tensors[name] { try buffer.replace(with: values) } else { try buffer.reset() }
        }
    }

    /// Every parameter's and buffer's values by name.
    public func state() throws -> [String: Tensor] {
        var state: [String: Tensor] = [:]
        for (name, parameter) in namedParameters { state[name] = try parameter.tensor.detached() }
        for (name, buffer) in namedBuffers { state[name] = try buffer.tensor.detached() }
        return state
    }
}

/// What stands in the way of loading a set of tensors into a module.
public struct StateMismatch: Error, Sendable, Equatable {
    public struct Shape: Sendable, Equatable {
        public let name: String
        public let expected: [Int]
        public let found: [Int]

        public init(name: String, expected: [Int], found: [Int]) {
            self.name = name
            self.expected = expected
            self.found = found
        }
    }

    public let missing: [String]
    public let unexpected: [String]
    public let misshaped: [Shape]

    public init(missing: [String], unexpected: [String], misshaped: [Shape]) {
        self.missing = missing
        self.unexpected = unexpected
        self.misshaped = misshaped
    }

    public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty }

    /// The same mismatch with names as a checkpoint spells them.
    public func renamed(_ newName: (String) -> String) -> StateMismatch {
        StateMismatch(
            missing: missing.map(newName), unexpected: unexpected.map(newName),
            misshaped: misshaped.map { Shape(name: newName($0.name), expected: $0.expected, found: $0.found) })
    }
}

extension StateMismatch: CustomStringConvertible {
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
