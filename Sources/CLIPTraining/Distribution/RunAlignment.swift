import CLIP
import Torch

extension Communicator {
    /// The largest of every process's numbers, place by place: how processes come to one decision.
    public func maximum(_ values: [Int]) throws -> [Int] {
        guard worldSize > 1 else { return values }
        let tensor = try Tensor(values.map(Int64.init))
        try maximumInPlace(tensor)
        return try tensor.elements(Int64.self).map { Int($0) }
    }

    /// Makes sure that all processes train the same model by the same settings, and gives all of them rank 0's weights
    /// and running statistics.
    /// - Throws: ``TrainingError/distributed(rank:operation:problem:)`` naming the first thing that differs.
    public func align(_ model: DualEncoder, configuration: TrainingConfiguration, step: Int) throws {
        guard worldSize > 1 else { return }
        var facts = try SettingsComparison.values(configuration)
        facts["libtorch"] = Engine.version
        facts["first step"] = String(step)
        for (name, parameter) in model.namedParameters {
            let tensor = parameter.tensor
            let kind = tensor.requiresGradient ? "trained" : "locked"
            facts["parameter \(name)"] = "\(kind) \(tensor.dtype) \(tensor.shape)"
        }
        for (name, buffer) in model.namedBuffers { facts["buffer \(name)"] = "\(buffer.shape)" }
        try agree(on: facts)
        try Engine.withoutGradients {
            try broadcastInPlace(model.namedParameters.map { try $0.parameter.tensor.detached() })
            try broadcastInPlace(model.namedBuffers.map(\.buffer.tensor))
        }
    }
}
