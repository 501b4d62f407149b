import CLIP
import Torch
import TorchNN

/// Finds the place in a model where values stop being finite.
struct FiniteSearch {
    /// Where it is.
    struct Place: Sendable, Equatable, CustomStringConvertible {
        /// The part of the model, as in `visual.blocks.7.attention`.
        let part: String
        /// What was computed there.
        let operation: String

        var description: String { "\(part) (\(operation))" }
    }

    private struct Found: Error { let place: Place }

    /// The first parameter that is not finite itself.
    static func parameter(of model: DualEncoder) throws -> String? {
        try model.namedParameters.first { try !isFinite($0.parameter.tensor.detached()) }?.name
    }

    /// The parameters whose gradients are not finite, in the order of the way back: where they stopped being finite
    /// comes first.
    static func gradients(of model: DualEncoder) throws -> [String] {
        try model.namedParameters.reversed().compactMap { name, parameter in
            guard let gradient = try parameter.tensor.gradient() else { return nil }
            return try isFinite(gradient) ? nil : name
        }
    }

    /// Runs `body`, a part of the model's forward pass, and stops at the first operator that gives a value that is not
    /// finite from values that are.
    static func firstPlace(in model: DualEncoder, startingAt start: String, _ body: () throws -> Void) throws -> Place?
    {
        let names = NameTable(model.namedParameters, start: start)
        do {
            try OperatorObserver.observing(
                { name, arguments, results in
                    let inputs = Self.tensors(arguments)
                    names.note(inputs, results: results)
                    // What makes or fills tensors may put infinities there on purpose, as masks of attention have them.
                    guard !inputs.isEmpty, !filling.contains(name) else { return }
                    for result in results.compactMap({ $0 }) where result.dtype.isFloatingPoint {
                        if try isBroken(result, given: inputs) {
                            throw Found(place: Place(part: names.latest, operation: name))
                        }
                    }
                }, body)
        } catch let found as Found {
            return found.place
        }
        return nil
    }

    private static let filling: Set<String> = [
        "aten::masked_fill.Scalar", "aten::fill_.Scalar", "aten::full_like", "aten::zeros_like",
    ]

    /// A result with a value that is not a number or +∞, or with -∞ that no input had: masks hand that on.
    private static func isBroken(_ result: Tensor, given inputs: [Tensor]) throws -> Bool {
        if try isFinite(result) { return false }
        if try !isFinite(result.filled(where: result.equal(to: negativeInfinity(like: result)), with: 0)) {
            return true
        }
        return try inputs.filter(\.dtype.isFloatingPoint).allSatisfy { input in
            try isFinite(input)
        }
    }

    private static func negativeInfinity(like tensor: Tensor) throws -> Tensor {
        try Tensor.full([], -.infinity, dtype: tensor.dtype, device: tensor.device)
    }

    static func isFinite(_ tensor: Tensor) throws -> Bool {
        try Engine.withoutGradients { try tensor.detached().isFinite().allTrue() }
    }

    private static func tensors(_ arguments: [Operator.Argument]) -> [Tensor] {
        arguments.flatMap { argument -> [Tensor] in
            switch argument {
            case .tensor(let tensor): tensor.map { [$0] } ?? []
            case .tensors(let tensors): tensors.compactMap { $0 }
            default: []
            }
        }
    }

    /// Tells parts of a model by the parameters that operators take.
    private final class NameTable {
        private var names: [ObjectIdentifier: String] = [:]
        /// Objects whose identity is a key above must not go.
        private var kept: [Tensor] = []
        /// The part whose parameters were used last: what has none of its own belongs there.
        private(set) var latest: String

        init(_ parameters: [(name: String, parameter: Parameter)], start: String) {
            latest = start
            for (name, parameter) in parameters {
                kept.append(parameter.tensor)
                names[ObjectIdentifier(parameter.tensor)] = name
            }
        }

        func note(_ inputs: [Tensor], results: [Tensor?]) {
            let found = inputs.map { names[ObjectIdentifier($0)] }
            guard let name = found.compactMap({ $0 }).last else { return }
            latest = name.split(separator: ".").dropLast().joined(separator: ".")
            if latest.isEmpty { latest = name }
            // A view or a conversion of a parameter stands for it.
            guard found.allSatisfy({ $0 != nil }) else { return }
            for case let result? in results {
                kept.append(result)
                names[ObjectIdentifier(result)] = name
            }
        }
    }
}
