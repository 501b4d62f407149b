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
