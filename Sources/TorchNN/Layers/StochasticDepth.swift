import Torch

/// Leaves a block's own part out of some samples while a tower is trained, so that there they pass it unchanged (Huang et
/// al., "Deep Networks with Stochastic Depth", arXiv 1603.09382). What stays is scaled, so that its expectation is what
/// the block gives in use.
public final class StochasticDepth: TrainingSensitive {
    /// The share of samples that pass, from 0 to below 1.
    public var probability: Double
    /// Whether any pass at all.
    public private(set) var isTraining = false

    /// Whether any sample passes now.
    public var isActive: Bool { isTraining && probability > 0 }

    public init(probability: Double = 0) { self.probability = probability }

    /// Takes the mode; there are no statistics to update.
    public func setMode(isTraining: Bool, updatesStatistics: Bool) { self.isTraining = isTraining }

    /// Of states `[B, …]`, each sample's as a whole zero, or divided by 1 − p; drawn by libtorch's generator, which is
    /// left alone where nothing is left out.
    public func callAsFunction(_ states: Tensor) throws -> Tensor {
        guard isActive else { return states }
        let shape = [states.shape[0]] + Array(repeating: 1, count: states.rank - 1)
        let limit = try Tensor.full([1], probability, device: states.device)
        let stays = try Tensor.uniform(shape, device: states.device).greater(than: limit)
        return try states * (stays.converted(to: states.dtype) * (1 / (1 - probability)))
    }

    /// What each of so many blocks in a row has: from 0 for the first, evenly, to `last`.
    public static func rates(_ count: Int, last: Double) -> [Double] {
        (0..<count).map { count == 1 ? 0 : last * Double($0) / Double(count - 1) }
    }
}
