/// What the known functions would give, computed from their arguments alone.
extension PickleMachine {
    mutating func apply(_ function: PickleGlobal, _ arguments: [PickleValue]) throws(ArchiveFault) -> PickleValue {
        switch function {
        case .dictionary: return try dictionary(arguments.first)
        case .defaultDictionary: return try node(.dictionary, [])
        case .identity:
            guard let first = arguments.first else { return .none }
            return first
        case .object: return try node(.object, [])
        case .reconstructor:
            // Its class has been looked up already, so it is a known one.
            guard case .global(let type)? = arguments.first else { throw fault("an object has no class") }
            switch type {
            case .object: return try node(.object, [])
            case .dictionary: return try node(.dictionary, [])
            default: return .opaque
            }
        case .inert: return .opaque
        case .tensor(let function): return try tensor(function, arguments)
        case .storage, .dtype: throw fault("a tensor's type is called like a function")
        }
    }

    /// - Parameter source: nothing, another dictionary, or a list of pairs as Python 2 wrote it.
    private mutating func dictionary(_ source: PickleValue?) throws(ArchiveFault) -> PickleValue {
        guard case .node(let index)? = source else { return try node(.dictionary, []) }
        try spend(2 * nodes[index].items.count)
        if nodes[index].kind == .dictionary { return try node(.dictionary, nodes[index].items) }
        var items: [PickleValue] = []
        for pair in nodes[index].items {
            guard case .node(let place) = pair, nodes[place].items.count == 2 else {
                throw fault("a dictionary is made of what are no pairs")
            }
            items.append(contentsOf: nodes[place].items)
        }
        return try node(.dictionary, items)
    }

    /// `BUILD`: gives an object its attributes. A dictionary's own attributes (`_metadata` of a state dictionary) and
    /// those of what is not looked into are passed over.
    mutating func build(_ target: PickleValue, _ state: PickleValue) throws(ArchiveFault) {
        switch target {
        case .opaque, .tensor: return
        case .node(let index) where nodes[index].kind == .object: nodes[index].items = [state]
        case .node(let index) where nodes[index].kind == .dictionary: return
        default: throw fault("what is given attributes is no object")
        }
    }

    // MARK: Tensors

    private mutating func tensor(
        _ function: PickleGlobal.TensorFunction, _ arguments: [PickleValue]
    ) throws(ArchiveFault) -> PickleValue {
        switch function {
        case .plain: return try tensor(arguments, dtype: nil)
        case .version2:
            if arguments.count > 6 { try checkMetadata(arguments[6]) }
            return try tensor(arguments, dtype: nil)
        case .version3:
            guard arguments.count > 6, case .global(.dtype(let dtype)) = arguments[6] else {
                throw fault("a tensor has no type")
            }
            if arguments.count > 7 { try checkMetadata(arguments[7]) }
            return try tensor(arguments, dtype: dtype)
        case .parameter:
            guard case .tensor(let index)? = arguments.first else { throw fault("a parameter has no tensor") }
            return .tensor(index)
        case .subclass:
            // (function, class, arguments, attributes); the class was looked up already. One level, no more.
            guard arguments.count >= 3, case .global(.tensor(let inner)) = arguments[0], inner != .subclass,
                let inside = tuple(arguments[2])
            else { throw .unsupported("tensors of a class of their own") }
            return try tensor(inner, inside)
        }
    }

    /// (storage, offset, shape, strides, …)
    private mutating func tensor(
        _ arguments: [PickleValue], dtype: TorchArchiveDType?
    ) throws(ArchiveFault) -> PickleValue {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1], let shape = try lengths(arguments[2]),
            let strides = try lengths(arguments[3]), shape.count == strides.count
        else { throw fault("a tensor's storage, offset, shape or strides are malformed") }
        guard tensors.count < Self.mostTensors else { throw .tooLarge("it has more than \(Self.mostTensors) tensors") }
        tensors.append(
            TensorReference(
                storage: storage, dtype: dtype ?? storages[storage].dtype ?? .uint8, offset: offset, shape: shape,
                strides: strides))
        return .tensor(tensors.count - 1)
    }

    private mutating func lengths(_ value: PickleValue) throws(ArchiveFault) -> [Int]? {
        guard case .node(let index) = value, nodes[index].kind == .tuple || nodes[index].kind == .list else {
            return nil
        }
        guard nodes[index].items.count <= Self.largestRank else {
            throw fault("a tensor has more than \(Self.largestRank) dimensions")
        }
        // Written once, a long shape can be named any number of times.
        try spend(nodes[index].items.count)
        var numbers: [Int] = []
        for item in nodes[index].items {
            guard case .integer(let number) = item else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// Flags of lazy conjugation and negation, which only complex tensors have a use for.
    private func checkMetadata(_ value: PickleValue) throws(ArchiveFault) {
        guard case .node(let index) = value else { return }
        guard nodes[index].items.isEmpty else { throw .unsupported("tensors with flags of conjugation or negation") }
    }

    /// ("storage", type, key, location, count[, view]); the view, of older files, is (key, offset, count).
    mutating func storage(_ identity: PickleValue) throws(ArchiveFault) -> PickleValue {
        guard let parts = tuple(identity), parts.count >= 5, case .text("storage") = parts[0],
            case .global(.storage(let dtype)) = parts[1], case .integer(let count) = parts[4], count >= 0
        else { throw fault("a tensor's storage is malformed") }
        let key: String
        switch parts[2] {
        case .text(let text): key = text
        case .integer(let number): key = String(number)
        default: throw fault("a tensor's storage has no key")
        }
        var view = 0..<count
        if parts.count > 5, let limits = tuple(parts[5]) {
            guard limits.count == 3, case .integer(let start) = limits[1], case .integer(let length) = limits[2],
                start >= 0, length >= 0, start <= count, length <= count - start
            else { throw fault("a part of a tensor's storage does not lie in it") }
            view = start..<start + length
        }
        guard storages.count < Self.mostTensors else { throw .tooLarge("it has more than \(Self.mostTensors) tensors") }
        storages.append(StorageReference(key: key, dtype: dtype, count: count, view: view))
        return .storage(storages.count - 1)
    }
}
