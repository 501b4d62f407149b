import Torch
import TorchNN

/// A model whose weights lie between those of others: of a model before and after fine-tuning, which keeps what the
/// first knew (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv 2109.01903), or of several fine-tunings
/// of one model ("Model soups", arXiv 2203.05482). Models trained apart have no such path between them.
public enum ModelAverage {
    /// Averages in 32 bits; running statistics too.
    /// - Parameter models: one architecture and one preparation of pictures, which stay as they are, each with its share;
    ///   the shares add up to 1.
    /// - Returns: the first model's architecture and preprocessing with weights of memory of their own.
    /// - Throws: ``CLIPError/averaging(problem:)`` where the models do not fit together.
    public static func average(_ models: [(model: CLIPModel, share: Double)]) throws -> DualEncoder {
        guard let first = models.first?.model else { throw CLIPError.averaging(problem: "no models are given") }
        let shares = models.map(\.share)
        guard shares.allSatisfy(\.isFinite), abs(shares.reduce(0, +) - 1) < 1e-6 else {
            throw CLIPError.averaging(problem: "the shares \(shares) do not add up to 1")
        }
        for (other, _) in models.dropFirst() {
            guard other.model.configuration == first.model.configuration else {
                throw CLIPError.averaging(problem: "\(first.name) and \(other.name) are of different architectures")
            }
            guard other.preparation?.configuration == first.preparation?.configuration else {
                throw CLIPError.averaging(problem: "\(first.name) and \(other.name) prepare pictures differently")
            }
        }
        let states = try models.map { (state: try $0.model.model.state(), share: $0.share) }
        return try Engine.withoutGradients {
            var mean = states[0].state
            for (name, own) in states[0].state where own.dtype.isFloatingPoint {
                let sum = try own.converted(to: .float32).zerosLike()
                for (state, share) in states {
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
