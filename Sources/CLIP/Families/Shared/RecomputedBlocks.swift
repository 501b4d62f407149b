import Torch
import TorchNN

extension Module {
    /// Runs a block of a tower, recorded for differentiation only as a whole if `recomputes`. See
    /// `Engine.recomputed(_:_:)`.
    /// - Parameter norms: the block's batch normalizations: only the first run moves their statistics, and the repeat
    ///   normalizes as the first run did.
    func run(
        _ input: Tensor, recomputing recomputes: Bool, norms: [BatchNorm2d] = [],
        _ body: @escaping (Tensor) throws -> Tensor
    ) throws -> Tensor {
        guard recomputes, Engine.recordsGradients,
            input.requiresGradient || parameters.contains(where: { $0.tensor.requiresGradient })
        else { return try body(input) }
        let modes = norms.map(\.isTraining)
        return try Engine.recomputed(input) { input, isRepeat in
            guard isRepeat, !norms.isEmpty else { return try body(input) }
            let before = norms.map { ($0.isTraining, $0.updatesStatistics) }
            for (norm, mode) in zip(norms, modes) { norm.setMode(isTraining: mode, updatesStatistics: false) }
            defer {
                for (norm, mode) in zip(norms, before) { norm.setMode(isTraining: mode.0, updatesStatistics: mode.1) }
            }
            return try body(input)
        }
    }
}
