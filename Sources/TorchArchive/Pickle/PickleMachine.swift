/// Reads a pickle without running it: a stack machine that builds plain containers and notes of tensors, and refuses
/// every opcode, function and class it has no need of.
///
/// Opcodes: CPython's Lib/pickletools.py, protocols 2 to 5. Each limit below is far beyond what checkpoints need and
/// keeps memory to a small multiple of the pickle's length.
struct PickleMachine {
    /// Bytes of one pickle.
    static let largestPickle = 1 << 26
    /// Opcodes and container items together.
    static let mostSteps = 1 << 24
    static let mostStack = 1 << 20
    static let mostMarks = 1 << 12
    static let mostMemo = 1 << 21
    static let mostNodes = 1 << 21
    static let mostTensors = 1 << 19
    /// Dimensions of one tensor. libtorch stops at 64 as well.
    static let largestRank = 64

    var nodes: [PickleNode] = []
    var tensors: [TensorReference] = []
    var storages: [StorageReference] = []

    private var reader: ByteReader
    private var stack: [PickleValue] = []
    /// Heights of the stack at the open marks.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var steps = 0

    /// - Parameter reader: at the pickle's first byte.
    init(_ reader: ByteReader) { self.reader = reader }

    /// Reads one of several pickles that follow one another.
    static func next(_ reader: inout ByteReader) throws(ArchiveFault) -> PickleResult {
        let result = try run(reader)
        try reader.skip(result.length)
        return result
    }

    /// Reads one pickle, to its `STOP`.
    static func run(_ reader: ByteReader) throws(ArchiveFault) -> PickleResult {
        var machine = PickleMachine(reader)
        let start = reader.position
        while true {
            let code = try machine.reader.byte()
            try machine.spend(1)
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw machine.fault(
                    "opcode \(code) at byte \(machine.reader.position - 1) is not one of a checkpoint's")
            }
            if opcode == .stop { break }
            try machine.step(opcode)
            guard machine.reader.position - start <= largestPickle else {
                throw .tooLarge("\(reader.part) is longer than \(largestPickle) bytes")
            }
        }
        let root = try machine.pop()
        return PickleResult(
            root: root, nodes: machine.nodes, tensors: machine.tensors, storages: machine.storages,
            length: machine.reader.position - start)
    }

    private mutating func step(_ opcode: PickleOpcode) throws(ArchiveFault) {
        switch opcode.group {
        case .frame: try frame(opcode)
        case .constant: try push(try constant(opcode))
        case .text: try push(try text(opcode))
        case .container: try container(opcode)
        case .stack: try shuffle(opcode)
        case .call: try call(opcode)
        }
    }

    // MARK: Opcodes

    private mutating func frame(_ opcode: PickleOpcode) throws(ArchiveFault) {
        if opcode == .proto {
            let version = try reader.byte()
            guard (2...5).contains(version) else { throw fault("pickle protocol \(version) is not one of 2 to 5") }
        } else {
            let length = try reader.integer(UInt64.self)
            guard length <= reader.remaining else { throw fault("a frame is longer than the pickle") }
        }
    }

    private mutating func constant(_ opcode: PickleOpcode) throws(ArchiveFault) -> PickleValue {
        switch opcode {
        case .newTrue: return .bool(true)
        case .newFalse: return .bool(false)
        case .binInt: return .integer(Int(try reader.integer(Int32.self)))
        case .binInt1: return .integer(Int(try reader.byte()))
        case .binInt2: return .integer(Int(try reader.integer(UInt16.self)))
        case .binFloat: return .float(Double(bitPattern: try reader.integer(UInt64.self).byteSwapped))
        case .long1: return Self.integer(try reader.array(try reader.byte()))
        default: return .none
        }
    }

    /// Little-endian two's complement of any width.
    private static func integer(_ bytes: [UInt8]) -> PickleValue {
        guard bytes.count <= 8 else { return .largeInteger(bytes) }
        let negative = bytes.last.map { $0 >= 0x80 } ?? false
        return .integer(bytes.reversed().reduce(negative ? -1 : 0) { $0 << 8 | Int($1) })
    }

    private mutating func text(_ opcode: PickleOpcode) throws(ArchiveFault) -> PickleValue {
        switch opcode {
        case .shortBinUnicode, .shortBinString:
            return try text(Int(try reader.byte()), isOld: opcode == .shortBinString)
        case .binUnicode: return try text(try reader.integer(UInt32.self), isOld: false)
        case .binString: return try text(try reader.integer(Int32.self), isOld: true)
        case .binUnicode8: return try text(try reader.integer(UInt64.self), isOld: false)
        case .shortBinBytes: try reader.skip(try reader.byte())
        case .binBytes: try reader.skip(try reader.integer(UInt32.self))
        default: try reader.skip(try reader.integer(UInt64.self))
        }
        return .opaque
    }

    /// - Parameter isOld: Python 2's byte strings, which are text of Latin-1 where they are not UTF-8.
    private mutating func text(_ count: some BinaryInteger, isOld: Bool) throws(ArchiveFault) -> PickleValue {
        let bytes = try reader.array(count)
        if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
        guard isOld else { return .opaque }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        return .text(String(text))
    }

    private mutating func container(_ opcode: PickleOpcode) throws(ArchiveFault) {
        switch opcode {
        case .emptyTuple: try push(try node(.tuple, []))
        case .emptyList: try push(try node(.list, []))
        case .emptyDict: try push(try node(.dictionary, []))
        case .emptySet: try push(.opaque)
        case .tuple1: try push(try node(.tuple, try take(1)))
        case .tuple2: try push(try node(.tuple, try take(2)))
        case .tuple3: try push(try node(.tuple, try take(3)))
        case .tuple: try push(try node(.tuple, try takeToMark()))
        case .frozenSet:
            _ = try takeToMark()
            try push(.opaque)
        case .append: try extend(.list, with: try take(1))
        case .appends: try extend(.list, with: try takeToMark())
        case .setItem: try extend(.dictionary, with: try take(2))
        case .setItems: try extend(.dictionary, with: try takeToMark())
        default:
            // ADDITEMS: sets are not looked into.
            _ = try takeToMark()
        }
    }

    /// Adds items to the container on top of the stack.
    private mutating func extend(_ kind: PickleNode.Kind, with items: [PickleValue]) throws(ArchiveFault) {
        guard let top = stack.last else { throw fault("the stack is empty") }
        switch top {
        case .opaque: return
        case .node(let index) where nodes[index].kind == kind:
            guard kind != .dictionary || items.count % 2 == 0 else { throw fault("a key has no value") }
            nodes[index].items.append(contentsOf: items)
        default: throw fault("items are added to what is no \(kind)")
        }
    }

    private mutating func shuffle(_ opcode: PickleOpcode) throws(ArchiveFault) {
        switch opcode {
        case .mark:
            guard marks.count < Self.mostMarks else { throw .tooLarge("\(reader.part) nests too deeply") }
            marks.append(stack.count)
        case .pop:
            // As in CPython: with nothing above the mark, the mark itself goes.
            if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try takeToMark()
        case .dup:
            let top = try pop()
            try push(top)
            try push(top)
        case .binGet: try push(try recall(Int(try reader.byte())))
        case .longBinGet: try push(try recall(Int(try reader.integer(UInt32.self))))
        case .binPut: try remember(Int(try reader.byte()))
        case .longBinPut: try remember(Int(try reader.integer(UInt32.self)))
        default: try remember(memo.count)
        }
    }

    private mutating func call(_ opcode: PickleOpcode) throws(ArchiveFault) {
        switch opcode {
        case .global:
            let module = String(decoding: try reader.line(limit: 512), as: UTF8.self)
            let name = String(decoding: try reader.line(limit: 512), as: UTF8.self)
            try push(.global(try PickleGlobal(module: module, name: name)))
        case .stackGlobal:
            let names = try take(2)
            guard case .text(let module) = names[0], case .text(let name) = names[1],
                module.utf8.count <= 512, name.utf8.count <= 512
            else { throw fault("a function's name is no text") }
            try push(.global(try PickleGlobal(module: module, name: name)))
        case .binPersId: try push(try storage(try pop()))
        case .build:
            let state = try pop()
            guard let top = stack.last else { throw fault("the stack is empty") }
            try build(top, state)
        default:
            let parts = try take(2)
            guard let arguments = tuple(parts[1]) else { throw fault("a function's arguments are no tuple") }
            switch parts[0] {
            case .global(let function): try push(try apply(function, arguments))
            default: throw fault("what is called is no function")
            }
        }
    }

    // MARK: Stack, memo and table

    private mutating func push(_ value: PickleValue) throws(ArchiveFault) {
        guard stack.count < Self.mostStack else { throw .tooLarge("\(reader.part) keeps too many values at once") }
        stack.append(value)
    }

    private mutating func pop() throws(ArchiveFault) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw fault("the stack is empty") }
        return value
    }

    private mutating func take(_ count: Int) throws(ArchiveFault) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw fault("the stack is empty") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func takeToMark() throws(ArchiveFault) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw fault("a mark is missing") }
        defer { stack.removeLast(stack.count - mark) }
        return Array(stack[mark...])
    }

    private func recall(_ index: Int) throws(ArchiveFault) -> PickleValue {
        guard let value = memo[index] else { throw fault("value \(index) is recalled before it is kept") }
        return value
    }

    private mutating func remember(_ index: Int) throws(ArchiveFault) {
        guard stack.count > marks.last ?? 0, let top = stack.last else { throw fault("the stack is empty") }
        memo[index] = top
        guard memo.count <= Self.mostMemo else { throw .tooLarge("\(reader.part) keeps too many values") }
    }

    mutating func node(_ kind: PickleNode.Kind, _ items: [PickleValue]) throws(ArchiveFault) -> PickleValue {
        guard nodes.count < Self.mostNodes else { throw .tooLarge("\(reader.part) has too many containers") }
        nodes.append(PickleNode(kind: kind, items: items))
        return .node(nodes.count - 1)
    }

    /// Counts work that the pickle's length alone does not bound.
    mutating func spend(_ count: Int) throws(ArchiveFault) {
        steps += count
        guard steps <= Self.mostSteps else { throw .tooLarge("\(reader.part) takes more than \(Self.mostSteps) steps") }
    }

    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let index) = value, nodes[index].kind == .tuple else { return nil }
        return nodes[index].items
    }

    func fault(_ reason: String) -> ArchiveFault { .corrupt(part: reader.part, reason: reason) }
}
