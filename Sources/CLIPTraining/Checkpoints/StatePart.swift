import Torch

/// A part of what moves a run, beside its model: a checkpoint keeps it in a file of its own, under the name that the part
/// gives itself.
struct StatePart {
    let name: String
    /// Whether a checkpoint may be without it, and the part then begins anew.
    var isOptional = false
    /// Of several processes, each has to ask.
    let tensors: () throws -> [String: Tensor]
    /// Takes back what ``tensors`` gave; throws `StateMismatch` for what does not fit.
    let load: ([String: Tensor]) throws -> Void
}

extension Trainer {
    /// What a checkpoint keeps, in the order in which it is taken back: what the generators stand at comes last.
    var stateParts: [StatePart] {
        let (optimizer, device) = (optimizer, model.device)
        var parts = [StatePart(name: "optimizer", tensors: optimizer.state, load: optimizer.load)]
        if let average = movingAverage {
            parts.append(StatePart(name: "average", tensors: average.state, load: average.load))
        }
        if let state = loss.state {
            // A checkpoint that is whole and has none was written under another loss.
            parts.append(
                StatePart(name: state.name, isOptional: true, tensors: state.tensors) { tensors in
                    tensors.isEmpty ? state.forget() : try state.load(tensors)
                })
        }
        parts.append(
            StatePart(name: "random", tensors: { try RandomState(device).tensors }) {
                try RandomState($0, device: device).restore()
            })
        return parts
    }

    /// Everything beside the model that moves the run, by the names of its parts. Every process has to ask, and gets what
    /// rank 0 is to write.
    public func stateTensors() throws -> [(name: String, tensors: [String: Tensor])] {
        try stateParts.map { ($0.name, try $0.tensors()) }
    }
}
