/// What training wraps a state dictionary in: dictionaries around it, and modules around the model.
enum StateWrapping {
    /// Dictionaries that hold a model's state beside other things, and modules that hold the model alone. Names of either
    /// may stand in front of the other's, several times and in any order.
    private static let wrappers = [
        "state_dict", "model_state_dict", "model", "module", "_orig_mod", "_forward_module", "clip", "clip_model",
        "net",
        "network", "student",
    ]

    /// What lies beside a model's state in a training checkpoint: everything under such a name is left out.
    private static let companions = [
        "scaler", "scheduler", "schedulers", "lr_scheduler", "lr_schedulers", "amp", "ema", "model_ema",
        "state_dict_ema", "ema_state_dict",
        "loops", "callbacks", "rng", "random", "args", "hyper_parameters", "epoch", "step", "iteration", "loss",
    ]

    /// Modules that compilation, sharding and recomputing put around parts of a model, in the midst of names.
    private static let inner: Set<Substring> = [
        "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_checkpoint_wrapped",
    ]

    /// More layers than anyone's training has; a name may be long.
    private static let mostLayers = 16

    /// The state without its wrapping.
    /// - Returns: entries by their own names, and what was taken from the front of all of them.
    static func unwrapped<Value>(_ raw: [String: Value]) -> (tensors: [String: Value], prefix: String) {
        var (state, prefix) = (raw, "")
        for _ in 0..<mostLayers {
            guard let (inside, wrapper) = opened(state) else { break }
            state = inside
            prefix += wrapper + "."
        }
        return (withoutInner(state), prefix)
    }

    /// One layer less; nil where there is none.
    private static func opened<Value>(_ state: [String: Value]) -> (inside: [String: Value], wrapper: String)? {
        for wrapper in wrappers {
            let start = wrapper + "."
            let inside = state.filter { $0.key.hasPrefix(start) }
            guard !inside.isEmpty else { continue }
            // A dictionary of this name is the model's whatever lies beside it; "model" and the like are where nothing
            // does but what training keeps.
            let isAll =
                inside.count == state.count || wrapper.hasSuffix("state_dict")
                || state.keys.allSatisfy { $0.hasPrefix(start) || isCompanion($0) }
            guard isAll else { continue }
            let names = inside.map { (String($0.key.dropFirst(start.count)), $0.value) }
            return (Dictionary(names) { first, _ in first }, wrapper)
        }
        return nil
    }

    private static func isCompanion(_ name: String) -> Bool {
        guard let first = name.split(separator: ".", maxSplits: 1).first else { return false }
        return companions.contains { first == $0 || first.hasPrefix($0 + "_") } || first.hasPrefix("optim")
    }

    /// Names without what stands in the midst of them; untouched where two would become one.
    private static func withoutInner<Value>(_ state: [String: Value]) -> [String: Value] {
        func plain(_ name: String) -> String {
            name.split(separator: ".").filter { !inner.contains($0) }.joined(separator: ".")
        }
        guard state.keys.contains(where: { plain($0) != $0 }), Set(state.keys.map(plain)).count == state.count else {
            return state
        }
        return Dictionary(uniqueKeysWithValues: state.map { (plain($0.key), $0.value) })
    }
}
