import Torch

/// A part of a network: its stored properties that are parameters, buffers, modules, or arrays of modules make up its
/// state, named by the path of properties that leads to them (`visual.blocks.0.attention.out_projection.weight`).
///
/// Property names are written in snake case in those paths. Layouts of existing checkpoints are mapped to and from
/// these names by tables of rules, outside the modules.
public protocol Module: AnyObject {}

/// A part whose parameters are named as its owner's own: the property that holds it is left out of their names. So one of
/// several kinds of a part can stand in a network whose kinds checkpoints tell by the parameters' names alone.
public protocol InlineModule: Module {}

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

    /// Every parameter, in the order of declaration.
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
        Dictionary(ModuleTree.leaves(of: self).compactMap(Self.shape)) { $1 }
    }

    private static func shape(_ name: String, _ leaf: AnyObject) -> (name: String, shape: [Int])? {
        switch leaf {
        case let parameter as Parameter: (name, parameter.shape)
        case let buffer as Buffer: (name, buffer.shape)
        default: nil
        }
    }

    /// Names that a state may lack; see ``Buffer/isOptional``.
    public var optionalNames: Set<String> { Set(namedBuffers.filter(\.buffer.isOptional).map(\.name)) }

    /// Replaces every parameter and buffer by the tensor of its name, converted to its element type and device.
    ///
    /// Strict: nothing is changed unless names and shapes agree exactly, but for optional buffers, which may be absent
    /// and then start afresh.
    /// - Throws: ``StateMismatch`` naming every missing, unexpected and mis-shaped entry at once.
    public func load(_ tensors: [String: Tensor]) throws {
        // One walk: where a command answers at once, looking at a model's properties takes longer than copying them.
        let leaves = ModuleTree.leaves(of: self)
        let optional = leaves.filter { ($0.leaf as? Buffer)?.isOptional == true }.map(\.name)
        try StateMismatch.check(tensors, against: leaves.compactMap(Self.shape), optional: Set(optional))
        for (name, leaf) in leaves {
            let values = tensors[name]
            switch leaf {
            case let parameter as Parameter:
                guard let values else { continue }
                try parameter.replace(with: values, as: parameter.tensor.dtype, on: parameter.tensor.device)
            case let buffer as Buffer:
                if let values { try buffer.replace(with: values) } else { try buffer.reset() }
            default: continue
            }
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

/// A module that does something else while it is trained than when it is used.
public protocol TrainingSensitive: Module {
    /// - Parameters:
    ///   - isTraining: false after creation.
    ///   - updatesStatistics: see ``Module/setTraining(_:updatesStatistics:)``.
    func setMode(isTraining: Bool, updatesStatistics: Bool)
}

extension Module {
    /// Has everything below that differs between the two behave as in training (`true`) or in use, as after creation:
    /// batch normalizations take the batch's statistics, patch dropout leaves patches out.
    /// - Parameter updatesStatistics: whether batches move running statistics while training. Off for a pass that will
    ///   be repeated on the same batch, which would otherwise count twice.
    public func setTraining(_ isTraining: Bool, updatesStatistics: Bool = true) {
        modules(of: (any TrainingSensitive).self).setTraining(isTraining, updatesStatistics: updatesStatistics)
    }
}

extension Sequence<any TrainingSensitive> {
    /// ``Module/setTraining(_:updatesStatistics:)`` for modules found before, without a walk over a whole model.
    public func setTraining(_ isTraining: Bool, updatesStatistics: Bool = true) {
        for module in self { module.setMode(isTraining: isTraining, updatesStatistics: updatesStatistics) }
    }
}
