import CTorch

/// An operator of libtorch's dispatcher, looked up by name once and called boxed.
///
///     static let layerNorm = Operator("aten::layer_norm")
///     let normalized = try layerNorm.one(.tensor(x), .ints([width]), .tensor(gain), .tensor(bias), .double(1e-5))
///
/// Arguments come in the schema's order; trailing ones that have defaults may be left out.
public final class Operator: @unchecked Sendable {
    /// With namespace and overload: "aten::add.Tensor".
    public let name: String
    private let handle: ct_operator_handle?
    private let failure: TorchError?

    /// One argument of a call.
    public enum Argument {
        /// An absent optional.
        case none
        /// A tensor; nil is an absent optional one.
        case tensor(Tensor?)
        /// A whole number; also element types and layouts.
        case int(Int)
        /// A real number.
        case double(Double)
        /// A truth value.
        case bool(Bool)
        /// A text.
        case string(String)
        /// Where a result is to be.
        case device(Device)
        /// Whole numbers: a shape, dimensions.
        case ints([Int])
        /// Real numbers.
        case doubles([Double])
        /// A list of tensors, of which some may be absent.
        case tensors([Tensor?])

        /// Schemas spell element types as integers.
        static func dtype(_ dtype: DType?) -> Argument { dtype.map { .int(Int($0.rawValue)) } ?? .none }
    }

    /// - Parameters:
    ///   - name: with its namespace, as in "aten::add".
    ///   - overload: as in "Tensor"; empty for the operator without one.
    /// An unknown name is reported by the first call, so that operators can be static constants.
    public init(_ name: String, overload: String = "") {
        self.name = overload.isEmpty ? name : "\(name).\(overload)"
        var found: ct_operator_handle?
        failure = ct_operator(name, overload, &found) == 0 ? nil : TorchError.last(in: name)
        handle = found
    }

    /// Calls the operator and returns every tensor it gives; absent ones are nil.
    public func all(_ arguments: [Argument], capacity: Int = 8) throws -> [Tensor?] {
        if let failure { throw failure }
        let frame = CallFrame(arguments)
        defer { frame.free() }
        let results = try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: capacity) { results in
            var count = 0
            let status = withExtendedLifetime(arguments) {
                ct_call(handle, frame.values, frame.values.count, results.baseAddress, capacity, &count)
            }
            try check(status, name)
            return try results[..<count].map { value in
                value.kind == CT_TENSOR ? try Tensor(owning: value.tensor, name) : nil
            }
        }
        if let observer = OperatorObserver.current { try OperatorObserver.report(observer, name, arguments, results) }
        return results
    }

    /// Calls an operator that returns one tensor (or several, of which the first is wanted).
    public func one(_ arguments: Argument...) throws -> Tensor { try first(arguments) }

    /// ``one(_:)`` for arguments in an array.
    func first(_ arguments: [Argument]) throws -> Tensor {
        guard let first = try all(arguments).first, let tensor = first else {
            throw TorchError(context: name, message: "the operator returned no tensor")
        }
        return tensor
    }

    /// Calls an operator for its effect.
    public func run(_ arguments: Argument...) throws {
        _ = try all(arguments)
    }
}

/// The C form of a call's arguments, owning the memory that lists and strings point to.
private struct CallFrame {
    var values: [ct_value] = []
    private var blocks: [UnsafeMutableRawPointer] = []

    init(_ arguments: [Operator.Argument]) {
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(value(argument)) }
    }

    func free() {
        for block in blocks { block.deallocate() }
    }

    private mutating func value(_ argument: Operator.Argument) -> ct_value {
        var value = ct_value()
        value.kind = CT_NONE
        switch argument {
        case .none: break
        case .tensor(let tensor):
            if let tensor {
                value.kind = CT_TENSOR
                value.tensor = tensor.handle
            }
        case .int(let integer):
            value.kind = CT_INT
            value.integer = Int64(integer)
        case .double(let real):
            value.kind = CT_DOUBLE
            value.real = real
        case .bool(let flag):
            value.kind = CT_BOOL
            value.integer = flag ? 1 : 0
        case .string(let string):
            value.kind = CT_STRING
            value.string = store(Array(string.utf8CString))
        case .device(let device):
            value.kind = CT_DEVICE
            value.integer = device.code
        case .ints(let integers):
            value.kind = CT_INT_LIST
            value.count = Int64(integers.count)
            value.ints = store(integers.map(Int64.init))
        case .doubles(let reals):
            value.kind = CT_DOUBLE_LIST
            value.count = Int64(reals.count)
            value.doubles = store(reals)
        case .tensors(let tensors):
            value.kind = CT_TENSOR_LIST
            value.count = Int64(tensors.count)
            value.tensors = store(tensors.map { $0?.handle })
        }
        return value
    }

    private mutating func store<T>(_ elements: [T]) -> UnsafePointer<T> {
        let block = UnsafeMutablePointer<T>.allocate(capacity: max(1, elements.count))
        block.initialize(from: elements, count: elements.count)
        blocks.append(UnsafeMutableRawPointer(block))
        return UnsafePointer(block)
    }
}

/// Looks on while operators are called: for finding out where in a computation something happens.
public enum OperatorObserver {
    /// Told the operator's name, its arguments, and its results.
    public typealias Observe = (_ name: String, _ arguments: [Operator.Argument], _ results: [Tensor?]) throws -> Void

    @TaskLocal static var current: Box?

    /// Holds the observer, which stays on the thread that set it.
    final class Box: @unchecked Sendable {
        let observe: Observe
        init(_ observe: @escaping Observe) { self.observe = observe }
    }

    /// Runs `body` with every operator it calls on this thread shown to `observe`. What `observe` calls itself is not
    /// shown to it; an error it throws comes out of the operator's call.
    public static func observing<R>(_ observe: @escaping Observe, _ body: () throws -> R) rethrows -> R {
        try $current.withValue(Box(observe)) { try body() }
    }

    static func report(_ box: Box, _ name: String, _ arguments: [Operator.Argument], _ results: [Tensor?]) throws {
        try $current.withValue(nil) { try box.observe(name, arguments, results) }
    }
}
