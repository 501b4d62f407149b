import CTorch

/// A failure reported by libtorch, or a misuse of a tensor caught before it got there.
public struct TorchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done, such as the operator's name.
    public let context: String
    /// libtorch's own message, first lines first.
    public let message: String

    /// For misuse that is caught before libtorch is called.
    public init(context: String, message: String) {
        self.context = context
        self.message = message
    }

    /// What was being done, and what was wrong with it.
    public var description: String { "\(context): \(message)" }

    static func last(in context: String) -> TorchError {
        TorchError(context: context, message: String(cString: ct_last_error()))
    }
}

/// Turns a status of the C interface into a thrown error.
@inline(__always)
func check(_ status: Int32, _ context: @autoclosure () -> String) throws {
    if status != 0 { throw TorchError.last(in: context()) }
}
