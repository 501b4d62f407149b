import Torch
import TorchNN

/// A model whose weights lie between those of others: of a model before and after fine-tuning, which keeps what the
/// first knew (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv 2109.01903), or of several fine-tunings
/// of one model ("Model soups", arXiv 2203.05482). Models trained apart have no such path between them.
public enum ModelAverage {
    /// Averages in 32 bits; running statistics too.
    /// - Parameters:
    ///   - models: one architecture and one preparation of pictures; they stay as they are.
    ///   - shares: each model's, adding up to 1.
    /// - Returns: `models[0]`'s architecture and preprocessing with weights of memory of their own.
    /// - Throws: ``CLIPError/averaging(problem:)`` where the models do not fit together.
    public static func average(_ models: [CLIPModel], shares: [Double]) throws -> DualEncoder {
        guard let first = models.first else { throw CLIPError.averaging(problem: "no models are given") }
        guard shares.count == models.count, shares.allSatisfy(\.isFinite), abs(shares.reduce(0, +) - 1) < 1e-6 else {
            throw CLIPError.averaging(problem: "\(shares) are not shares of \(models.count) models that add up to 1")
        }
        for other in models.dropFirst() {
            guard other.model.configuration == first.model.configuration else {
                throw CLIPError.averaging(problem: "\(first.name) and \(other.name) are of different architectures")
            }
            guard other.preprocessor.configuration == first.preprocessor.configuration else {
                throw CLIPError.averaging(problem: "\(first.name) and \(other.name) prepare pictures differently")
            }
        }
        let states = try models.map { try $0.model.state() }
        return try Engine.withoutGradients {
            var mean = states[0]
            for (name, own) in states[0] where own.dtype.isFloatingPoint {
                let sum = try own.converted(to: .float32).zerosLike()
                for (state, share) in zip(states, shares) {
                    guard let values = state[name] else { continue }
                    try sum.addInPlace(values.converted(to: .float32), times: share)
                }
                mean[name] = sum
            }
            let result = try Initializer.skipping { try DualEncoder(first.model.configuration) }
            try result.load(mean)
            return result
        }
    }
}
