import Torch
import TorchNN

/// Between a checkpoint's entries and a model's parameters, by a layout's table.
struct StateTranslation {
    let layout: ParameterLayout

    /// A checkpoint's entries as the model's parameters: parts put together, entries that hold nothing left out.
    /// - Parameter shapes: the model's parameters and buffers, to bring entries with extra dimensions into shape.
    /// - Returns: the parameters found, and the entries no rule knows. A parameter with parts missing is not returned.
    func moduleState(
        _ entries: [String: Tensor], shapes: [String: [Int]]
    ) throws -> (state: [String: Tensor], foreign: [String]) {
        var parts: [String: [Tensor?]] = [:]
        var state: [String: Tensor] = [:]
        var foreign: [String] = []
        for (entry, tensor) in entries {
            guard let (name, part, rule) = layout.parameter(of: entry, isKnown: { shapes[$0] != nil }) else {
                if !layout.isIgnored(entry) { foreign.append(entry) }
                continue
            }
            if shapes[name] == nil, layout.unneeded.contains(entry) { continue }
            switch rule.form {
            case .same: state[name] = tensor
            // Stored anew, so that products are summed in the same order whatever layout the file is in.
            case .transposed: state[name] = tensor.rank == 2 ? try tensor.transposed().contiguous() : tensor
            case .leadingOnes(let count):
                let isLed = tensor.rank >= count && tensor.shape.prefix(count).allSatisfy { $0 == 1 }
                state[name] = isLed ? try tensor.reshaped(Array(tensor.shape.dropFirst(count))) : tensor
            case .stacked(let proportions):
                parts[name, default: Array(repeating: nil, count: proportions.count)][part] = tensor
            }
        }
        for (name, found) in parts {
            let whole = found.compactMap { $0 }
            guard whole.count == found.count, Self.canStack(whole) else {
                foreign += layout.place(of: name)?.names.filter { entries[$0] != nil } ?? []
                continue
            }
            state[name] = try Tensor.concatenated(whole)
        }
        // A scalar may be written with one dimension, and the other way round.
        for (name, tensor) in state {
            guard let shape = shapes[name], shape != tensor.shape, tensor.count == 1, shape.allSatisfy({ $0 == 1 })
            else { continue }
            state[name] = try tensor.reshaped(shape)
        }
        return (state, foreign.sorted())
    }

    private static func canStack(_ parts: [Tensor]) -> Bool {
        guard let first = parts.first, first.rank > 0 else { return false }
        return parts.allSatisfy {
            $0.rank == first.rank && $0.shape.dropFirst() == first.shape.dropFirst() && $0.dtype == first.dtype
        }
    }

    /// A model's parameters as the checkpoint's entries.
    /// - Throws: ``CLIPError/unsupportedConversion(what:)`` for a parameter the layout has no name for.
    func checkpointState(_ state: [String: Tensor]) throws -> [String: Tensor] {
        var entries: [String: Tensor] = [:]
        for (name, tensor) in state {
            guard let place = layout.place(of: name) else {
                throw CLIPError.unsupportedConversion(
                    what: "a parameter \"\(name)\" that the layout of \(layout.name) has no name for")
            }
            switch place.form {
            case .same: entries[place.names[0]] = tensor
            case .transposed: entries[place.names[0]] = try tensor.transposed().contiguous()
            case .leadingOnes(let count):
                entries[place.names[0]] = try tensor.reshaped(Array(repeating: 1, count: count) + tensor.shape)
            case .stacked(let proportions):
                let unit = tensor.shape[0] / max(1, proportions.reduce(0, +))
                var start = 0
                for (entry, share) in zip(place.names, proportions) {
                    entries[entry] = try tensor.slice(start..<start + share * unit).contiguous()
                    start += share * unit
                }
            }
        }
        return entries
    }

    /// A parameter's name as a person who has the file knows it.
    func checkpointName(of name: String) -> String {
        layout.place(of: name)?.names.joined(separator: " + ") ?? name
    }
}
