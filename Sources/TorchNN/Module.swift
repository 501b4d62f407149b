import Torch

/// A part of a network: its stored properties that are parameters, modules, or arrays of modules make up its
/// parameters, named by the path of properties that leads to them (`visual.blocks.0.attention.out_projection.weight`).
///
/// Property names are written in snake case in those paths. Layouts of existing checkpoints are mapped to and from
/// these names by tables of rules, outside the modules.
public protocol Module: AnyObject {}

extension Module {
    /// Every parameter with its dotted name, in the order of declaration.
    public var namedParameters: [(name: String, parameter: Parameter)] {
        var found: [(String, Parameter)] = []
        collectParameters(of: self, prefix: "", into: &found)
        return found
    }

    public var parameters: [Parameter] { namedParameters.map(\.parameter) }

    /// The number of learnable values.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// Moves or converts every parameter.
    public func convert(to dtype: DType? = nil, device: Device? = nil) throws {
        for parameter in parameters { try parameter.convert(to: dtype, device: device) }
    }

    /// Replaces every parameter by the tensor of its name, converted to the parameter's element type and device.
    ///
    /// Strict: nothing is changed unless names and shapes agree exactly.
    /// - Throws: ``StateMismatch`` naming every missing, unexpected and mis-shaped entry at once.
    public func load(_ tensors: [String: Tensor]) throws {
        let own = namedParameters
        let names = Set(own.map(\.name))
        let mismatch = StateMismatch(
            missing: own.map(\.name).filter { tensors[$0] == nil },
            unexpected: tensors.keys.filter { !names.contains($0) }.sorted(),
            misshaped: own.compactMap { name, parameter in
                guard let found = tensors[name], found.shape != parameter.shape else { return nil }
                return StateMismatch.Shape(name: name, expected: parameter.shape, found: found.shape)
            })
        if !mismatch.isEmpty { throw mismatch }
        for (name, parameter) in own {
            guard let values = tensors[name] else { continue }
            let device = parameter.tensor.device
            try parameter.replace(with: values.converted(to: parameter.tensor.dtype).moved(to: device))
        }
    }

    /// Every parameter's values by name.
    public func state() throws -> [String: Tensor] {
        var state: [String: Tensor] = [:]
        for (name, parameter) in namedParameters { state[name] = try parameter.tensor.detached() }
        return state
    }
}

/// What stands in the way of loading a set of tensors into a module.
public struct StateMismatch: Error, Sendable, Equatable {
    public struct Shape: Sendable, Equatable {
        public let name: String
        public let expected: [Int]
        public let found: [Int]
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
    public func renamed(_ rename: (String) -> String) -> StateMismatch {
        StateMismatch(
            missing: missing.map(rename), unexpected: unexpected.map(rename),
            misshaped: misshaped.map { Shape(name: rename($0.name), expected: $0.expected, found: $0.found) })
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

private func collectParameters(of value: Any, prefix: String, into found: inout [(String, Parameter)]) {
    var mirror: Mirror? = Mirror(reflecting: value)
    var levels: [Mirror] = []
    while let level = mirror {
        levels.insert(level, at: 0)
        mirror = level.superclassMirror
    }
    for child in levels.flatMap(\.children) {
        guard let label = child.label else { continue }
        visit(child.value, name: prefix + snakeCased(label), into: &found)
    }
}

private func visit(_ value: Any, name: String, into found: inout [(String, Parameter)]) {
    switch value {
    case let parameter as Parameter:
        found.append((name, parameter))
    case let module as any Module:
        collectParameters(of: module, prefix: name + ".", into: &found)
    case let modules as [any Module]:
        for (index, module) in modules.enumerated() {
            collectParameters(of: module, prefix: "\(name).\(index).", into: &found)
        }
    default:
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional, let wrapped = mirror.children.first {
            visit(wrapped.value, name: name, into: &found)
        }
    }
}

/// `classEmbedding` as `class_embedding`.
private func snakeCased(_ name: String) -> String {
    var result = ""
    for character in name {
        if character.isUppercase { result += "_" + character.lowercased() } else { result.append(character) }
    }
    return result
}
